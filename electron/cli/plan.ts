/**
 * From the targets on the command line to what is opened: records, this machine, nodes; lists, patterns,
 * groups and files of them. Connects to nothing; whatever names nothing is an error before anything is opened.
 */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { BpfdeskError } from "../core/errors.ts";
import { listSshHosts } from "../host/ssh/resolve.ts";
import { openTargetLists } from "../host/targets/lists.ts";
import { isOneTarget, readWord, readWords, type Word } from "../host/targets/words.ts";
import type { ConnectTarget } from "../shared/contract.ts";

export interface Plan {
  /**
   * One target was named outright: its answer stands alone. Otherwise answers are keyed by target, also
   * when a pattern or a group happens to name one: the form follows from what was typed.
   */
  one: boolean;
  /** Names as the person knows them, each once. */
  targets: string[];
}

/** Throws the first problem; `tell` is given the messages of the others. */
export async function planTargets(
  args: readonly string[],
  dataDir: string,
  tell: (error: BpfdeskError) => void,
): Promise<Plan> {
  const words = (await Promise.all(args.map(wordsOf))).flat();
  const [first] = words;
  // One target is checked where it is opened, with everything that is known there.
  if (first && isOneTarget(words)) return { one: true, targets: [first.text] };
  const lists = openTargetLists({ dataDir, sshHosts: () => listSshHosts() });
  const { targets, problems } = await lists.expand(words, { folder: process.cwd() });
  const [problem, ...others] = problems.map((data) => new BpfdeskError(data));
  for (const other of others) tell(other);
  if (problem) throw problem;
  if (targets.length === 0) {
    throw new BpfdeskError({
      code: "no-targets",
      message: "No target is left.",
      hint: "Name at least one that is not taken away.",
      phase: "resolving",
    });
  }
  return { one: false, targets: targets.map(({ target }) => target) };
}

/** What the shell gave as one argument is one name when it can be. */
async function wordsOf(arg: string): Promise<Word[]> {
  if (arg === "local" || (await isFile(arg))) return [{ text: arg, not: false, kind: "exact" }];
  if (/^!?@/.test(arg)) return [readWord(arg)];
  const words = readWords(arg);
  return words.length === 0 ? [readWord(arg)] : words;
}

/** A file if there is one of that name, `local`, else something for ssh. Throws `no-such-file`. */
export async function targetOf(
  text: string,
  { sudo, identity_file }: { sudo: boolean; identity_file?: string },
): Promise<ConnectTarget> {
  if (text === "local") return { kind: "local", sudo };
  if (await isFile(text)) return { kind: "file", path: resolve(text) };
  if (/[/\\]/.test(text))
    throw new BpfdeskError({
      code: "no-such-file",
      message: `There is no file ${text}.`,
      hint: "Targets are: an ssh alias, user@host:port, local, or a snapshot or session file.",
      phase: "resolving",
    });
  const identity = identity_file ? { identity_file: resolve(identity_file) } : {};
  return { kind: "ssh", target: text, ...identity, sudo };
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}
