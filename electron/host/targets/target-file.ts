/**
 * A file with a target, pattern or group on each line; `#` begins a comment. Bounded, and what is wrong is
 * told with the line. Its content is not repeated beyond the word that is wrong.
 */
import { open } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { BpfdeskError } from "../../core/errors.ts";

/** Larger files are something else. */
const MAX_BYTES = 1 << 20;

export interface Line {
  /** Counts from 1. */
  number: number;
  text: string;
}

/**
 * The lines that say something.
 *
 * @param folder what a relative name is relative to; null: only absolute names and `~/…`
 * Throws BpfdeskError `target-file`.
 */
export async function readTargetFile(name: string, folder: string | null): Promise<{ path: string; lines: Line[] }> {
  const path = pathOf(name, folder);
  const text = await read(path);
  if (text.includes("\0")) throw failure(`${path} is not a text file.`, "Give a file with a target on each line.");
  const lines = text.split("\n").flatMap((line, index) => {
    const said = line.replace(/(^|\s)#.*$/, "").trim();
    return said === "" ? [] : [{ number: index + 1, text: said }];
  });
  return { path, lines };
}

function pathOf(name: string, folder: string | null): string {
  if (name === "") throw failure("There is no file name after @.", "Write @ and the file's name without a space.");
  if (name.startsWith("~/")) return join(homedir(), name.slice(2));
  if (isAbsolute(name)) return name;
  if (folder !== null) return resolve(folder, name);
  throw failure(
    `@${name} does not say which folder the file is in.`,
    "Give its whole path, or one that begins with ~/.",
  );
}

async function read(path: string): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const info = await file.stat();
      // A pipe or a device could be read for ever.
      if (!info.isFile()) throw failure(`${path} is not a file.`, "Give a text file with a target on each line.");
      if (info.size > MAX_BYTES) {
        throw failure(`${path} is larger than ${MAX_BYTES >> 10} KiB.`, "Give a text file with a target on each line.");
      }
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof BpfdeskError) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw failure(`${path} cannot be read.`, "Check the name and its permissions.", cause);
  }
}

function failure(message: string, hint: string, cause?: string): BpfdeskError {
  const more = cause === undefined ? {} : { cause };
  return new BpfdeskError({ code: "target-file", message, hint, phase: "resolving", ...more });
}
