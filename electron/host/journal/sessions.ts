/** Where session files live and which of them was left by a crash. Does not open any. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { wasNotClosed } from "./database.ts";

const EXTENSION = ".bpfdesk-session";

/** Path for a session begun at `at` (epoch ms), e.g. `<dataDir>/sessions/2026-11-21T03-10-00.123Z.bpfdesk-session`. */
export function newSessionPath(dataDir: string, at: number): string {
  return join(dataDir, "sessions", `${new Date(at).toISOString().replaceAll(":", "-")}${EXTENSION}`);
}

/** Sessions that were not closed, newest first: their writer was killed, or still runs. */
export function unclosedSessions(dataDir: string): string[] {
  const folder = join(dataDir, "sessions");
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(EXTENSION))
    .sort()
    .reverse()
    .map((name) => join(folder, name))
    .filter(wasNotClosed);
}
