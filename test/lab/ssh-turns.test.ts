/** Commands beside one another on a connection: how fast one ends, how little one holds the others up, who waits. */
import { once } from "node:events";
import * as fs from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Execution, NodeTransport } from "../../electron/host/transport/types.ts";
import { connect, run } from "../support/ssh-connect.ts";
import { atEnd, open, sshd, stopAfterEach } from "../support/ssh-lab.ts";

stopAfterEach();

const start = (transport: NodeTransport, argv: string[], root = false): Promise<Execution> =>
  transport.exec({ argv, root, timeout_ms: 60_000, record_key: "test" });

/** Processes with the connection's tag that are part of a command. */
function ofCommands(transport: NodeTransport): string[] {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const environment = fs.readFileSync(`/proc/${pid}/environ`, "latin1");
        return environment.includes(`BPFDESK_TAG=${transport.tag}\0`) && environment.includes("BPFDESK_PART=command.");
      } catch {
        return false; // ended meanwhile
      }
    });
}

async function until(condition: () => boolean, limit_ms = 20_000): Promise<number> {
  const began = performance.now();
  while (!condition()) {
    if (performance.now() - began > limit_ms) throw new Error(`not so after ${limit_ms} ms: ${condition}`);
    await delay(5);
  }
  return performance.now() - began;
}

const milliseconds = (value: number): string => `${value.toFixed(0)} ms`;

/** Times of small commands one after another, in ms. */
async function smallCommands(transport: NodeTransport, count = 20): Promise<{ median: number; most: number }> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const began = performance.now();
    expect(await run(transport, ["echo", "quick"])).toMatchObject({ stdout: "quick\n" });
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return { median: times[count >> 1] ?? 0, most: times.at(-1) ?? 0 };
}

const FLOOD = ["sh", "-c", "while :; do echo flood flood flood flood flood flood flood flood; done"];
const STUBBORN = ["sh", "-c", "trap '' TERM; while :; do echo flood; echo flood >&2; done"];

describe("cancel", () => {
  it.each([
    ["a flood nobody reads", FLOOD, "engineer", false],
    ["a flood nobody reads, under sudo", FLOOD, "engineer", true],
    ["a flood that ignores TERM, under sudo", STUBBORN, "engineer", true],
    ["a flood that ignores TERM, under sudo with a password", STUBBORN, "careful", true],
    ["what is silent and ignores TERM", ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"], "root", true],
  ] as const)("reaches %s", async (what, argv, user, root) => {
    const server = await sshd();
    const answers = { sudo_password: [server.passwords.careful] };
    const transport = await open(server, { user, answers });
    const execution = await start(transport, [...argv], root);
    await once(execution.stdout, "readable");
    await until(() => ofCommands(transport).length > 0);
    if (argv[2] !== undefined && !argv[2].includes("sleep")) await delay(300); // every buffer on the way is full
    const began = performance.now();
    execution.cancel();
    const gone = await until(() => ofCommands(transport).length === 0);
    await expect(execution.exited).rejects.toMatchObject({ data: { code: "cancelled" } });
    console.log(
      `cancel: ${what}: gone after ${milliseconds(gone)}, told after ${milliseconds(performance.now() - began)}`,
    );
  });
});

describe("interrupt", () => {
  it.each([
    ["root", "root"],
    ["sudo", "engineer"],
  ] as const)("lets bpftrace print its maps, as %s", async (_, user) => {
    const transport = await open(await sshd(), { user });
    const execution = await start(transport, ["bpftrace", "-e", 'BEGIN { @answer = 42; printf("up\\n"); }'], true);
    let said = "";
    execution.stdout.on("data", (bytes: Buffer) => {
      said += bytes.toString();
    });
    await until(() => said.includes("up\n"));
    execution.interrupt();
    expect(await execution.exited).toEqual({ code: 0, signal: null });
    expect(said).toContain("@answer: 42");
  });

  it("that comes before the input was sent waits for it", async () => {
    const transport = await open(await sshd());
    const script = "trap 'echo interrupted; exit 3' INT; (trap '' INT; exec wc -c); while :; do sleep 0.05; done";
    const request = { argv: ["sh", "-c", script], root: true, timeout_ms: 60_000, record_key: "test" };
    const execution = await transport.exec({ ...request, stdin: "x".repeat(2_000_000) });
    execution.interrupt();
    let said = "";
    for await (const bytes of execution.stdout) said += String(bytes);
    expect([said, await execution.exited]).toEqual(["2000000\ninterrupted\n", { code: 3, signal: null }]);
  });
});

describe("a flood on one stream", () => {
  it("does not hold up another, whether it is read slowly or not at all", async () => {
    const transport = await open(await sshd());
    await smallCommands(transport, 5);
    const alone = await smallCommands(transport);

    const unread = await start(transport, FLOOD);
    await once(unread.stdout, "readable");
    await delay(300);
    const besideUnread = await smallCommands(transport);
    unread.cancel();
    await unread.exited.catch(() => {});

    const slow = await start(transport, FLOOD);
    const reading = (async () => {
      for await (const chunk of slow.stdout) await delay((chunk as Buffer).length / 1000); // a megabyte a second
    })();
    await delay(300);
    const besideSlow = await smallCommands(transport);
    slow.cancel();
    await Promise.all([slow.exited.catch(() => {}), reading]);

    const line = ({ median, most }: typeof alone) => `median ${milliseconds(median)}, most ${milliseconds(most)}`;
    console.log(
      `a small command: alone ${line(alone)}; beside an unread flood ${line(besideUnread)}; ` +
        `beside one that is read slowly ${line(besideSlow)}`,
    );
    for (const beside of [besideUnread, besideSlow]) expect(beside.median).toBeLessThan(alone.median * 5 + 1000);
  });

  it("of input does not hold up another", async () => {
    const transport = await open(await sshd());
    const alone = await smallCommands(transport, 10);
    let done = false;
    const upload = run(transport, ["sh", "-c", "cat >/dev/null"], { stdin: new Uint8Array(60_000_000) }).finally(() => {
      done = true;
    });
    const times: number[] = [];
    while (!done) times.push((await smallCommands(transport, 1)).most);
    expect((await upload).exit).toEqual({ code: 0, signal: null });
    times.sort((a, b) => a - b);
    const median = times[times.length >> 1] ?? 0;
    console.log(`a small command: alone ${milliseconds(alone.median)}; beside 60 MB of input ${milliseconds(median)}`);
    expect(median).toBeLessThan(alone.median * 5 + 2000);
  });
});

describe("waiting for a place", () => {
  it("is told, with the limit that was learned", async () => {
    const transport = await open(await sshd({ config: ["MaxSessions 4"] }));
    const told: { running: number; waiting: number; limit: number }[] = [];
    transport.onQueue?.((queue) => told.push(queue));
    const all = Array.from({ length: 10 }, (_, n) => run(transport, ["sh", "-c", `sleep 0.1; echo ${n}`]));
    expect((await Promise.all(all)).map(({ stdout }) => stdout)).toEqual(
      Array.from({ length: 10 }, (_, n) => `${n}\n`),
    );
    expect(told[0]).toMatchObject({ running: 8, waiting: 1 });
    expect(told.at(-1)).toMatchObject({ waiting: 0 });
    expect(told.at(-1)?.limit).toBeLessThanOrEqual(4);
  });

  it("is no hindrance to cleaning up where the server allows a single session", async () => {
    const transport = await open(await sshd({ config: ["MaxSessions 1"] }));
    const order: string[] = [];
    let queued = 0;
    transport.onQueue?.(({ waiting }) => {
      queued = waiting;
    });
    const held = await start(transport, ["sh", "-c", "echo up; sleep 100"]);
    await once(held.stdout, "data");
    const waiting = [1, 2].map((n) => run(transport, ["echo", String(n)]).then(({ stdout }) => order.push(stdout)));
    const cleanup = run(transport, ["echo", "clean"], { cleanup: true }).then(({ stdout }) => order.push(stdout));
    await until(() => queued === 3);
    held.cancel();
    await Promise.all([cleanup, ...waiting]);
    expect(order).toHaveLength(3);
    expect(order[0]).toBe("clean\n");
    await transport.upload(Buffer.from("bytes"), "/tmp/bpfdesk-single-session", 0o600);
    expect(await run(transport, ["rm", "/tmp/bpfdesk-single-session"], { root: true, cleanup: true })).toMatchObject({
      exit: { code: 0 },
    });
  });

  it("of many opens a second connection where nobody has to be asked", async () => {
    const server = await sshd({ config: ["MaxSessions 1"] });
    const transport = await open(server);
    const all = Array.from({ length: 6 }, (_, n) => run(transport, ["sh", "-c", `sleep 1.2; echo ${n}`]));
    await until(() => server.connections() === 2);
    expect((await Promise.all(all)).map(({ stdout }) => stdout)).toEqual(Array.from({ length: 6 }, (_, n) => `${n}\n`));
    await transport.close();
    await until(() => server.connections() === 0);
  });

  it("of many asks nobody for a password again", async () => {
    const server = await sshd({ config: ["MaxSessions 1"], methods: ["password"] });
    const attempt = connect(server, {
      answers: { password: [server.passwords.engineer] },
      config: ["IdentitiesOnly yes"],
    });
    const transport = await attempt.outcome;
    if (!("exec" in transport)) throw new Error(transport.message);
    atEnd(() => transport.close());
    const all = Array.from({ length: 6 }, (_, n) => run(transport, ["sh", "-c", `sleep 0.7; echo ${n}`]));
    expect((await Promise.all(all)).map(({ stdout }) => stdout)).toEqual(Array.from({ length: 6 }, (_, n) => `${n}\n`));
    expect(attempt.asked.filter(({ kind }) => kind === "password")).toHaveLength(1);
    expect(server.connections()).toBe(1);
  });
});
