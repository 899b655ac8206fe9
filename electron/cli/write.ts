/** Writes a result file whole or not at all. */
import { rename, rm, writeFile } from "node:fs/promises";
import { BpfdeskError } from "../core/errors.ts";
import { print } from "./out.ts";

/**
 * Writes to a neighbour and renames, so that a full disk leaves no half file. `-` is stdout.
 * @throws BpfdeskError `write-failed`.
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  if (path === "-") return print(bytes);
  const beside = `${path}.${process.pid}.part`;
  try {
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
