import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SecretKey } from "../../shared/parent.ts";
import { createSecretStore } from "./store.ts";

const key: SecretKey = { kind: "sudo_password", user: "ann", of: "ann@node-7", target: "node-7" };
const other: SecretKey = { ...key, target: "node-8" };
const secret = () => Buffer.from("correct horse");

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a kept secret", () => {
  it("is there until its time is over, and only for what it was kept for", () => {
    const store = createSecretStore();
    store.put(key, secret());
    expect([store.get(key)?.toString(), store.get(other)]).toEqual(["correct horse", null]);
    vi.advanceTimersByTime(15 * 60_000 - 1);
    expect(store.get(key)?.toString()).toBe("correct horse");
    vi.advanceTimersByTime(1);
    expect([store.get(key), store.kept()]).toEqual([null, []]);
  });

  it("is over by the time of day too, when the clock of timers stood still", () => {
    let now = 0;
    const store = createSecretStore({ ttl_s: 60, now: () => now });
    store.put(key, secret());
    now = 60_000;
    expect(store.get(key)).toBe(null);
  });

  it("is a copy: neither the giver's nor the taker's bytes are its own", () => {
    const store = createSecretStore();
    const given = secret();
    store.put(key, given);
    given.fill(0);
    store.get(key)?.fill(0);
    expect(store.get(key)?.toString()).toBe("correct horse");
  });

  it.each([
    ["its time is over", () => void vi.advanceTimersByTime(15 * 60_000)],
    ["it is forgotten", (store: Store) => store.forget(key)],
    ["another takes its place", (store: Store) => store.put(key, Buffer.from("x"))],
    ["the screen is locked", (store: Store) => store.wipe("lock")],
    ["bpfdesk quits", (store: Store) => store.wipe("quit")],
    ["nothing is to be kept any more", (store: Store) => store.setTtl(0)],
  ])("is overwritten when %s", (_when, act) => {
    const made: Buffer[] = [];
    const alloc = vi.spyOn(Buffer, "alloc").mockImplementation((size) => {
      const bytes = Buffer.from(new ArrayBuffer(size));
      made.push(bytes);
      return bytes;
    });
    const store = createSecretStore();
    store.put(key, secret());
    const [held] = made;
    expect(held?.toString()).toBe("correct horse");
    act(store);
    alloc.mockRestore();
    expect(held?.equals(Buffer.from(new ArrayBuffer(13)))).toBe(true);
  });
});

type Store = ReturnType<typeof createSecretStore>;

it("keeps nothing when the time is 0", () => {
  const store = createSecretStore({ ttl_s: 0 });
  store.put(key, secret());
  expect([store.get(key), store.kept()]).toEqual([null, []]);
});

it("keeps what is there no longer than a new time allows, and never longer than before", () => {
  vi.setSystemTime(0);
  const store = createSecretStore({ ttl_s: 600 });
  store.put(key, secret());
  store.setTtl(3600);
  expect(store.kept()).toEqual([{ key, until: 600_000 }]);
  store.setTtl(60);
  expect(store.kept()).toEqual([{ key, until: 60_000 }]);
  vi.advanceTimersByTime(60_000);
  expect(store.get(key)).toBe(null);
});

it("tells of every wipe, so that secrets in use go too", () => {
  const store = createSecretStore();
  const told: string[] = [];
  const stop = store.onWipe((reason) => told.push(reason));
  store.wipe("suspend");
  stop();
  store.wipe("lock");
  expect(told).toEqual(["suspend"]);
});
