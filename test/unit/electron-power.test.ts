/** Lock, suspend and wake as the systems tell them, against a recording stand-in for Electron. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type PowerOptions, watchPower } from "../../electron/main/power.ts";
import { FakeElectron } from "./electron-fake.ts";

let electron: FakeElectron;
let told: string[];

function watch(options: PowerOptions): void {
  watchPower(
    electron.api,
    { wipe: (reason) => void told.push(`wipe ${reason}`), wake: (reason) => void told.push(`wake ${reason}`) },
    { lockedHint: async () => false, ...options },
  );
}

beforeEach(() => {
  vi.useFakeTimers();
  electron = new FakeElectron("/nowhere");
  told = [];
});
afterEach(() => void vi.useRealTimers());

it("wipes when the screen is locked, the machine suspended or shut down, and wakes afterwards", () => {
  watch({ platform: "darwin" });
  for (const event of ["lock-screen", "unlock-screen", "suspend", "resume", "shutdown"]) electron.power.emit(event);
  expect(told).toEqual(["wipe lock", "wake resume", "wipe suspend", "wake resume", "wipe shutdown"]);
});

it("sees a locked screen on Linux, where no event tells of it", async () => {
  watch({ platform: "linux" });
  await vi.advanceTimersByTimeAsync(30_000);
  expect(told).toEqual([]);
  electron.idleState = "locked";
  await vi.advanceTimersByTimeAsync(30_000);
  expect(told).toEqual(["wipe lock"]);
  electron.idleState = "active";
  await vi.advanceTimersByTimeAsync(30_000);
  expect(told).toEqual(["wipe lock", "wake resume"]);
});

it("sees it by what the desktop told logind, and does not look again while logind is slow", async () => {
  let looks = 0;
  let answer: (locked: boolean) => void = () => {};
  const lockedHint = () => {
    looks += 1;
    return new Promise<boolean>((resolve) => {
      answer = resolve;
    });
  };
  watch({ platform: "linux", lockedHint });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(looks).toBe(1);
  answer(true);
  await vi.advanceTimersByTimeAsync(10_000);
  expect([looks, told]).toEqual([2, ["wipe lock"]]);
});
