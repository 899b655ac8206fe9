import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SessionPool } from "./sessions.ts";
import { Spare } from "./spare.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** A pool whose eight places are taken, and a spare connection for it. */
async function crowded(another: (signal: AbortSignal) => Promise<string[]> = async () => ["spare", "its hop"]) {
  const pool = new SessionPool("first");
  const closed: string[][] = [];
  let asked = 0;
  let gone = () => {};
  const spare = new Spare<string>({
    pool,
    another: (signal) => {
      asked++;
      return another(signal);
    },
    onGone: (_, lost) => {
      gone = lost;
    },
    close: async (connections) => void closed.push(connections),
  });
  const running = await Promise.all(Array.from({ length: 8 }, () => pool.acquire(undefined, false)));
  const wait = (count: number) => Array.from({ length: count }, () => pool.acquire(undefined, false));
  return { pool, spare, running, wait, closed, asked: () => asked, gone: () => gone() };
}

describe("a spare connection", () => {
  it("is made when several wait for longer than a moment, and closed when it is idle", async () => {
    const { pool, spare, running, wait, closed, asked } = await crowded();
    const waiting = wait(3);
    await vi.advanceTimersByTimeAsync(900);
    expect(asked()).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    const places = await Promise.all(waiting);
    expect(places.map(({ connection }) => connection)).toEqual(["spare", "spare", "spare"]);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(closed).toEqual([]);
    for (const place of places) place.release();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([closed, pool.state.limit]).toEqual([[["spare", "its hop"]], 8]);
    for (const place of running) place.release();
    await spare.end();
  });

  it("is not made for two, nor for what has passed in a moment", async () => {
    const { spare, running, wait, asked } = await crowded();
    const two = wait(2);
    await vi.advanceTimersByTimeAsync(10_000);
    const more = wait(3);
    await vi.advanceTimersByTimeAsync(900);
    for (const place of running) place.release();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked()).toBe(0);
    for (const place of await Promise.all([...two, ...more])) place.release();
    await spare.end();
  });

  it("is asked for once only where it would take a person", async () => {
    const { spare, running, wait, asked } = await crowded(() => Promise.reject(new Error("a person would be asked")));
    const waiting = wait(5);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked()).toBe(1);
    for (const place of running) place.release();
    for (const place of await Promise.all(waiting)) place.release();
    await spare.end();
  });

  it("is not used any more when it is lost", async () => {
    const { pool, spare, running, wait, closed, gone } = await crowded();
    const waiting = wait(3);
    await vi.advanceTimersByTimeAsync(1100);
    const places = await Promise.all(waiting);
    gone();
    await vi.advanceTimersByTimeAsync(0);
    expect([closed.length, pool.state.limit]).toEqual([1, 8]);
    for (const place of [...places, ...running]) place.release();
    expect(pool.state).toEqual({ running: 0, waiting: 0, limit: 8 });
    await spare.end();
  });

  it("that is being made when the node is left is closed", async () => {
    let finish = (_connections: string[]) => {};
    const { pool, spare, wait, closed } = await crowded((signal) => {
      return new Promise((resolve) => {
        finish = resolve;
        signal.addEventListener("abort", () => resolve(["late"]));
      });
    });
    for (const one of wait(3)) one.catch(() => {});
    await vi.advanceTimersByTimeAsync(1100);
    await spare.end();
    expect([closed.flat(), pool.state.limit]).toEqual([["late"], 8]);
    finish([]);
  });
});
