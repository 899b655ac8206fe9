/** What holds for a run of any tracer: its limits, its end, its cost, and that it never outlives its connection. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as net from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { startTracer, TracerRefused, tracerBinary } from "../support/tracer.ts";
import { run, until } from "./node/exec.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A port that takes connections and lets them go. */
async function listener(): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

async function connectTo(port: number): Promise<void> {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => {}); // the listener may be gone by then: that counts as one as well
  socket.resume();
  await new Promise((resolve) => socket.once("close", resolve));
}

/** Connects again and again until told to stop. */
function keepConnecting(port: number): void {
  let going = true;
  closing.push(() => {
    going = false;
  });
  const loop = async () => {
    while (going) await connectTo(port);
  };
  for (let n = 0; n < 8; n++) void loop();
}

describe("a run of a tracer", () => {
  it("ends at its time", async () => {
    const tracer = await startTracer("connect", {}, { for_s: 1 });
    const { code, summary } = await tracer.over();
    expect({ code, ended: summary?.ended }).toEqual({ code: 0, ended: "time" });
    expect(summary?.duration_ms).toBeGreaterThanOrEqual(1000);
  });

  it("ends at its number of events, and tells no more", async () => {
    const port = await listener();
    // Connections that are told as they are made come in numbers: more are in the ring than it may tell.
    const tracer = await startTracer("connect", { port, opened: true }, { events: 3 });
    keepConnecting(port);
    const { code, lines, summary } = await tracer.over();
    expect({ code, ended: summary?.ended, events: summary?.events }).toEqual({ code: 0, ended: "events", events: 3 });
    const told = lines.filter(({ record }) => tracer.schema.records[record]?.kind === "event");
    expect(told).toHaveLength(3);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("ends with its summary on %s", async (signal) => {
    const tracer = await startTracer("connect");
    process.kill(tracer.pid, signal);
    const { code, summary } = await tracer.over();
    expect({ code, ended: summary?.ended }).toEqual({ code: 0, ended: "signal" });
  });

  it("ends with its standard input", async () => {
    const tracer = await startTracer("connect");
    const { code, summary } = await tracer.end();
    expect({ code, ended: summary?.ended }).toEqual({ code: 0, ended: "stdin" });
  });

  it("leaves nothing in the kernel when it is killed", async () => {
    const tracer = await startTracer("connect");
    // Throws when something is left.
    const { code, summary } = await tracer.kill();
    expect({ code, summary }).toEqual({ code: null, summary: null });
  });

  it("ends when its reader is gone", async () => {
    const tracer = await startTracer("connect");
    closing.push(() => process.kill(tracer.pid, 0) && process.kill(tracer.pid, "SIGKILL"));
    const port = await listener();
    keepConnecting(port);
    await tracer.waitFor("connection");
    await tracer.settled();
    const ended = tracer.end();
    expect((await ended).code).toBe(0);
    closing.splice(0, 1);
  });

  it("does not outlive its time because nobody reads it", async () => {
    const child: ChildProcess = spawn(await tracerBinary(), ["run", "connect", "--for", "1", "--budget", "100"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    closing.push(() => child.kill("SIGKILL"));
    const port = await listener();
    keepConnecting(port);
    // Its output is never read: it holds what a pipe and a buffer hold, then it waits.
    const [code, signal] = await once(child, "exit");
    expect({ code, signal }).toEqual({ code: 0, signal: null });
  });

  it.each([
    ["a device without an end", "/dev/null"],
    ["a plain file", import.meta.filename],
  ])("waits for a slow reader when its standard input is %s", async (_, input) => {
    keepConnecting(await listener());
    // The reader reads nothing while the tracer is at work, and more waits for it than a pipe holds.
    const words = '"$0" run connect --for 2 --budget 100 --param opened=true < "$1" | { sleep 2; cat; }';
    const { stdout } = await run(["sh", "-c", words, await tracerBinary(), input]);
    expect(stdout.length).toBeGreaterThan(128 * 1024);
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({ record: "summary", ended: "time" });
  });

  it("says that its lines could not be written", async () => {
    const words = '"$0" run connect --for 5 < /dev/null > /dev/full';
    const { code, stderr } = await run(["sh", "-c", words, await tracerBinary()]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "bpfdesk-tracer: its lines could not be written: No space left on device\n",
    });
  });

  it("ends on a signal although nobody reads it", async () => {
    const words = ["run", "connect", "--for", "600", "--budget", "100", "--param", "opened=true"];
    const child: ChildProcess = spawn(await tracerBinary(), words, { stdio: ["pipe", "pipe", "inherit"] });
    closing.push(() => child.kill("SIGKILL"));
    const exit = once(child, "exit");
    keepConnecting(await listener());
    // poll(2), which it calls only to wait for its reader: 7 on x86_64, ppoll(2) is 73 on arm64.
    const call = () => fs.readFileSync(`/proc/${child.pid}/syscall`, "utf8").split(" ")[0];
    await until(() => call() === (process.arch === "arm64" ? "73" : "7"), 30_000);
    child.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
  });

  it("says each second what it costs itself", async () => {
    const port = await listener();
    const tracer = await startTracer("connect");
    keepConnecting(port);
    await tracer.waitFor("connection");
    const first = await tracer.settled();
    await until(() => Date.now() * 1000 > first.time_us, 1000);
    const second = await tracer.settled();
    await tracer.end();
    expect(first.cost?.bpf_run_cnt).toBeGreaterThan(0);
    expect(second.cost?.bpf_run_cnt).toBeGreaterThan(first.cost?.bpf_run_cnt ?? 0);
    expect(second.cost?.bpf_run_time_ns).toBeGreaterThan(first.cost?.bpf_run_time_ns ?? 0);
    expect(second.cost?.user_cpu_ns).toBeGreaterThanOrEqual(first.cost?.user_cpu_ns ?? 0);
  });

  it("tells less, and says so, when it costs more than it may", async () => {
    const port = await listener();
    const tracer = await startTracer("connect", {}, { budget_pct: 0.01 });
    keepConnecting(port);
    const { notes, summary, stats } = await tracer.over();
    expect(notes.map(({ code }) => code)).toContain("over-budget");
    expect(summary?.ended).toBe("budget");
    // Before it gave up it thinned out, and what it left out is counted.
    const thinnest = Math.max(...stats.map(({ sample_every }) => sample_every));
    const thinned = notes.filter(({ code }) => code === "thinned-out").map(({ message }) => message);
    expect(thinned).toHaveLength(Math.log(thinnest) / Math.log(4));
    if (thinnest > 1) expect(thinned.at(-1)).toContain(`of ${thinnest} events one is told now`);
  });
});

describe("a kernel without BTF", () => {
  it.each(["connect", "dns", "drops", "retrans", "verdict"])(
    "is refused by %s in words, before anything is loaded",
    async (name) => {
      // The kernel's description of its types is where it always is, only that nobody can see it from here.
      const hidden = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys/kernel/btf && exec "$@"', "sh"];
      const params: Record<string, string> = name === "verdict" ? { ifname: "lo", direction: "ingress" } : {};
      const refused = await startTracer(name, params, { within: hidden }).catch((error) => error);
      expect(refused).toBeInstanceOf(TracerRefused);
      expect(refused.error).toMatchObject({
        code: "no-btf",
        message: expect.stringContaining("does not describe its own types"),
      });
    },
  );
});

describe("a wrong order to a tracer", () => {
  it.each([
    ["a parameter it does not have", { nothing: "1" }, "has no such parameter"],
    ["a number that is none", { connections: "many" }, '"many" is no whole number'],
    ["a number that is too large", { connections: "99999999999" }, "is above"],
    ["a choice that is none", { direction: "sideways" }, '"sideways" is none of'],
  ])("is refused for %s before anything is attached", async (_, params, words) => {
    const refused = await startTracer("connect", params as Record<string, string>).catch((error) => error);
    expect(refused).toBeInstanceOf(TracerRefused);
    expect(refused.error).toMatchObject({ code: "bad-parameter", message: expect.stringContaining(words) });
  });

  it.each([
    ["no name", ["run"]],
    ["a name of none", ["run", "nothing"]],
    ["no time", ["run", "connect", "--for", "0"]],
    ["an option without a value", ["run", "connect", "--events"]],
    ["an option it does not have", ["run", "connect", "--pin", "/sys/fs/bpf/x"]],
  ])("with %s is answered with its usage", async (_, args) => {
    const { code, stdout, stderr } = await run([await tracerBinary(), ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).not.toBe("");
  });
});
