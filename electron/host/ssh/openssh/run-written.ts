/**
 * Runs a program that was just written. Another one that is being started at that moment may still hold the file
 * open for writing, until the kernel is through with its exec (ETXTBSY); once it ran, nobody does.
 */
import { execFile } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const TRIES = 100;
const PAUSE_MS = 20;

/** Without arguments. Rejects with what speaks against it, e.g. EACCES on a file system without exec. */
export async function runWritten(program: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await promisify(execFile)(program, []);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ETXTBSY" || tries === TRIES) throw error;
      await delay(PAUSE_MS);
    }
  }
}
