import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BpfdeskError } from "../../core/errors.ts";
import type { EventBody, JournalEvent } from "../../core/journal/events.ts";
import { type Journal, openJournal } from "./journal.ts";
import { newSessionPath, unclosedSessions } from "./sessions.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bpfdesk-journal-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const phase = (detail: string): EventBody => ({ type: "connection.phase", node: "n1", phase: "connecting", detail });
const never = () => new AbortController().signal;
const failure = (action: () => unknown): BpfdeskError["data"] => {
  try {
    action();
  } catch (error) {
    if (error instanceof BpfdeskError) return error.data;
    throw error;
  }
  throw new Error("it did not throw");
};
async function take(journal: Journal, after: number, count: number): Promise<JournalEvent[]> {
  const seen: JournalEvent[] = [];
  for await (const events of journal.subscribe(after, never())) {
    seen.push(...events);
    if (seen.length >= count) break;
  }
  return seen;
}

describe("appending", () => {
  it("knows the place of an event itself, also of one that brings another along", () => {
    const journal = openJournal(":memory:", { now: () => 1234 });
    const moved: EventBody & { seq: number; at: number } = { ...phase("a"), seq: 99, at: 1 };
    const appended = journal.append([moved, phase("b")]);
    expect(appended).toEqual([
      { seq: 1, at: 1234, ...phase("a") },
      { seq: 2, at: 1234, ...phase("b") },
    ]);
    expect(journal.read(0, 10)).toEqual(appended);
    journal.close();
  });

  it("numbers events from one without gaps and gives them back as they were, large ones too", () => {
    const journal = openJournal(":memory:", { now: () => 1234 });
    const large = phase("é\u0000".repeat(100_000));
    expect(journal.append([phase("a"), large])).toEqual([
      { seq: 1, at: 1234, ...phase("a") },
      { seq: 2, at: 1234, ...large },
    ]);
    journal.append([phase("b")]);
    expect(journal.read(1, 10)).toEqual([
      { seq: 2, at: 1234, ...large },
      { seq: 3, at: 1234, ...phase("b") },
    ]);
    expect(journal.last_seq).toBe(3);
  });

  it("goes on counting in a session that is opened again", () => {
    const path = join(dir, "s");
    const first = openJournal(path, { now: () => 1 });
    first.append([phase("a")]);
    first.close();
    const second = openJournal(path, { now: () => 2 });
    second.append([phase("b")]);
    expect(second.read(0, 10).map(({ seq, at }) => [seq, at])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    second.close();
  });

  it("leaves one private file after closing", () => {
    const path = newSessionPath(dir, 0);
    const journal = openJournal(path);
    journal.append([phase("a")]);
    expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600);
    journal.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, "sessions")).mode & 0o777).toBe(0o700);
    expect([existsSync(`${path}-wal`), existsSync(`${path}-shm`)]).toEqual([false, false]);
  });
});

it("finds the events of some types of one node", () => {
  const journal = openJournal(":memory:");
  const added = (node: string): EventBody => ({ type: "node.added", node, target: "t", label: "l", transport: "ssh" });
  journal.append([added("n1"), phase("a"), added("n2"), phase("b")]);
  expect([...journal.ofTypes(["connection.phase"])].map((event) => event.detail)).toEqual(["a", "b"]);
  expect([...journal.ofTypes(["node.added", "connection.phase"], "n2")].map((event) => event.seq)).toEqual([3]);
  expect(journal.lastSeqOf(["connection.phase"], "n1")).toBe(4);
  expect(journal.lastSeqOf(["connection.phase"], "n2")).toBe(0);
});

describe("blobs", () => {
  it("come back in order, byte for byte, per command", () => {
    const journal = openJournal(":memory:");
    const bytes = Uint8Array.from({ length: 5000 }, (_, at) => at % 256);
    const ids = [
      journal.putBlob("c1", "stdout", bytes),
      journal.putBlob("c2", "stdout", new Uint8Array([9])),
      journal.putBlob("c1", "stderr", new Uint8Array([1, 2])),
    ];
    const got = [...journal.blobs("c1")].map(({ id, stream, bytes }) => ({ id, stream, bytes: [...bytes] }));
    expect(got).toEqual([
      { id: ids[0], stream: "stdout", bytes: [...bytes] },
      { id: ids[2], stream: "stderr", bytes: [1, 2] },
    ]);
  });
});

describe("subscribing", () => {
  it("brings what was there and what comes later, without a gap or a repetition", async () => {
    const journal = openJournal(":memory:");
    for (let at = 0; at < 1000; at++) journal.append([phase(`${at}`)]);
    const reading = take(journal, 0, 2000);
    for (let at = 1000; at < 2000; at++) {
      journal.append([phase(`${at}`)]);
      if (at % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const seen = await reading;
    expect(seen.map((event) => event.seq)).toEqual(Array.from({ length: 2000 }, (_, at) => at + 1));
    expect(seen.map((event) => event.type === "connection.phase" && event.detail)).toEqual(
      Array.from({ length: 2000 }, (_, at) => `${at}`),
    );
  });

  it("starts after the number it is given", async () => {
    const journal = openJournal(":memory:");
    journal.append([phase("a"), phase("b"), phase("c")]);
    expect((await take(journal, 2, 1)).map((event) => event.seq)).toEqual([3]);
  });

  it("brings what waited-for events say as the file does, and misses nothing of what came meanwhile", async () => {
    const journal = openJournal(":memory:");
    const reading = take(journal, 0, 4);
    await new Promise((resolve) => setImmediate(resolve));
    journal.append([phase("a"), phase("b")]);
    journal.append([phase("c")]);
    await new Promise((resolve) => setImmediate(resolve));
    journal.append([phase("d")]);
    expect(await reading).toEqual(journal.read(0, 10));
  });

  it("does not bring events at or before the number it is given, even when they are yet to come", async () => {
    const journal = openJournal(":memory:");
    const reading = take(journal, 2, 1);
    await new Promise((resolve) => setImmediate(resolve));
    for (const detail of ["a", "b", "c"]) journal.append([phase(detail)]);
    expect((await reading).map((event) => event.seq)).toEqual([3]);
  });

  it("hands a slow reader large events in batches of bounded size", async () => {
    const journal = openJournal(":memory:");
    // Random text, so that it is as large when stored.
    const large = () => Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("hex");
    for (let at = 0; at < 40; at++) journal.append([phase(large())]);
    const sizes: number[] = [];
    for await (const events of journal.subscribe(0, never())) {
      sizes.push(events.length);
      if (events.at(-1)?.seq === 40) break;
    }
    expect(Math.max(...sizes)).toBeLessThan(20);
  });

  it("ends when aborted, and when the journal is closed", async () => {
    const journal = openJournal(":memory:");
    const controller = new AbortController();
    const aborted = journal.subscribe(0, controller.signal).next();
    const closed = journal.subscribe(0, never()).next();
    controller.abort();
    expect(await aborted).toEqual({ done: true, value: undefined });
    journal.close();
    expect(await closed).toEqual({ done: true, value: undefined });
    expect(failure(() => journal.append([phase("a")]))).toMatchObject({ code: "session-closed" });
  });
});

describe("a writer killed at work", () => {
  it("leaves everything it had delivered", async () => {
    const path = newSessionPath(dir, 0);
    const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve("./testing/writer.ts")), path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let delivered = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      delivered = Number(line);
      if (delivered === 500) child.kill("SIGKILL");
    }
    expect(delivered).toBeGreaterThanOrEqual(500);
    expect(unclosedSessions(dir)).toEqual([path]);
    const journal = openJournal(path);
    expect(journal.last_seq).toBeGreaterThanOrEqual(delivered);
    const seen = await take(journal, 0, journal.last_seq);
    expect(seen.map((event) => event.seq)).toEqual(Array.from({ length: journal.last_seq }, (_, at) => at + 1));
    const outputs = seen.filter((event) => event.type === "command.output").length;
    expect([...journal.blobs("c1")].length).toBeGreaterThanOrEqual(outputs);
    journal.close();
    expect(unclosedSessions(dir)).toEqual([]);
  });
});

describe("a session that cannot be used says why", () => {
  it("when it is open elsewhere", () => {
    const path = join(dir, "s");
    const journal = openJournal(path);
    expect(failure(() => openJournal(path))).toMatchObject({ code: "session-in-use" });
    journal.close();
    openJournal(path).close();
  });

  it("when nothing more fits, and keeps what was recorded and tells the subscribers", async () => {
    const journal = openJournal(join(dir, "s"), { max_bytes: 200_000 });
    journal.append([phase("first")]);
    const subscription = journal.subscribe(1, never());
    const waiting = subscription.next().catch((error: BpfdeskError) => error.data.code);
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    const fill = () => {
      for (let at = 0; at < 10; at++) journal.putBlob("c1", "stdout", bytes);
    };
    expect(failure(fill)).toMatchObject({ code: "session-full" });
    expect(await waiting).toBe("session-full");
    expect(journal.read(0, 10).map((event) => event.seq)).toEqual([1]);
    journal.close();
  });

  it("when it is not a session", () => {
    const text = join(dir, "text");
    writeFileSync(text, "#!/bin/sh\necho this is not a database\n".repeat(100));
    expect(failure(() => openJournal(text))).toMatchObject({ code: "not-a-session" });
    const other = join(dir, "other.sqlite");
    const db = new DatabaseSync(other);
    db.exec("CREATE TABLE t (a)");
    db.close();
    expect(failure(() => openJournal(other))).toMatchObject({ code: "not-a-session" });
    expect(failure(() => openJournal(other, { read_only: true }))).toMatchObject({ code: "not-a-session" });
  });

  it("when it was written by a newer bpfdesk", () => {
    const path = join(dir, "s");
    openJournal(path).close();
    const db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 99");
    db.close();
    expect(failure(() => openJournal(path))).toMatchObject({
      code: "session-newer",
      message: expect.stringContaining("format 99"),
    });
  });

  it("when it is damaged", () => {
    const path = join(dir, "s");
    const journal = openJournal(path);
    for (let at = 0; at < 200; at++) journal.append([phase(`${at}`.repeat(50))]);
    journal.close();
    truncateSync(path, 8192);
    expect(failure(() => openJournal(path).read(0, 1000))).toMatchObject({ code: "session-damaged" });
  });

  it("when its folder cannot be made or is missing", () => {
    writeFileSync(join(dir, "file"), "");
    expect(failure(() => openJournal(join(dir, "file", "s")))).toMatchObject({ code: "session-cannot-open" });
    expect(failure(() => openJournal(join(dir, "missing"), { read_only: true }))).toMatchObject({
      code: "session-cannot-open",
    });
  });

  it("when it was opened for reading only", () => {
    const path = join(dir, "s");
    const writer = openJournal(path);
    writer.append([phase("a")]);
    writer.close();
    const journal = openJournal(path, { read_only: true });
    expect(journal.read(0, 10)).toHaveLength(1);
    expect(failure(() => journal.append([phase("b")]))).toMatchObject({ code: "session-read-only" });
    journal.close();
  });
});

it("leaves no listener behind on a signal that outlives many waits", async () => {
  const journal = openJournal(":memory:");
  const { signal } = new AbortController();
  const added = vi.spyOn(signal, "addEventListener");
  const removed = vi.spyOn(signal, "removeEventListener");
  const subscription = journal.subscribe(0, signal);
  for (let at = 0; at < 20; at++) {
    const next = subscription.next();
    await new Promise((resolve) => setImmediate(resolve));
    journal.append([phase(`${at}`)]);
    await next;
  }
  expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  await subscription.return();
});
