import { describe, expect, it } from "vitest";
import { SessionPool } from "./sessions.ts";

describe("SessionPool", () => {
  it("lets eight run, keeps the others in order, and one place for cleaning up", async () => {
    const pool = new SessionPool();
    const order: number[] = [];
    const first = await Promise.all(Array.from({ length: 8 }, () => pool.acquire(undefined, false)));
    const waiting = [1, 2, 3].map((number) =>
      pool.acquire(undefined, false).then((release) => {
        order.push(number);
        return release;
      }),
    );
    expect([pool.running, pool.waiting]).toEqual([8, 3]);
    const cleanup = await pool.acquire(undefined, true);
    expect([pool.running, pool.waiting]).toEqual([9, 3]);
    cleanup();
    for (const release of first.slice(0, 3)) release();
    first[0]?.(); // a second time gives nothing back
    for (const release of await Promise.all(waiting)) release();
    for (const release of first.slice(3)) release();
    expect(order).toEqual([1, 2, 3]);
    expect([pool.running, pool.waiting]).toEqual([0, 0]);
  });

  it("forgets a waiting one that was cancelled", async () => {
    const pool = new SessionPool();
    const running = await Promise.all(Array.from({ length: 8 }, () => pool.acquire(undefined, false)));
    const abort = new AbortController();
    const cancelled = pool.acquire(abort.signal, false);
    const next = pool.acquire(undefined, false);
    abort.abort();
    await expect(cancelled).rejects.toBe(abort.signal.reason);
    running[0]?.();
    (await next)();
    expect(pool.waiting).toBe(0);
  });

  it("uses no more than the server allows once it has refused one", async () => {
    const pool = new SessionPool();
    const two = await Promise.all([pool.acquire(undefined, false), pool.acquire(undefined, false)]);
    (await pool.acquire(undefined, false))();
    pool.refusedAt(2);
    const third = pool.acquire(undefined, false);
    expect([pool.running, pool.waiting]).toEqual([2, 1]);
    two[0]?.();
    (await third)();
    two[1]?.();
    expect([pool.running, pool.waiting]).toEqual([0, 0]);
  });
});
