/** One process at a time in a folder that a script builds in. Needs flock (util-linux). */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { PackageError } from "./private-apt.mjs";

/** Of the environment: the folder whose lock is held for this process. */
const HELD = "BPFDESK_LOCKED";

/**
 * To be asked by a script before it does anything. True: go on, nobody else is at it. False: it has been run under the
 * lock meanwhile, to its end, by another process; its exit code is this one's.
 */
export function holdsLock(dir) {
  if (process.env[HELD] === dir) return true;
  fs.mkdirSync(dir, { recursive: true });
  // Not below `dir`: who builds there may empty it.
  const command = [`${dir}.lock`, process.execPath, ...process.argv.slice(1)];
  const child = spawnSync("flock", command, { stdio: "inherit", env: { ...process.env, [HELD]: dir } });
  if (child.error) throw new PackageError(`flock is needed for ${path.basename(dir)} (package util-linux).`);
  process.exitCode = child.status ?? 1;
  return false;
}
