import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { TraceRows } from "../../../electron/shared/contract.ts";
import { openRows, PAGE, type RowsRequest, type RowsWindow, rowAt } from "./rows.ts";

let asked: RowsRequest[];
let size: number;
let answerLater: (() => void)[] | null;
let rows: RowsWindow;

/** Rows are their own numbers. */
const answerTo = ({ from, count, until }: RowsRequest): TraceRows => {
  const total = Math.min(size, until ?? size);
  const found = Array.from({ length: Math.max(0, Math.min(count, total - from)) }, (_, at) => [from + at]);
  return { columns: ["n"], rows: found, total, matching: total, dropped: 0 };
};

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  size = 1000;
  answerLater = null;
  rows = openRows((request) => {
    asked.push(request);
    const answer = answerTo(request);
    const waiting = answerLater;
    return waiting === null ? Promise.resolve(answer) : new Promise((done) => waiting.push(() => done(answer)));
  });
});
afterEach(() => {
  rows.close();
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
const at = (index: number) => rowAt(rows.store.getState(), index)?.[0];

it("asks for the pages on screen and nothing else, and not again for what is here", async () => {
  rows.show(0, 30);
  await settle();
  expect(asked).toMatchObject([{ from: 0, count: PAGE }]);
  rows.show(90, 130);
  await settle();
  expect(asked.slice(1)).toMatchObject([{ from: PAGE, count: PAGE }]);
  rows.show(0, 150);
  await settle();
  expect(asked.length).toBe(2);
  expect([at(0), at(150), at(250)]).toEqual([0, 150, undefined]);
});

it("goes with a run, at most four times a second", async () => {
  rows.live(true);
  await settle();
  const before = asked.length;
  size = 1500;
  await vi.advanceTimersByTimeAsync(1000);
  expect(rows.store.getState().matching).toBe(1500);
  expect(asked.length - before).toBe(4);
});

it("goes on with a run although all that is on screen is here already", async () => {
  rows.live(true);
  rows.show(0, 30);
  await settle();
  size = 1500;
  await vi.advanceTimersByTimeAsync(1000);
  expect(rows.store.getState().matching).toBe(1500);
});

it("never asks while an answer is awaited", async () => {
  answerLater = [];
  rows.live(true);
  await vi.advanceTimersByTimeAsync(5000);
  expect(asked.length).toBe(1);
});

it("fetches what was scrolled to while an answer was awaited", async () => {
  answerLater = [];
  rows.show(0, 30);
  rows.show(500, 530);
  expect(asked.length).toBe(1);
  answerLater.shift()?.();
  await settle();
  answerLater.shift()?.();
  await settle();
  expect(at(510)).toBe(510);
});

it("stands still while it is paused, also where it is scrolled to, and catches up after that", async () => {
  rows.live(true);
  await settle();
  rows.pause(1000);
  await settle();
  const before = asked.length;
  size = 5000;
  await vi.advanceTimersByTimeAsync(3000);
  expect(asked.length).toBe(before);
  rows.show(950, 990);
  await settle();
  expect(asked.at(-1)).toMatchObject({ from: 900, until: 1000 });
  expect(rows.store.getState().matching).toBe(1000);
  rows.pause(null);
  await settle();
  expect(rows.store.getState().matching).toBe(5000);
});

it("takes no answer to a question that was replaced", async () => {
  answerLater = [];
  rows.show(0, 30);
  const old = answerLater.shift();
  rows.ask({ filter: "curl" });
  size = 3;
  answerLater.shift()?.();
  await settle();
  old?.();
  await settle();
  expect(rows.store.getState().answered?.filter).toBe("curl");
  expect(asked.at(-1)).toMatchObject({ filter: "curl" });
});

it("asks once more when the run has ended, and then no more", async () => {
  rows.live(true);
  await settle();
  size = 1234;
  rows.live(false);
  await settle();
  expect(rows.store.getState().matching).toBe(1234);
  const before = asked.length;
  await vi.advanceTimersByTimeAsync(5000);
  expect(asked.length).toBe(before);
});

it("keeps a failure to be shown, and tries again while the run goes on", async () => {
  let fails = true;
  const shaky = openRows(async (request) => {
    if (fails) throw new Error("no");
    return answerTo(request);
  });
  shaky.live(true);
  await settle();
  expect(shaky.store.getState().error?.code).toBe("internal");
  fails = false;
  await vi.advanceTimersByTimeAsync(1000);
  expect(shaky.store.getState()).toMatchObject({ error: null, matching: 1000 });
  shaky.close();
});
