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
import { wildcard } from "../ssh/wildcard.ts";
import { holdsPassword, hostPart, partsOf } from "./parts.ts";
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

/** What is known while one text is expanded. */
interface Reading extends ExpandContext {
  tell(error: unknown, where: string): void;
}

/** Never rejects for what was typed: that is in `problems`. Each target is there once, at its first place. */
export function expandTargets(text: string, context: ExpandContext): Promise<ExpandedTargets> {
  return expandWords(readWords(text), context);
}

/** The same from words that were told apart already, as by a shell. */
export async function expandWords(words: readonly Word[], context: ExpandContext): Promise<ExpandedTargets> {
  const problems: ErrorData[] = [];
  const tell: Reading["tell"] = (error, where) => {
    if (!(error instanceof BpfdeskError)) throw error;
    const { data } = error;
    problems.push(where === "" ? data : { ...data, message: `At ${where}: ${data.message}` });
  };
  const placed = words.map((word) => ({ word, where: "" }));
  const found = await readAll(placed, { ...context, sshHosts: once(context.sshHosts), tell });
  if (found.size > MAX_TARGETS) problems.push(tooMany(found.size));
  const [only] = words;
  return {
    targets: [...found].map(([target, from]) => ({ target, from })),
    problems,
    one: isOneTarget(words),
    group: words.length === 1 && only?.kind === "group" && !only.not ? only.text.slice("group:".length) : null,
  };
}

/**
 * The targets of a list, each with the word that named it. A group and a file are lists of their own: what they
 * take away, they take from themselves.
 */
async function readAll(placed: readonly Placed[], reading: Reading): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const each = async (not: boolean, use: (word: Word) => Promise<void>) => {
    for (const { word, where } of placed) {
      if (word.not === not) await use(word).catch((error: unknown) => reading.tell(error, where));
    }
  };
  await each(false, async (word) => {
    const names = (await inner(word, reading)) ?? named(word, await hostsFor(word, reading));
    for (const name of names) if (!found.has(name)) found.set(name, word.text);
  });
  await each(true, async (word) => {
    const names = await inner(word, reading);
    const takes = names ? (target: string) => names.includes(target) : taker(word.text);
    const gone = [...found.keys()].filter(takes);
    if (gone.length === 0) throw takesNothing(word.text);
    for (const name of gone) found.delete(name);
  });
  return found;
}

/** The targets of a group or a file; null for other words. */
async function inner(word: Word, reading: Reading): Promise<string[] | null> {
  if (word.kind === "group") {
    const { name, targets } = await groupOf(word.text.slice("group:".length), reading);
    const placed = targets.map((text) => ({ word: readWord(text), where: `group ${name}` }));
    return [...(await readAll(placed, reading)).keys()];
  }
  if (word.kind !== "file") return null;
  if (reading.files === null) throw notInBrowser(word.text);
  const { path, lines } = await readTargetFile(word.text.slice(1), reading.files.folder);
  const placed = lines.flatMap(({ number, text }) => {
    const at = { word: readWord(text), where: `line ${number} of ${path}` };
    if (at.word.kind !== "file") return [at];
    reading.tell(fileInFile(), at.where);
    return [];
  });
  return [...(await readAll(placed, reading)).keys()];
}

const hostsFor = async (word: Word, { sshHosts }: Reading) => (word.kind === "pattern" ? sshHosts() : []);

/** The configuration is read at most once, and only when it is asked for. */
function once<T>(read: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null;
  return () => (result ??= read());
}

/** The targets a word names. Throws when it is none, or names nothing. */
function named(word: Word, sshHosts: readonly SshHost[]): string[] {
  if (word.kind === "exact") return [word.text];
  if (holdsPassword(word.text)) throw passwordInTarget();
  if (word.kind === "target") return [parseTarget(word.text).text];
  const { before, host, after } = partsOf(word.text);
  const names = sshHosts.map(({ alias }) => alias).filter(wildcard(host));
  if (names.length === 0) throw noMatch(word.text, sshHosts.length);
  return names.map((name) => parseTarget(`${before}${name}${after}`).text);
}

/** Is this target taken away: by its whole text, or by its host alone. */
function taker(text: string): (target: string) => boolean {
  const whole = wildcard(text);
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
