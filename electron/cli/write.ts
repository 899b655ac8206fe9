/** Writes a result file whole or not at all. */
import { randomBytes } from "node:crypto";
import { lstat, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { BpfdeskError } from "../core/errors.ts";
import { print } from "./out.ts";

/**
 * Writes to a neighbour and renames, so that a full disk leaves no half file. `-` is stdout; what is there and is
 * no regular file (`/dev/null`, a pipe) is written to and stays what it is, a link stays a link.
 * @throws BpfdeskError `write-failed`.
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  if (path === "-") return print(bytes);
  const beside = `${randomBytes(6).toString("hex")}.part`;
  let file: string | null = null;
  try {
    file = await replaceable(path);
    if (file === null) return await writeFile(path, bytes, { mode: 0o600 });
    // In a folder of everybody a file or link of this name would be somebody else's.
    await writeFile(`${file}.${beside}`, bytes, { mode: 0o600, flag: "wx" });
    await rename(`${file}.${beside}`, file);
  } catch (error) {
    if (file !== null) await rm(`${file}.${beside}`, { force: true });
    throw new BpfdeskError({
      code: "write-failed",
      message: `${path} could not be written.`,
      hint: "Check the folder, its permissions and the free space.",
      cause: error instanceof Error ? error.message : String(error),
    });
  }
}

/** The file to put another in the place of; null for what is to be written into. */
async function replaceable(path: string): Promise<string | null> {
  const [found, link] = await Promise.all([stat(path).catch(() => null), isLink(path)]);
  if (found !== null && !found.isFile() && !found.isDirectory()) return null;
  if (!link) return path;
  // `/dev/stdout` leads to a file that somebody else has open, and root could replace the link itself.
  const system = /^\/(dev|proc)(\/|$)/.test(await realpath(dirname(path)));
  return found === null || system ? null : realpath(path);
}

const isLink = (path: string) =>
  lstat(path).then(
    (info) => info.isSymbolicLink(),
    () => false,
  );
