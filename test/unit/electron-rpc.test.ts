/** The RPC layer over an in-memory pair of ports and over a real MessageChannel. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { MessageChannel } from "node:worker_threads";
import { describe, expect, it, vi } from "vitest";
import { BpfdeskError } from "../../electron/core/errors.ts";
import type { JournalEvent } from "../../electron/core/journal/events.ts";
import { createClient } from "../../electron/shared/rpc/client.ts";
import { WINDOW } from "../../electron/shared/rpc/frames.ts";
import { memoryPorts } from "../../electron/shared/rpc/memory-port.ts";
import { messagePortPort } from "../../electron/shared/rpc/message-port.ts";
import { serve } from "../../electron/shared/rpc/server.ts";
import { decodeMessage, encodeMessage } from "../../electron/shared/rpc/websocket-codec.ts";
import { connected, handlersWith, rejection } from "./electron-rpc-helpers.ts";

const events = { session_id: "s", after_seq: 0 };
const batch = (seq: number): JournalEvent[] => [
  { seq, at: 0, type: "session.opened", session_id: "s", format: 1, app_version: "0" },
];
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a call", () => {
  it("brings the handler's answer", async () => {
    const { client } = connected({ "session.open": () => ({ session_id: "a", path: null }) });
    expect(await client.call("session.open", {})).toEqual({ session_id: "a", path: null });
  });

  it("carries an error with its data and nothing else", async () => {
    const data = {
      code: "auth-failed",
      message: "node-1 refused the key.",
      hint: "Try another.",
      phase: "authenticating",
    };
    const { client } = connected({
      "session.open": () => {
        throw new BpfdeskError(data as BpfdeskError["data"]);
      },
    });
    expect(await rejection(client.call("session.open", {}))).toEqual(data);
  });

  it("hides the text of an unexpected exception and reports it on the host", async () => {
    const onBug = vi.fn();
    const { client } = connected(
      {
        "session.open": () => {
          throw new Error("password hunter2");
        },
      },
      { onBug },
    );
    const error = await rejection(client.call("session.open", {}));
    expect(error.code).toBe("internal");
    expect(JSON.stringify(error)).not.toContain("hunter2");
    expect(onBug).toHaveBeenCalledWith(expect.objectContaining({ message: "password hunter2" }), "session.open");
  });

  it("rejects input the contract does not allow, without repeating it", async () => {
    const answer = vi.fn(() => null);
    const { client } = connected({ "node.answer": answer });
    const error = await rejection(
      // @ts-expect-error the wrong type on purpose: the page is not trusted
      client.call("node.answer", { session_id: "s", node: "n", prompt_id: "p", answer: { accept: "hunter2" } }),
    );
    expect(error).toMatchObject({ code: "bad-input", cause: expect.stringContaining("answer.accept") });
    expect(JSON.stringify(error)).not.toContain("hunter2");
    expect(answer).not.toHaveBeenCalled();
  });

  it("to an unknown method is answered with an error, also for names every object has", async () => {
    const { client } = connected({});
    for (const name of ["node.run", "toString", "__proto__", "constructor"]) {
      // @ts-expect-error not in the contract on purpose
      expect(await rejection(client.call(name, {}))).toMatchObject({ code: "unknown-method" });
    }
  });

  it("ends at its deadline and tells the handler", async () => {
    let aborted = false;
    const { client } = connected({
      "session.open": (_input, { signal }) =>
        new Promise(() => {
          signal.addEventListener("abort", () => {
            aborted = true;
          });
        }),
    });
    expect(await rejection(client.call("session.open", {}, { deadline_ms: 5 }))).toMatchObject({ code: "deadline" });
    await vi.waitFor(() => expect(aborted).toBe(true));
  });

  it("ends when its signal is aborted and tells the handler", async () => {
    let aborted = false;
    const { client } = connected({
      "session.open": (_input, { signal }) =>
        new Promise(() => {
          signal.addEventListener("abort", () => {
            aborted = true;
          });
        }),
    });
    const controller = new AbortController();
    const answer = rejection(client.call("session.open", {}, { signal: controller.signal }));
    await turn();
    controller.abort();
    expect(await answer).toMatchObject({ code: "cancelled" });
    await vi.waitFor(() => expect(aborted).toBe(true));
    expect(await rejection(client.call("session.open", {}, { signal: controller.signal }))).toMatchObject({
      code: "cancelled",
    });
  });

  it("is refused when too many are running, and is served again when they have ended", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { client } = connected({
      "session.open": async () => {
        await gate;
        return { session_id: "a", path: null };
      },
    });
    const calls = Array.from({ length: 300 }, () =>
      client.call("session.open", {}).then(
        () => "ok",
        (error: BpfdeskError) => error.data.code,
      ),
    );
    await turn();
    release();
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((outcome) => outcome === "ok")).toHaveLength(256);
    expect(outcomes.filter((outcome) => outcome === "busy")).toHaveLength(44);
    expect(await client.call("session.open", {})).toEqual({ session_id: "a", path: null });
  });
});

describe("a closed port", () => {
  it("rejects every call and stream that waits, and every later one", async () => {
    const { client, serverPort } = connected({
      "session.open": () => new Promise(() => {}),
      "session.events": async function* () {
        yield batch(1);
        await new Promise(() => {});
      },
    });
    const call = rejection(client.call("session.open", {}));
    const stream = client.stream("session.events", events);
    expect(await stream.next()).toEqual({ done: false, value: batch(1) });
    const waiting = rejection(stream.next());
    serverPort.close();
    await client.closed;
    for (const error of [await call, await waiting, await rejection(client.call("app.info", {}))]) {
      expect(error).toMatchObject({ code: "host-lost" });
    }
    expect(await rejection(client.stream("session.events", events).next())).toMatchObject({ code: "host-lost" });
  });

  it("aborts the handlers that were running", async () => {
    const signals: AbortSignal[] = [];
    const { client, clientPort } = connected({
      "session.open": (_input, { signal }) => {
        signals.push(signal as AbortSignal);
        return new Promise(() => {});
      },
    });
    const call = rejection(client.call("session.open", {}));
    await turn();
    clientPort.close();
    await call;
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
  });
});

describe("a stream", () => {
  it("brings every item in order and ends", async () => {
    const { client } = connected({
      "session.events": async function* () {
        for (let seq = 1; seq <= 200; seq++) yield batch(seq);
      },
    });
    const seen: number[] = [];
    for await (const items of client.stream("session.events", events)) seen.push(items[0]?.seq ?? 0);
    expect(seen).toEqual(Array.from({ length: 200 }, (_, at) => at + 1));
  });

  it("never lets a producer run more than a window ahead of a slow reader", async () => {
    let produced = 0;
    const { client } = connected({
      "session.events": async function* () {
        for (;;) yield batch(++produced);
      },
    });
    let read = 0;
    for await (const _items of client.stream("session.events", events)) {
      read += 1;
      await turn();
      await turn();
      expect(produced - read).toBeLessThanOrEqual(WINDOW + 1);
      if (read === 150) break;
    }
    expect(read).toBe(150);
  });

  it("does not believe a reader that grants more credit than a window", async () => {
    let produced = 0;
    const [clientPort, serverPort] = memoryPorts();
    serve(
      serverPort,
      handlersWith({
        "session.events": async function* () {
          for (;;) yield batch(++produced);
        },
      }),
    );
    clientPort.onMessage(() => {});
    clientPort.post({ t: "call", id: 1, method: "session.events", input: events, credit: 1e9 });
    await turn();
    await turn();
    expect(produced).toBe(WINDOW);
  });

  it("stops its producer when the reader leaves the loop", async () => {
    let stopped = false;
    const { client } = connected({
      "session.events": async function* () {
        try {
          for (let seq = 1; ; seq++) yield batch(seq);
        } finally {
          stopped = true;
        }
      },
    });
    for await (const _items of client.stream("session.events", events)) break;
    await vi.waitFor(() => expect(stopped).toBe(true));
  });

  it("holds nothing of what was read while it waits for more", async () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    const sent: WeakRef<JournalEvent[]>[] = [];
    const make = (seq: number) => {
      const items = batch(seq);
      sent.push(new WeakRef(items));
      return items;
    };
    const { client } = connected({
      "session.events": async function* (_input, { signal }) {
        for (let seq = 1; seq <= 3; seq++) yield make(seq);
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    });
    const stream = client.stream("session.events", events);
    for (let seq = 1; seq <= 3; seq++) await stream.next();
    await turn();
    collectGarbage();
    expect(sent.map((one) => one.deref())).toEqual([undefined, undefined, undefined]);
    await client.close();
  });

  it("aborts a producer that waits for something when the reader leaves", async () => {
    let aborted = false;
    const { client } = connected({
      "session.events": async function* (_input, { signal }) {
        yield batch(1);
        await new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => resolve());
        });
        aborted = true;
      },
    });
    for await (const _items of client.stream("session.events", events)) break;
    await vi.waitFor(() => expect(aborted).toBe(true));
  });

  it("ends with the producer's error after the items before it", async () => {
    const { client } = connected({
      "session.events": async function* () {
        yield batch(1);
        throw new BpfdeskError({ code: "disk-full", message: "The disk is full.", hint: "" });
      },
    });
    const stream = client.stream("session.events", events);
    expect(await stream.next()).toEqual({ done: false, value: batch(1) });
    expect(await rejection(stream.next())).toMatchObject({ code: "disk-full" });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("ends with `cancelled` when its signal is aborted", async () => {
    const { client } = connected({
      "session.events": async function* () {
        yield batch(1);
        await new Promise(() => {});
      },
    });
    const controller = new AbortController();
    const stream = client.stream("session.events", events, { signal: controller.signal });
    await stream.next();
    const waiting = rejection(stream.next());
    controller.abort();
    expect(await waiting).toMatchObject({ code: "cancelled" });
  });
});

it("ignores frames of any other shape and goes on serving", async () => {
  const [clientPort, serverPort] = memoryPorts();
  serve(serverPort, handlersWith({ "session.open": () => ({ session_id: "a", path: null }) }));
  const shapes = [
    null,
    7,
    "call",
    [],
    {},
    { id: 1 },
    { t: "call", id: -1 },
    { t: "call", id: 1, method: 3, credit: 0 },
  ];
  for (const shape of [...shapes, { t: "credit", id: 9, n: 1 }, { t: "cancel", id: 9 }]) clientPort.post(shape);
  expect(await createClient(clientPort).call("session.open", {})).toEqual({ session_id: "a", path: null });
});

it("works the same over a real MessageChannel, and a closed channel is a lost host", async () => {
  const { port1, port2 } = new MessageChannel();
  serve(
    messagePortPort(port2),
    handlersWith({
      "session.open": () => ({ session_id: "a", path: null }),
      "command.output": async function* () {
        yield { stream: "stdout", bytes: new Uint8Array([1, 2, 3]) };
      },
    }),
  );
  const client = createClient(messagePortPort(port1));
  expect(await client.call("session.open", {})).toEqual({ session_id: "a", path: null });
  const chunks: unknown[] = [];
  for await (const chunk of client.stream("command.output", { session_id: "s", command_id: "c" })) chunks.push(chunk);
  expect(chunks).toEqual([{ stream: "stdout", bytes: new Uint8Array([1, 2, 3]) }]);
  port2.close();
  await client.closed;
  expect(await rejection(client.call("session.open", {}))).toMatchObject({ code: "host-lost" });
});

describe("MessagePack frames", () => {
  it("are made after a very large one as before it", () => {
    const small = { t: "ret", id: 2, value: "é".repeat(5000) };
    encodeMessage({ t: "next", id: 1, value: new Uint8Array(3 << 20) });
    expect(decodeMessage(encodeMessage(small))).toEqual(small);
  });

  it("keep text, numbers, nothing and bytes as they are", () => {
    const message = {
      t: "ret",
      id: 1,
      value: { text: "é\u0000\ud83d\ude00", n: 2 ** 40, none: null, list: [1.5, -1], yes: true },
    };
    expect(decodeMessage(encodeMessage(message))).toEqual(message);
    const bytes = decodeMessage(encodeMessage(new Uint8Array([0, 255])));
    expect(bytes).toBeInstanceOf(Uint8Array);
    expect([...(bytes as Uint8Array)]).toEqual([0, 255]);
  });

  it("keep objects of one shape apart from numbers and from each other", () => {
    const rows = Array.from({ length: 200 }, (_, id) => ({ id, name: `n${id}`, list: [id], more: { id: -1 - id } }));
    const message = { rows, other: { name: 64, id: "x" }, numbers: Array.from({ length: 300 }, (_, at) => at - 40) };
    const bytes = encodeMessage(message);
    expect(decodeMessage(bytes)).toEqual(message);
    // What one message said about shapes is not known to the next.
    expect(decodeMessage(encodeMessage({ rows: [64, 65] }))).toEqual({ rows: [64, 65] });
    expect(decodeMessage(new Uint8Array([0x40]))).toBe(64);
    expect(bytes.length).toBeLessThan(JSON.stringify(message).length / 2);
  });

  it("cannot set a prototype", () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": true}}') as unknown;
    const decoded = decodeMessage(encodeMessage(hostile)) as Record<string, unknown>;
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(decoded.polluted).toBeUndefined();
  });

  it("throw on bytes that are not a message", () => {
    expect(() => decodeMessage(new Uint8Array([1, 2]))).toThrow();
    expect(() => decodeMessage(new Uint8Array([0x92, 1]))).toThrow();
  });
});
