/**
 * Runs the collector script on a node and reads what comes back.
 *
 * A section that fails is a result like any other, and a connection that drops leaves the part that arrived.
 * Only two things reject: a cancel, and a node from which not one frame came. Knows no section by name.
 */

import { randomBytes } from "node:crypto";
import { collectArgv, composeNamed, composeScript } from "../../core/collect/compose.ts";
import type { Collected, SectionResult } from "../../core/collect/frames.ts";
import { SCRIPT_LIMIT_S } from "../../core/collect/library.ts";
import { FrameReader } from "../../core/collect/read-frames.ts";
import type { Section } from "../../core/collect/section.ts";
import { BpfdeskError } from "../../core/errors.ts";
import { hasRoot } from "../../core/privileges.ts";
import { execChecked } from "../tools/checked.ts";
import type { Execution, NodeTransport } from "../transport/types.ts";

/** The transport's limit is behind the script's own, so that a slow node still sends what it has. */
const EXEC_LIMIT_MS = (SCRIPT_LIMIT_S + 30) * 1000;
/** How much of a node's unexpected answer an error repeats. */
const QUOTED_BYTES = 400;

export interface CollectOptions {
  /** All sections; those of the stage that runs are picked from them. */
  sections: readonly Section[];
  /** Path of the bpftool to use on the node, or null for the node's own. */
  bpftool: string | null;
  signal?: AbortSignal;
  /** Called for each section as it ends, in order. */
  onSection?: (result: SectionResult) => void;
}

/**
 * Asks a node everything, in one exec. As root when the connection can be; otherwise sections that need
 * root say in their stderr what is not seen.
 * Rejects with a BpfdeskError: `cancelled`, `no-answer` (not one frame came), or the transport's own.
 */
export function collectNode(transport: NodeTransport, options: CollectOptions): Promise<Collected> {
  return run(transport, options, ofStage(1), [], "collect");
}

/** Asks for what only the first stage could name: the code of these programs. Rejects as {@link collectNode}. */
export function collectFollowUp(
  transport: NodeTransport,
  options: CollectOptions & { prog_ids: readonly number[] },
): Promise<Collected> {
  return run(transport, options, ofStage(2), options.prog_ids.map(String), "collect-follow-up");
}

/**
 * Runs the sections of these names in one exec, whatever their stage, with those that theirs depend on. What they say
 * is in the record under `record_key`. Rejects as {@link collectNode}, and with `no-such-section`.
 */
export async function readSections(
  transport: NodeTransport,
  options: CollectOptions & { names: readonly string[]; record_key: string },
): Promise<Collected> {
  const chosen = sectionsNamed(options.sections, options.names, transport.host);
  return run(transport, options, (_, tools) => composeNamed(chosen, tools), [], options.record_key);
}

/** Those of the names, and those without whose output theirs would be empty. */
function sectionsNamed(sections: readonly Section[], names: readonly string[], node: string): Section[] {
  const unknown = names.find((name) => !sections.some(({ id }) => id === name));
  if (unknown !== undefined) {
    throw new BpfdeskError({
      code: "no-such-section",
      message: `The collector has no section called ${JSON.stringify(unknown)}.`,
      hint: "Its sections are the files of resources/collect.",
      node,
    });
  }
  const wanted = new Set(names);
  for (const { id, empty_unless } of sections) if (wanted.has(id) && empty_unless) wanted.add(empty_unless.section);
  return sections.filter(({ id }) => wanted.has(id));
}

type Compose = (sections: readonly Section[], tools: NonNullable<NodeTransport["rootTools"]>) => string;

const ofStage =
  (stage: 1 | 2): Compose =>
  (sections, tools) =>
    composeScript(sections, { stage, tools });

async function run(
  transport: NodeTransport,
  options: CollectOptions,
  compose: Compose,
  ids: string[],
  recordKey: string,
): Promise<Collected> {
  const { signal } = options;
  const nonce = randomBytes(12).toString("hex");
  const reader = new FrameReader(nonce);
  const script = compose(options.sections, transport.rootTools ?? {});
  if (signal?.aborted) throw cancelled(transport);
  const execution = await execChecked(transport, {
    argv: collectArgv(script, nonce, options.bpftool, ids),
    root: hasRoot(transport.privileges),
    timeout_ms: EXEC_LIMIT_MS,
    record_key: recordKey,
    ...(signal ? { signal } : {}),
  });
  let arrived = 0;
  const { failure, stderr } = await consume(execution, (chunk) => {
    for (const result of reader.push(chunk)) {
      arrived += 1;
      options.onSection?.(result);
    }
  });
  if (signal?.aborted) throw cancelled(transport);
  // Transports fail with a BpfdeskError; anything else is a defect of this program, not of the node.
  if (failure !== null && !(failure instanceof BpfdeskError)) throw failure;
  const collected = reader.finish();
  for (const result of collected.sections.slice(arrived)) options.onSection?.(result);
  if (collected.sections.length > 0 || collected.complete) return collected;
  if (failure !== null) throw new BpfdeskError({ node: transport.host, ...failure.data, phase: "collecting" });
  throw noAnswer(transport, collected.noise, stderr);
}

/** Reads a command to its end. A lost connection is given back as `failure`, after all that arrived was read. */
async function consume(
  execution: Execution,
  onChunk: (chunk: Uint8Array) => void,
): Promise<{ failure: unknown; stderr: string }> {
  const stderr: Uint8Array[] = [];
  let kept = 0;
  let failure: unknown = null;
  const readStdout = async () => {
    for await (const chunk of execution.stdout) onChunk(toBytes(chunk));
  };
  const readStderr = async () => {
    for await (const chunk of execution.stderr) {
      const bytes = toBytes(chunk);
      if (kept < QUOTED_BYTES) stderr.push(bytes);
      kept += bytes.length;
    }
  };
  const note = (error: unknown) => {
    failure ??= error;
  };
  const stop = (error: unknown) => {
    note(error);
    execution.cancel();
  };
  await Promise.all([readStdout().catch(stop), readStderr().catch(stop), execution.exited.catch(note)]);
  return { failure, stderr: Buffer.concat(stderr).toString("utf8") };
}

function toBytes(chunk: unknown): Uint8Array {
  return chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk));
}

function cancelled(transport: NodeTransport): BpfdeskError {
  return new BpfdeskError({
    code: "cancelled",
    message: `Collecting from ${transport.host} was cancelled.`,
    hint: "",
    phase: "collecting",
    node: transport.host,
  });
}

function noAnswer(transport: NodeTransport, noise: string, stderr: string): BpfdeskError {
  const said = (noise.trim() === "" ? stderr : noise).trim().slice(0, QUOTED_BYTES);
  return new BpfdeskError({
    code: "no-answer",
    message:
      said === ""
        ? `${transport.host} ended the collector without a word.`
        : `${transport.host} did not run the collector but answered: ${said}`,
    hint: "The account may be limited to certain commands (ForceCommand, a command= key, a restricted shell), or /bin/sh may be missing. Try: ssh to the node and run sh -c 'echo ok'.",
    phase: "collecting",
    node: transport.host,
    ...(stderr.trim() === "" ? {} : { cause: stderr.trim().slice(0, QUOTED_BYTES) }),
  });
}
