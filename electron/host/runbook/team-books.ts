/**
 * A team's own runbooks: YAML files in a folder of theirs. They are data, checked whole before they can be begun; what is
 * wrong is told with file and line. Nothing in them is run but what the steps of every runbook can do.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { checkBook, type Known } from "../../core/runbook/team/check.ts";
import { makeBook } from "../../core/runbook/team/make.ts";
import { teamBook } from "../../core/runbook/team/schema.ts";
import type { Runbook } from "../../core/runbook/types.ts";

export interface TeamBookFile {
  /** Path of the file, or of the folder when that cannot be read. */
  file: string;
  /** The id it has; of one that has none, or somebody else's, the file's name. */
  id: string;
  /** Null when it cannot be used. */
  book: Runbook | null;
  /** `file:line: where: what`, one sentence each. */
  problems: string[];
}

/** Ten times a long runbook; the time it takes to see that no name is there twice grows with the square. */
const MAX_BYTES = 64 * 1024;
const MAX_FILES = 100;
/** A few anchors save writing; many of them in one another are a way to fill memory. */
const MAX_ALIASES = 50;
const PROBLEMS = 20;

/** Every `*.yaml` and `*.yml` of the folder, by name. Never rejects: what cannot be read is a problem of its file. */
export async function readTeamBooks(folder: string, known: Known): Promise<TeamBookFile[]> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name)).sort();
  } catch (error) {
    return [
      { file: folder, id: folder, book: null, problems: [`${folder}: the folder cannot be read: ${reasonOf(error)}`] },
    ];
  }
  const texts = await Promise.all(names.slice(0, MAX_FILES).map((name) => readText(join(folder, name))));
  const ids = new Set([...known.books, ...texts.flatMap(({ text }) => idOf(text ?? "") ?? [])]);
  const seen = new Set(known.books);
  const all = texts.map(({ file, text, problem }): TeamBookFile => {
    const fallback = { file, id: nameOf(file), book: null };
    if (text === null) return { ...fallback, problems: [`${file}: ${problem}`] };
    const named = idOf(text);
    const read = readTeamBook(text, file, { ...known, books: ids });
    if (read.book && seen.has(read.book.id)) {
      const problem = `${file}:${read.idLine}: id: there is a runbook ${JSON.stringify(read.book.id)} already`;
      return { ...fallback, problems: [problem] };
    }
    if (read.book) seen.add(read.book.id);
    const id = read.book?.id ?? (named !== undefined && !seen.has(named) ? named : nameOf(file));
    return { file, id, book: read.book, problems: read.problems };
  });
  const more = names.length - MAX_FILES;
  if (more > 0)
    all.push({ file: folder, id: folder, book: null, problems: [`${folder}: ${more} more files were not read`] });
  return all;
}

/** One file's text as a runbook, or what is wrong with it. */
export function readTeamBook(
  text: string,
  file: string,
  known: Known,
): { book: Runbook | null; problems: string[]; idLine: number } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, logLevel: "error" });
  const at = (offset: number, what: string) => `${file}:${lines.linePos(offset).line}: ${what}`;
  const refused = (problems: string[]) => ({ book: null, problems: problems.slice(0, PROBLEMS), idLine: 1 });
  if (document.errors.length > 0)
    return refused(document.errors.map(({ pos, message }) => at(pos[0], firstLine(message))));
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    return refused([at(0, reasonOf(error))]);
  }
  const tell = (path: readonly PropertyKey[], message: string) =>
    at(offsetOf(document, path), `${path.map(String).join(".") || "the file"}: ${message}`);
  const read = teamBook.safeParse(data);
  if (!read.success)
    return refused(read.error.issues.flatMap(issuesOf).map(({ path, message }) => tell(path, message)));
  const problems = checkBook(read.data, known).map(({ path, message }) => tell(path, message));
  if (problems.length > 0) return refused(problems);
  return { book: makeBook(read.data), problems: [], idLine: lines.linePos(offsetOf(document, ["id"])).line };
}

/** An unknown member is told at its own line. */
function issuesOf(issue: z.core.$ZodIssue): { path: PropertyKey[]; message: string }[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: "there is no such member" }));
  }
  return [{ path: issue.path, message: issue.message }];
}

/** Where in the text a member is: its name's line; or the nearest one above it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const above: unknown = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    const last = path[depth - 1];
    const pair = isMap(above)
      ? above.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === last)
      : null;
    const node: unknown = pair?.key ?? document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

async function readText(file: string): Promise<{ file: string; text: string | null; problem: string }> {
  try {
    const info = await stat(file);
    if (!info.isFile()) return { file, text: null, problem: "it is no file" };
    if (info.size > MAX_BYTES) return { file, text: null, problem: `it is larger than ${MAX_BYTES / 1024} KiB` };
    return { file, text: await readFile(file, "utf8"), problem: "" };
  } catch (error) {
    return { file, text: null, problem: `it cannot be read: ${reasonOf(error)}` };
  }
}

/** Of a file that may be broken elsewhere: others may open it. */
const idOf = (text: string) => /^id:\s*["']?([a-z][a-z0-9-]*)/m.exec(text)?.[1];
/** With its dot it is nobody's id. */
const nameOf = (file: string) => basename(file);
const firstLine = (text: string) => text.split("\n", 1)[0] ?? "";
const reasonOf = (error: unknown) => (error instanceof Error ? firstLine(error.message) : String(error));
