/** Reading files of cases: what is wrong with one is said with its file and line. */
import * as fs from "node:fs";
import * as path from "node:path";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";

/** Throws an error with `file:line: where: what`. */
export function parseYaml<T>(schema: z.ZodType<T>, text: string, file: string): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const bad = (offset: number, what: string) => new Error(`${file}:${lines.linePos(offset).line}: ${what}`);
  const [broken] = document.errors;
  if (broken) throw bad(broken.pos[0], broken.message);
  const read = schema.safeParse(document.toJS());
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue?.path ?? [];
  throw bad(offsetOf(document, where), `${where.join(".") || "the file"}: ${issue?.message}`);
}

/** Where in the text a member is, or the nearest one above it. */
function offsetOf(document: ReturnType<typeof parseDocument>, where: readonly PropertyKey[]): number {
  for (let depth = where.length; depth > 0; depth -= 1) {
    const node: unknown = document.getIn(where.slice(0, depth), true);
    const range = (node as { range?: [number, number, number] } | undefined)?.range;
    if (range) return range[0];
  }
  return 0;
}

/** `<group>/<name>.yaml` of a folder, by group and name, each read by `parse`. Throws when there are none. */
export function readFolder<T>(dir: string, parse: (text: string, file: string) => T): T[] {
  const files = fs.globSync("*/*.yaml", { cwd: dir }).sort();
  if (files.length === 0) throw new Error(`no cases in ${dir}`);
  return files.map((file) => parse(fs.readFileSync(path.join(dir, file), "utf8"), path.join(dir, file)));
}
