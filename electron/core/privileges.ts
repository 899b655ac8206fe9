/** What the ways to root are worth. */
import type { Privileges } from "./journal/events.ts";

/** Whether any command can run as root; with `sudo_some` only a few tools can. */
export function hasRoot(privileges: Privileges): boolean {
  return privileges !== "none" && privileges !== "sudo_some";
}
