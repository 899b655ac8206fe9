/**
 * From what a person typed to the targets it means: a list, patterns over the hosts of ~/.ssh/config, saved
 * groups, files. Connects to nothing.
 *
 * A word with `!` takes away, wherever it stands. Whatever names nothing is told, because the node that
 * was meant would silently be missing, or be connected to although it was to be left out.
 */
import { BpfdeskError, type ErrorData } from "../../core/errors.ts";
import type { ExpandedTargets, SshHost, TargetGroup } from "../../shared/contract.ts";
import { parseTarget } from "../ssh/target.ts";
import { holdsPassword, hostPart, matcher, partsOf } from "./parts.ts";
import { readTargetFile } from "./target-file.ts";
import { isOneTarget, readWord, readWords, type Word } from "./words.ts";

/** More targets than this at once are a mistake. */
export const MAX_TARGETS = 1000;

export interface ExpandContext {
  sshHosts(): Promise<readonly SshHost[]>;
  groups(): Promise<readonly TargetGroup[]>;
  /** Null where files are not opened by name; else the folder of relative names, if there is one. */
  files: { folder: string | null } | null;
}

/** A word and where it stands, for messages. */
interface Placed {
  word: Word;
  /** `line 3 of /…/nodes`, or empty. */
  where: string;
}

/** Never rejects for what was typed: that is in `problems`. Each target is there once, at its first place. */
export async function expandTargets(text: string, context: ExpandContext): Promise<ExpandedTargets> {
  const words = readWords(text);
  const found = new Map<string, string>();
  const problems: ErrorData[] = [];
  const tell = (error: unknown, where: string) => {
    if (!(error instanceof BpfdeskError)) throw error;
    const { data } = error;
    problems.push(where === "" ? data : { ...data, message: `At ${where}: ${data.message}` });
  };

  const placed: Placed[] = [];
  for (const word of words) {
    try {
      placed.push(...(await openWord({ word, where: "" }, context, tell)));
    } catch (error) {
      tell(error, "");
    }
  }
  const sshHosts = placed.some(({ word }) => word.kind === "pattern") ? await context.sshHosts() : [];
  for (const { word, where } of placed.filter((one) => !one.word.not)) {
    try {
      for (const name of named(word, sshHosts)) if (!found.has(name)) found.set(name, word.text);
    } catch (error) {
      tell(error, where);
    }
  }
  for (const { word, where } of placed.filter((one) => one.word.not)) {
    const gone = [...found.keys()].filter(taker(word.text));
    if (gone.length === 0) tell(takesNothing(word.text), where);
    for (const name of gone) found.delete(name);
  }
  if (found.size > MAX_TARGETS) problems.push(tooMany(found.size));
  const [only] = words;
  return {
    targets: [...found].map(([target, from]) => ({ target, from })),
    problems,
    one: isOneTarget(words),
    group: words.length === 1 && only?.kind === "group" && !only.not ? only.text.slice("group:".length) : null,
  };
}

/** A file or a group replaced by the words it holds; with `!` before it, all of them are taken away. */
async function openWord(
  { word, where }: Placed,
  context: ExpandContext,
  tell: (error: unknown, where: string) => void,
): Promise<Placed[]> {
  const take = (inner: Word): Word => (word.not ? { ...inner, not: !inner.not } : inner);
  if (word.kind === "group") {
    const group = await groupOf(word.text.slice("group:".length), context);
    return group.targets.map((one) => ({ word: take(readWord(one)), where: where || `group ${group.name}` }));
  }
  if (word.kind !== "file") return [{ word, where }];
  if (context.files === null) throw notInBrowser(word.text);
  const { path, lines } = await readTargetFile(word.text.slice(1), context.files.folder);
  const placed: Placed[] = [];
  for (const { number, text } of lines) {
    const at = { word: take(readWord(text)), where: `line ${number} of ${path}` };
    try {
      if (at.word.kind === "file") throw fileInFile();
      placed.push(...(await openWord(at, context, tell)));
    } catch (error) {
      tell(error, at.where);
    }
  }
  return placed;
}

/** The targets a word names. Throws when it is none, or names nothing. */
function named(word: Word, sshHosts: readonly SshHost[]): string[] {
  if (holdsPassword(word.text)) throw passwordInTarget();
  if (word.kind === "target") return [parseTarget(word.text).text];
  const { before, host, after } = partsOf(word.text);
  const names = sshHosts.map(({ alias }) => alias).filter(matcher(host));
  if (names.length === 0) throw noMatch(word.text, sshHosts.length);
  return names.map((name) => parseTarget(`${before}${name}${after}`).text);
}

/** Is this target taken away: by its whole text, or by its host alone. */
function taker(text: string): (target: string) => boolean {
  const whole = matcher(text);
  return (target) => whole(target) || whole(hostPart(target));
}

async function groupOf(name: string, context: ExpandContext): Promise<TargetGroup> {
  const all = await context.groups();
  const found = all.find((group) => group.name === name);
  if (found) return found;
  const names = all.map((group) => group.name);
  throw problem({
    code: "no-such-group",
    message: `There is no group ${JSON.stringify(name.slice(0, 80))}.`,
    hint: names.length === 0 ? "No group has been saved yet." : `Groups are: ${names.slice(0, 20).join(", ")}.`,
  });
}

const problem = (data: ErrorData) => new BpfdeskError({ phase: "resolving", ...data });

const noMatch = (pattern: string, hosts: number) =>
  problem({
    code: "pattern-matches-nothing",
    message: `${pattern.slice(0, 200)} matches none of the ${hosts} hosts of the ssh configuration.`,
    hint: "Patterns are matched with the aliases in ~/.ssh/config and the files it includes; * and ? stand for letters.",
  });

const takesNothing = (pattern: string) =>
  problem({
    code: "pattern-matches-nothing",
    message: `!${pattern.slice(0, 200)} takes nothing away: no target of the list is called so.`,
    hint: "Check the spelling: the node that was to be left out would be connected to.",
  });

const tooMany = (count: number): ErrorData => ({
  code: "too-many-targets",
  message: `That is ${count} targets; at most ${MAX_TARGETS} are opened at once.`,
  hint: "Open them in parts.",
  phase: "resolving",
});

const fileInFile = () =>
  problem({ code: "target-file", message: "A file of targets cannot name another one.", hint: "Name both files." });

const notInBrowser = (text: string) =>
  problem({
    code: "not-in-browser",
    message: `${text.slice(0, 200)}: files are not opened by name from a browser.`,
    hint: "Paste the file's content.",
  });

const passwordInTarget = () =>
  problem({
    code: "bad-target",
    message: "A target cannot hold a password (user:password@host).",
    hint: "Leave it out; you are asked for it when the node wants one.",
  });
