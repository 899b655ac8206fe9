/** A small JSON file of the data folder: read with its form checked, written whole or not at all, private. */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { z } from "zod";
import { BpfdeskError } from "../../core/errors.ts";

/** The content, or null when there is no such file. Throws BpfdeskError `list-unreadable`, with what is wrong. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  let why: string;
  try {
    const result = schema.safeParse(JSON.parse(await readFile(path, "utf8")));
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    why = issue ? `at ${issue.path.map(String).join(".") || "top"}: ${issue.message}` : "wrong form";
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    why = error instanceof Error ? error.message : String(error);
  }
  throw new BpfdeskError({
    code: "list-unreadable",
    message: `${path} cannot be read.`,
    hint: "Repair it, or move it away to begin anew.",
    cause: why,
  });
}

/** Throws BpfdeskError `write-failed`; the file is then as it was. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString("hex")}.part`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(beside, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flag: "wx" });
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
