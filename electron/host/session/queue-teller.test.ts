import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Queue } from "../transport/types.ts";
import { createQueueTeller } from "./queue-teller.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function teller() {
  const told: Queue[] = [];
  return { told, ...createQueueTeller((queue) => told.push(queue)) };
}
const queue = (running: number, waiting: number): Queue => ({ running, waiting, limit: 8 });

describe("the news of commands that wait", () => {
  it("is told at once, and once more when nobody waits any more", () => {
    const { told, changed } = teller();
    changed(queue(8, 1));
    vi.advanceTimersByTime(1000);
    changed(queue(8, 0));
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([queue(8, 1), queue(8, 0)]);
  });

  it("is none while nobody waits", () => {
    const { told, changed } = teller();
    for (let running = 1; running <= 8; running++) changed(queue(running, 0));
    vi.advanceTimersByTime(10_000);
    expect(told).toEqual([]);
  });

  it("is told twice a second at most, with the latest state, however often it changes", () => {
    const { told, changed, end } = teller();
    for (let step = 0; step < 1000; step++) {
      changed(queue(8, 1 + (step % 50)));
      vi.advanceTimersByTime(10);
    }
    changed(queue(7, 0));
    vi.advanceTimersByTime(500);
    expect(told.length).toBeGreaterThan(15);
    expect(told.length).toBeLessThanOrEqual(22);
    expect(told.at(-1)).toEqual(queue(7, 0));
    end();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is not told of somebody who waited only between two tellings", () => {
    const { told, changed } = teller();
    changed(queue(8, 1));
    vi.advanceTimersByTime(600);
    changed(queue(8, 0));
    changed(queue(8, 1));
    changed(queue(8, 0));
    vi.advanceTimersByTime(600);
    expect(told).toEqual([queue(8, 1), queue(8, 0)]);
  });

  it("ends with its connection", () => {
    const { told, changed, end } = teller();
    end();
    changed(queue(8, 3));
    expect([told, vi.getTimerCount()]).toEqual([[], 0]);
  });
});
