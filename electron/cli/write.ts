/** Writes a result file whole or not at all. */
import { rename, rm, stat, writeFile } from "node:fs/promises";
import { BpfdeskError } from "../core/errors.ts";
import { print } from "./out.ts";

/**
 * Writes to a neighbour and renames, so that a full disk leaves no half file. `-` is stdout; what is there and is
 * no regular file (`/dev/null`, a pipe) is written to and stays what it is.
 * @throws BpfdeskError `write-failed`.
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  if (path === "-") return print(bytes);
  const beside = `${path}.${process.pid}.part`;
  try {
    if (await isSpecial(path)) return await writeFile(path, bytes);
    await writeFile(beside, bytes, { mode: 0o600 });
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw new BpfdeskError({
      code: "write-failed",
      message: `${path} could not be written.`,
      hint: "Check the folder, its permissions and the free space.",
      cause: error instanceof Error ? error.message : String(error),
    });
  }
}

async function isSpecial(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => !info.isFile() && !info.isDirectory(),
    () => false,
  );
}
