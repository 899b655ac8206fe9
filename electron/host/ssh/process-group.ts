/** Signals for a program that was started in a process group of its own (`detached`), with all it started. */
import type { ChildProcess } from "node:child_process";

/** Windows has no groups; there it is the program alone. One that has ended is none to signal. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (process.platform === "win32") child.kill(signal);
    else if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // the whole group has ended
  }
}

/** Ends all of it. What left the group may hold the pipes open; they are closed too. */
export function killGroup(child: ChildProcess): void {
  signalGroup(child, "SIGKILL");
  for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy();
}
