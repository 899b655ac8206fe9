/**
 * A transport that does what the one inside does and leaves a record of every command.
 *
 * A command is in the journal before it runs, its output before anybody reads it, and its end before
 * `exited` settles. When recording fails (a full disk) the command is stopped: nothing runs unrecorded.
 * stdin is not recorded: it may hold what a person typed.
 */

import { createHash } from "node:crypto";
import type { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { BpfdeskError, type ErrorData } from "../../core/errors.ts";
import { hasRoot } from "../../core/privileges.ts";
import { nameBug } from "../crash.ts";
import { quoteArg, quoteArgv } from "../transport/quote.ts";
import type { ExecExit, ExecRequest, Execution, NodeTransport } from "../transport/types.ts";
import { purposeOf } from "./purpose.ts";
import type { RecordedCommand, Recorder } from "./recorder.ts";

export function recordTransport(inner: NodeTransport, recorder: Recorder): NodeTransport {
  const start = (fields: { text: string; shell_line: string; root: boolean; record_key: string }) =>
    recorder.started({ ...fields, host: inner.host, user: inner.user, purpose: purposeOf(fields.record_key) });

  async function exec(request: ExecRequest): Promise<Execution> {
    const command = start({
      text: quoteArgv(request.argv),
      shell_line: inner.shellLine(request),
      root: request.root,
      record_key: request.record_key,
    });
    try {
      return record(await inner.exec(request), command, inner);
    } catch (error) {
      command.ended({ exit: null, signal: null, error: errorData(error, inner) });
      throw error;
    }
  }

  async function upload(bytes: Uint8Array, path: string, mode: number, signal?: AbortSignal): Promise<void> {
    const digest = createHash("sha256").update(bytes).digest("hex");
    const command = start({
      text: `# write ${bytes.length} bytes (sha256 ${digest}) to ${quoteArg(path)} with mode ${mode.toString(8)}`,
      shell_line: `# upload of a file of ${bytes.length} bytes (sha256 ${digest}) to ${quoteArg(path)}`,
      root: hasRoot(inner.privileges),
      record_key: "upload",
    });
    try {
      await inner.upload(bytes, path, mode, signal);
      command.ended({ exit: 0, signal: null, error: null });
    } catch (error) {
      command.ended({ exit: null, signal: null, error: errorData(error, inner) });
      throw error;
    }
  }

  return {
    kind: inner.kind,
    host: inner.host,
    user: inner.user,
    privileges: inner.privileges,
    exec,
    upload,
    shellLine: (request) => inner.shellLine(request),
    ...(inner.rootRefused === undefined ? {} : { rootRefused: inner.rootRefused }),
    ...(inner.sudoers === undefined ? {} : { sudoers: inner.sudoers }),
    ...(inner.rootTools === undefined ? {} : { rootTools: inner.rootTools }),
    ...(inner.link === undefined ? {} : { link: inner.link }),
    ...(inner.tag === undefined ? {} : { tag: inner.tag }),
    ...(inner.onQueue === undefined ? {} : { onQueue: inner.onQueue.bind(inner) }),
    onLost: (listener) => inner.onLost(listener),
    close: () => inner.close(),
  };
}

/** How long output may still arrive after a command failed, in ms. */
const GRACE_MS = 1000;

function record(execution: Execution, command: RecordedCommand, inner: NodeTransport): Execution {
  let failure: BpfdeskError | null = null;
  const stdout = command.stage("stdout");
  const stderr = command.stage("stderr");
  const through = (source: Readable, stage: Transform) =>
    pipeline(source, stage).catch((error: unknown) => {
      // A failure to record, or a reader that left: either way nobody may run on unseen.
      if (error instanceof BpfdeskError) failure ??= error;
      execution.cancel();
    });
  const settled = Promise.all([through(execution.stdout, stdout), through(execution.stderr, stderr)]);

  async function exited(): Promise<ExecExit> {
    try {
      const exit = await execution.exited;
      await settled;
      if (failure) throw failure;
      command.ended({ exit: exit.code, signal: exit.signal, error: null });
      return exit;
    } catch (error) {
      await Promise.race([settled, sleep(GRACE_MS, null, { ref: false })]);
      for (const stage of [stdout, stderr]) if (!stage.writableFinished) stage.destroy();
      const told = failure ?? error;
      command.ended({ exit: null, signal: null, error: errorData(told, inner) });
      throw told;
    }
  }
  const outcome = exited();
  // Whoever started the command awaits it; until then a failure must not count as unhandled.
  outcome.catch(() => {});
  return {
    stdout,
    stderr,
    exited: outcome,
    cancel: () => execution.cancel(),
    interrupt: () => execution.interrupt(),
    say: (word) => execution.say(word),
  };
}

function errorData(error: unknown, inner: NodeTransport): ErrorData {
  if (error instanceof BpfdeskError) return error.data;
  return {
    code: "command-failed",
    message: `A command on ${inner.host} could not be run to its end.`,
    hint: "Try again.",
    node: inner.host,
    cause: nameBug(error),
  };
}
