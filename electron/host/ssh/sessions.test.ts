import { describe, expect, it } from "vitest";
import type { Queue } from "../transport/types.ts";
import { type Place, SessionPool } from "./sessions.ts";

const poolOf = (connection = "first") => new SessionPool(connection);
const take = (pool: SessionPool<string>, count: number) =>
  Promise.all(Array.from({ length: count }, () => pool.acquire(undefined, false)));
const releaseAll = (places: Place<string>[]) => {
  for (const place of places) place.release();
};

describe("SessionPool", () => {
  it("lets eight run, keeps the others in order, and one place for cleaning up", async () => {
    const pool = poolOf();
    const order: number[] = [];
    const first = await take(pool, 8);
    const waiting = [1, 2, 3].map((number) =>
      pool.acquire(undefined, false).then((place) => {
        order.push(number);
        return place;
      }),
    );
    expect(pool.state).toEqual({ running: 8, waiting: 3, limit: 8 });
    const cleanup = await pool.acquire(undefined, true);
    expect(pool.state).toEqual({ running: 9, waiting: 3, limit: 8 });
    cleanup.release();
    releaseAll(first.slice(0, 3));
    first[0]?.release(); // a second time gives nothing back
    releaseAll(await Promise.all(waiting));
    releaseAll(first.slice(3));
    expect(order).toEqual([1, 2, 3]);
    expect(pool.state).toEqual({ running: 0, waiting: 0, limit: 8 });
  });

  it("forgets a waiting one that was cancelled", async () => {
    const pool = poolOf();
    const running = await take(pool, 8);
    const abort = new AbortController();
    const cancelled = pool.acquire(abort.signal, false);
    const next = pool.acquire(undefined, false);
    abort.abort();
    await expect(cancelled).rejects.toBe(abort.signal.reason);
    running[0]?.release();
    (await next).release();
    expect(pool.state.waiting).toBe(0);
  });

  it("uses no more than the server allows once it has refused one", async () => {
    const pool = poolOf();
    const two = await take(pool, 2);
    const third = await pool.acquire(undefined, false);
    expect(third.refused()).toBe(true);
    const again = pool.acquire(undefined, false);
    expect(pool.state).toEqual({ running: 2, waiting: 1, limit: 2 });
    two[0]?.release();
    (await again).release();
    two[1]?.release();
    expect(pool.state).toEqual({ running: 0, waiting: 0, limit: 2 });
  });

  it("keeps one of few places for cleaning up", async () => {
    const pool = poolOf();
    const four = await take(pool, 4);
    const fifth = await pool.acquire(undefined, false);
    fifth.refused();
    expect(pool.state).toEqual({ running: 4, waiting: 0, limit: 3 });
    releaseAll(four);
    const three = await take(pool, 3);
    const waits = pool.acquire(undefined, false);
    (await pool.acquire(undefined, true)).release();
    expect(pool.state).toEqual({ running: 3, waiting: 1, limit: 3 });
    releaseAll(three);
    (await waits).release();
  });

  it("keeps none where the server allows one, and lets cleaning up be the next", async () => {
    const pool = poolOf();
    const [only] = await take(pool, 1);
    (await pool.acquire(undefined, false)).refused();
    const order: string[] = [];
    const wait = async (name: string, cleanup: boolean) => {
      const place = await pool.acquire(undefined, cleanup);
      order.push(name);
      place.release();
    };
    const waiting = [wait("first", false), wait("second", false), wait("cleanup", true)];
    expect(pool.state).toEqual({ running: 1, waiting: 3, limit: 1 });
    only?.release();
    await Promise.all(waiting);
    expect(order).toEqual(["cleanup", "first", "second"]);
  });

  it("does not take a refusal for a limit when nothing of ours ran", async () => {
    const pool = poolOf();
    const place = await pool.acquire(undefined, false);
    expect(place.refused()).toBe(false);
    expect(pool.state).toEqual({ running: 1, waiting: 0, limit: 8 });
    place.release();
  });

  it("uses another connection for those that wait, until that is taken away", async () => {
    const pool = poolOf();
    const first = await take(pool, 8);
    const waiting = take(pool, 3);
    pool.add("second");
    const second = await waiting;
    expect(second.map((place) => place.connection)).toEqual(["second", "second", "second"]);
    expect([pool.state, pool.runningOn("second")]).toEqual([{ running: 11, waiting: 0, limit: 16 }, 3]);
    pool.remove("second");
    releaseAll(second);
    const ninth = pool.acquire(undefined, false);
    expect(pool.state).toEqual({ running: 8, waiting: 1, limit: 8 });
    first[0]?.release();
    expect((await ninth).connection).toBe("first");
  });

  it("tells of those that wait whenever their number changes", async () => {
    const pool = poolOf();
    const told: Queue[] = [];
    pool.onQueue((queue) => told.push(queue));
    const first = await take(pool, 8);
    const waiting = take(pool, 2);
    releaseAll(first.slice(0, 3));
    await waiting;
    expect(told.map(({ waiting }) => waiting)).toEqual([1, 2, 1, 0]);
    expect(told.at(-1)).toEqual({ running: 8, waiting: 0, limit: 8 });
  });
});
