import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { BpfdeskError } from "../../core/errors.ts";
import type { EventBody } from "../../core/journal/events.ts";
import { openJournal } from "../journal/journal.ts";
import type { ExecRequest, Execution, NodeTransport } from "../transport/types.ts";
import { createRecorder } from "./recorder.ts";
import { recordTransport } from "./recording-transport.ts";

/** A command whose streams the test feeds by hand. */
function handFed() {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  let end = (_exit: { code: number | null; signal: string | null }) => {};
  let fail = (_error: Error) => {};
  let cancelled = false;
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    end = (exit) => {
      stdout.end();
      stderr.end();
      resolve(exit);
    };
    fail = reject;
  });
  const execution: Execution = {
    stdout,
    stderr,
    exited,
    cancel() {
      cancelled = true;
      end({ code: null, signal: "TERM" });
    },
    interrupt() {
      stdout.write("interrupted");
    },
    say() {},
  };
  return { execution, stdout, stderr, end, fail: (error: Error) => fail(error), wasCancelled: () => cancelled };
}

function transportWith(exec: NodeTransport["exec"]): NodeTransport {
  return {
    kind: "ssh",
    host: "root@node-1:22",
    user: "root",
    privileges: "root",
    exec,
    upload: async () => {},
    shellLine: ({ argv }) => `ssh node-1 ${argv.join(" ")}`,
    onLost: () => {},
    close: async () => {},
  };
}

const request: ExecRequest = {
  argv: ["bpftool", "prog", "it's"],
  root: true,
  timeout_ms: 1000,
  record_key: "prog-xlated:7",
  stdin: "secret",
};

function setup(exec: NodeTransport["exec"], max_bytes?: number) {
  const journal = openJournal(":memory:", max_bytes ? { max_bytes } : {});
  const transport = recordTransport(transportWith(exec), createRecorder(journal, "n1"));
  const events = () => journal.read(0, 1000).map(({ seq: _seq, at: _at, ...body }): EventBody => body as EventBody);
  const output = (command_id: string, stream: string) =>
    Buffer.concat([...journal.blobs(command_id)].filter((b) => b.stream === stream).map((b) => b.bytes)).toString();
  return { journal, transport, events, output };
}

describe("a recorded command", () => {
  it("is in the journal with its exact text before it runs, and with its output and end afterwards", async () => {
    const fed = handFed();
    let atStart: EventBody[] = [];
    const { transport, events, output } = setup(async () => {
      atStart = events();
      return fed.execution;
    });
    const execution = await transport.exec(request);
    const started = {
      type: "command.started",
      node: "n1",
      command_id: "n1.0.1",
      text: "bpftool prog 'it'\\''s'",
      shell_line: "ssh node-1 bpftool prog it's",
      host: "root@node-1:22",
      user: "root",
      root: true,
      purpose: "Disassemble a program (7)",
      record_key: "prog-xlated:7",
    };
    expect(atStart).toEqual([started]);
    execution.stdout.resume();
    execution.stderr.resume();
    fed.stdout.write("out");
    fed.stderr.write("oops");
    fed.end({ code: 3, signal: null });
    expect(await execution.exited).toEqual({ code: 3, signal: null });
    expect(events().at(0)).toEqual(started);
    expect(events().at(-1)).toEqual({
      type: "command.ended",
      node: "n1",
      command_id: "n1.0.1",
      exit: 3,
      signal: null,
      error: null,
      duration_ms: expect.any(Number),
      stdout_bytes: 3,
      stderr_bytes: 4,
    });
    expect([output("n1.0.1", "stdout"), output("n1.0.1", "stderr")]).toEqual(["out", "oops"]);
    expect(JSON.stringify(events())).not.toContain("secret");
  });

  it("shows no byte that is not in the journal yet, and gathers small chunks to few pieces", async () => {
    const fed = handFed();
    const { transport, journal, events, output } = setup(async () => fed.execution);
    const execution = await transport.exec(request);
    execution.stderr.resume();
    let seen = "";
    execution.stdout.on("data", (chunk: Buffer) => {
      seen += chunk.toString();
      expect(output("n1.0.1", "stdout").startsWith(seen)).toBe(true);
    });
    for (let at = 0; at < 5000; at++) fed.stdout.write(`line ${at} ${"x".repeat(60)}\n`);
    fed.end({ code: 0, signal: null });
    await execution.exited;
    expect(seen).toBe(output("n1.0.1", "stdout"));
    expect(seen.split("\n")).toHaveLength(5001);
    expect(events().filter((event) => event.type === "command.output").length).toBeLessThan(20);
    journal.close();
  });

  it("passes a quiet command's bytes on without waiting for more", async () => {
    const fed = handFed();
    const { transport } = setup(async () => fed.execution);
    const execution = await transport.exec(request);
    execution.stderr.resume();
    const first = new Promise((resolve) => execution.stdout.once("data", resolve));
    fed.stdout.write("progress");
    expect(String(await first)).toBe("progress");
    fed.end({ code: 0, signal: null });
    await execution.exited;
  });

  it("holds the sender back while its reader does not read", async () => {
    const fed = handFed();
    const { transport } = setup(async () => fed.execution);
    const execution = await transport.exec(request);
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024);
    while (sent < 200 && fed.stdout.write(chunk)) {
      sent += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(20);
    execution.stdout.resume();
    execution.stderr.resume();
    fed.end({ code: 0, signal: null });
    await execution.exited;
  });

  it("keeps what had arrived when the connection is lost, with the reason", async () => {
    const fed = handFed();
    const { transport, events, output } = setup(async () => fed.execution);
    const execution = await transport.exec(request);
    execution.stdout.resume();
    execution.stderr.resume();
    fed.stdout.write("half");
    fed.stdout.end();
    fed.stderr.end();
    const lost = { code: "connection-lost", message: "The connection to node-1 was lost.", hint: "Connect again." };
    fed.fail(new BpfdeskError(lost));
    await expect(execution.exited).rejects.toMatchObject({ data: lost });
    expect(output("n1.0.1", "stdout")).toBe("half");
    expect(events().at(-1)).toMatchObject({ type: "command.ended", exit: null, error: lost, stdout_bytes: 4 });
  });

  it("that could not be started is recorded with the reason", async () => {
    const { transport, events } = setup(async () => {
      throw new BpfdeskError({ code: "no-root", message: "no root", hint: "" });
    });
    await expect(transport.exec(request)).rejects.toMatchObject({ data: { code: "no-root" } });
    expect(events().map((event) => event.type)).toEqual(["command.started", "command.ended"]);
  });

  it("is stopped when it can no longer be recorded", async () => {
    const fed = handFed();
    const { transport } = setup(async () => fed.execution, 150_000);
    const execution = await transport.exec(request);
    execution.stdout.on("error", () => {}).resume();
    execution.stderr.on("error", () => {}).resume();
    fed.stdout.write(crypto.getRandomValues(new Uint8Array(60_000)));
    fed.stdout.write(crypto.getRandomValues(new Uint8Array(60_000)));
    fed.stdout.write(crypto.getRandomValues(new Uint8Array(60_000)));
    await expect(execution.exited).rejects.toMatchObject({ data: { code: "session-full" } });
    expect(fed.wasCancelled()).toBe(true);
  });
});

it("records an upload by size and hash, not by content", async () => {
  const { transport, events } = setup(async () => handFed().execution);
  await transport.upload(new TextEncoder().encode("tool"), "/run/x/bpftool", 0o700);
  expect(events()).toEqual([
    expect.objectContaining({
      type: "command.started",
      text: "# write 4 bytes (sha256 7c9bbe5ec9b3fb774e8fa0f54247e93c34ddf8e5d16fe3073420de0ae81a262d) to /run/x/bpftool with mode 700",
    }),
    expect.objectContaining({ type: "command.ended", exit: 0 }),
  ]);
});
