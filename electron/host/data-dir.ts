/** Where bpfdesk keeps what it keeps, outside the desktop app (which asks Electron). */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** `$XDG_DATA_HOME/bpfdesk`; a relative XDG_DATA_HOME is ignored, as its specification says. */
export function userDataDir(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_DATA_HOME;
  return join(base && isAbsolute(base) ? base : join(homedir(), ".local", "share"), "bpfdesk");
}
