/**
 * A transport that answers from a record instead of from a node.
 *
 * Commands are looked up by their `record_key`; nothing is run anywhere. What was not recorded is
 * refused and says so, it never looks like an empty answer.
 */
import { Readable } from "node:stream";
import { BpfdeskError } from "../../core/errors.ts";
import type { RecordedRun } from "../runbook/recorded.ts";
import type { RecordedTrace } from "../trace/recorded.ts";
import { quoteArgv } from "./quote.ts";
import type { ExecExit, ExecRequest, Execution, NodeTransport } from "./types.ts";

export interface RecordedAnswer {
  stdout: Iterable<Uint8Array>;
  stderr: Iterable<Uint8Array>;
  exit: ExecExit;
}

export interface Recording {
  host: string;
  user: string;
  /** Whether the commands could be run as root. */
  root: boolean;
  /** The answer to a command, or null when it was not recorded. */
  answer(request: ExecRequest): RecordedAnswer | null;
  /** The traces that were run, when it is of a session. */
  traces?: readonly RecordedTrace[];
  /** The runs of runbooks, likewise. */
  runs?: readonly RecordedRun[];
  /** Lets go of the file behind it. */
  close?(): void;
}

export function replayTransport(recording: Recording): NodeTransport {
  const { host, user } = recording;
  return {
    kind: "replay",
    host,
    user,
    privileges: recording.root ? "root" : "none",
    ...(recording.traces === undefined ? {} : { traces: recording.traces }),
    ...(recording.runs === undefined ? {} : { runs: recording.runs }),
    async exec(request) {
      const answer = recording.answer(request);
      if (answer) return play(answer, request.signal);
      throw notRecorded(host, request.record_key);
    },
    async upload() {
      throw notRecorded(host, "upload");
    },
    shellLine: ({ argv }) => quoteArgv(argv),
    onLost() {
      // A record does not go away.
    },
    async close() {
      recording.close?.();
    },
  };
}

function play(answer: RecordedAnswer, signal: AbortSignal | undefined): Execution {
  let cancelled = signal?.aborted ?? false;
  const cancel = () => {
    cancelled = true;
  };
  function* unlessCancelled(chunks: Iterable<Uint8Array>) {
    for (const chunk of chunks) {
      if (cancelled) return;
      yield chunk;
    }
  }
  const stdout = Readable.from(unlessCancelled(answer.stdout), { objectMode: false });
  const stderr = Readable.from(unlessCancelled(answer.stderr), { objectMode: false });
  signal?.addEventListener("abort", cancel, { once: true });
  const ends = [stdout, stderr].map((stream) => new Promise((resolve) => stream.once("close", resolve)));
  async function exited(): Promise<ExecExit> {
    await Promise.all(ends);
    signal?.removeEventListener("abort", cancel);
    if (cancelled) throw new BpfdeskError({ code: "cancelled", message: "Cancelled.", hint: "" });
    return answer.exit;
  }
  const outcome = exited();
  // A caller that only reads the streams must not bring the host down.
  outcome.catch(() => {});
  // What is played has all been said: there is nobody to interrupt, or to say anything to.
  return { stdout, stderr, exited: outcome, cancel, interrupt: () => {}, say: () => {} };
}

function notRecorded(host: string, record_key: string): BpfdeskError {
  const [key, subject] = record_key.split(":", 2);
  const what = key === "prog-xlated" ? `the code of program ${subject ?? "?"}` : `the answer to "${record_key}"`;
  return new BpfdeskError({
    code: "not-recorded",
    message: `This record of ${host} does not hold ${what}.`,
    hint: "Connect to the node itself to see it.",
    node: host,
  });
}
