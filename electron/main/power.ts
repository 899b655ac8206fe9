/**
 * Lock, suspend and shutdown wipe secrets; resume and unlock wake the host up.
 *
 * Linux tells Electron nothing of a locked screen, so it is looked at every few seconds there: by
 * Chromium's own means, and by what the desktop tells logind.
 */
import { execFile } from "node:child_process";
import type { PowerWipe, WakeReason } from "../shared/parent.ts";
import type { ElectronApi } from "./api.ts";

export interface PowerListener {
  wipe(reason: PowerWipe): void;
  wake(reason: WakeReason): void;
}

export interface PowerOptions {
  platform?: NodeJS.Platform;
  /** What logind says of the session, where there is one. */
  lockedHint?: () => Promise<boolean>;
}

const LOOK_MS = 10_000;
const HINT_MS = 3_000;
/** Of no matter: only `locked` is looked at. */
const IDLE_S = 3600;

/** To be called once the app is ready. Ends with the process. */
export function watchPower(
  { powerMonitor }: Pick<ElectronApi, "powerMonitor">,
  listener: PowerListener,
  { platform = process.platform, lockedHint = logindLockedHint }: PowerOptions = {},
): void {
  powerMonitor.on("suspend", () => listener.wipe("suspend"));
  powerMonitor.on("shutdown", () => listener.wipe("shutdown"));
  powerMonitor.on("resume", () => listener.wake("resume"));
  if (platform !== "linux") {
    powerMonitor.on("lock-screen", () => listener.wipe("lock"));
    powerMonitor.on("unlock-screen", () => listener.wake("resume"));
    return;
  }
  let locked = false;
  const look = async () => {
    const now = powerMonitor.getSystemIdleState(IDLE_S) === "locked" || (await lockedHint());
    if (now === locked) return;
    locked = now;
    if (now) listener.wipe("lock");
    else listener.wake("resume");
  };
  // One look at a time, however slow.
  const next = () => setTimeout(() => void look().finally(next), LOOK_MS).unref();
  next();
}

/** `LockedHint` of the session, as GNOME, KDE and others set it; false where nobody says so. */
function logindLockedHint(): Promise<boolean> {
  const session = process.env.XDG_SESSION_ID;
  if (session === undefined || !/^[A-Za-z0-9]+$/.test(session)) return Promise.resolve(false);
  const args = ["show-session", session, "--property=LockedHint", "--value"];
  return new Promise((resolve) => {
    execFile("loginctl", args, { timeout: HINT_MS }, (error, stdout) => resolve(!error && stdout.trim() === "yes"));
  });
}
