/** What the search for root runs is told to whoever keeps the record, and its failures name the step. */
import type { Readable } from "node:stream";
import { BpfdeskError, type ErrorData } from "../../../core/errors.ts";
import type { RawProcess } from "../execution.ts";
import type { EarlyOutcome, PrivilegeOptions } from "../privileges.ts";
import { quoteArgv } from "../quote.ts";
import { lastText } from "../text.ts";

/** Characters of an answer that are looked at. */
const KEPT = 1 << 20;

/** Opens a command and tells of it; one that cannot be opened has ended too. */
export async function openTold(
  options: PrivilegeOptions,
  argv: string[],
  { record_key, root, terminal }: { record_key: string; root: boolean; terminal: boolean },
): Promise<{ raw: RawProcess; tell(outcome: EarlyOutcome): void }> {
  const text = quoteArgv(argv);
  const prefix = terminal ? onTerminal(options.shell_prefix) : options.shell_prefix;
  const shell_line = prefix.length === 0 ? text : quoteArgv([...prefix, text]);
  const command = { text, shell_line, host: options.node, user: options.user, root };
  const tell = options.onCommand?.({ ...command, record_key }) ?? (() => {});
  try {
    return { raw: await options.open(argv, terminal), tell };
  } catch (error) {
    tell({ exit: null, signal: null, stdout: "", stderr: "" });
    throw error;
  }
}

/** The ssh command as one types it when the other side wants a terminal. */
export function onTerminal(prefix: readonly string[]): string[] {
  const [program, ...args] = prefix;
  return program === undefined ? [] : [program, "-t", ...args];
}

/** An error of this step. */
export function failure(options: PrivilegeOptions, error: ErrorData): BpfdeskError {
  return new BpfdeskError({ ...error, phase: "privileges", node: options.node });
}

/** The end of a stream: what a login profile floods it with comes before the answer. */
export const text = (stream: Readable): Promise<string> => lastText(stream, KEPT);
