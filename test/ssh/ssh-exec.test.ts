/** Running commands over SSH: streams, root, cancelling, queueing, uploads, and what stays on the node. */

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import type { Client } from "ssh2";
import { describe, expect, it, vi } from "vitest";
import type { Execution, NodeTransport } from "../../electron/host/transport/types.ts";
import { type AttemptOptions, connected, connectsBy, run } from "../support/ssh-connect.ts";
import { atEnd, open, sshd, stopAfterEach } from "../support/ssh-lab.ts";
import { NOISE, type TestSshd } from "../support/sshd.ts";
import { startProxy } from "../support/tcp-proxy.ts";

stopAfterEach();

const withPassword = (server: TestSshd): AttemptOptions => ({
  user: "careful",
  answers: { sudo_password: [server.passwords.careful] },
});

/** A word that is in the arguments of every process of a command. */
const newTag = () => `tag-${randomBytes(6).toString("hex")}`;

/** Command lines and environments of all processes of this machine. */
function processTexts(): string[] {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) =>
      ["cmdline", "environ"].map((file) => {
        try {
          return fs.readFileSync(`/proc/${pid}/${file}`, "utf8").replaceAll("\0", " ");
        } catch {
          return ""; // ended meanwhile
        }
      }),
    );
}

async function gone(tag: string): Promise<string[]> {
  const left = () => processTexts().filter((text) => text.includes(tag));
  const deadline = Date.now() + 5000;
  while (left().length > 0 && Date.now() < deadline) await delay(50);
  return left();
}

const start = (transport: NodeTransport, argv: string[], root = false): Promise<Execution> =>
  transport.exec({ argv, root, timeout_ms: 60_000, record_key: "test" });

/** Resolves with the first chunk of a stream; the stream goes on. */
const first = (execution: Execution) =>
  new Promise<string>((resolve) => execution.stdout.once("data", (bytes) => resolve(String(bytes))));

describe("a command", () => {
  it("keeps its output streams apart, its arguments whole and its exit code", async () => {
    const transport = await open(await sshd());
    const argv = [
      "sh",
      "-c",
      'printf "%s|" "$@"; echo err >&2; exit 7',
      "sh",
      "a b",
      "it's",
      "$(id)",
      "new\nline",
      "\\",
    ];
    expect(await run(transport, argv)).toEqual({
      exit: { code: 7, signal: null },
      stdout: "a b|it's|$(id)|new\nline|\\|",
      stderr: "err\n",
    });
  });

  it("gets its input and an end of file, of any size", async () => {
    const transport = await open(await sshd());
    const bytes = randomBytes(3_000_000);
    const { stdout } = await run(transport, ["sha256sum"], { stdin: bytes });
    expect(stdout).toBe(`${await sha256(bytes)}  -\n`);
    expect(await run(transport, ["wc", "-c"], { stdin: "" })).toMatchObject({ stdout: "0\n" });
  });

  it.each([
    ["root", () => ({ user: "root" })],
    ["sudo", () => ({})],
    ["sudo_password", withPassword],
  ])("runs as root by %s, with input, and leaves its stderr clean", async (privileges, options) => {
    const server = await sshd({ noisy: true, banner: "Authorised use only\n" });
    const transport = await open(server, options(server));
    expect(transport.privileges).toBe(privileges);
    const script = "id -u; cat; echo err >&2";
    expect(await run(transport, ["sh", "-c", script], { root: true, stdin: "payload\n" })).toEqual({
      exit: { code: 0, signal: null },
      stdout: "0\npayload\n",
      stderr: "err\n",
    });
    expect(await run(transport, ["sh", "-c", "echo; pwd"])).toMatchObject({ stderr: "" });
  });

  it("loses the noise of a login profile, and only that", async () => {
    const transport = await open(await sshd({ noisy: true }));
    expect(await run(transport, ["echo", NOISE])).toEqual({
      exit: { code: 0, signal: null },
      stdout: `${NOISE}\n`,
      stderr: "",
    });
  });

  it("is refused as root where there is no root", async () => {
    const server = await sshd();
    const transport = await open(server, { user: "nobody-special", sudo: false });
    expect((await run(transport, ["id"], { root: true })).exit).toMatchObject({
      code: "no-root",
      message: expect.stringContaining("nobody-special has none: sudo needs a password"),
    });
    expect(await run(transport, ["id", "-un"])).toMatchObject({ stdout: "nobody-special\n" });
  });

  it("is stopped when its time is over; what it wrote by then is kept", async () => {
    const server = await sshd();
    const transport = await open(server);
    const tag = newTag();
    const ran = await run(transport, ["sh", "-c", "echo first; sleep 100", tag], { root: true, timeout_ms: 400 });
    expect(ran).toMatchObject({ exit: { code: "exec-timeout" }, stdout: "first\n" });
    expect(await gone(tag)).toEqual([]);
  });

  it("that is longer than a shell takes is refused with a reason", async () => {
    const transport = await open(await sshd());
    expect((await run(transport, ["echo", "x".repeat(200_000)])).exit).toMatchObject({ code: "command-too-long" });
    const { stdout } = await run(transport, ["echo", "x".repeat(100_000)]);
    expect(stdout.length).toBe(100_001);
  });

  it("can be pasted: the line does what exec did", async () => {
    const server = await sshd();
    const transport = await open(server);
    const line = transport.shellLine({ argv: ["printf", "%s", "it's"], root: true });
    expect(line).toContain(`-p ${server.port} engineer@127.0.0.1 'sudo -n -- printf %s `);
    expect((await promisify(execFile)("sh", ["-c", line])).stdout).toBe("it's");
  });
});

describe("many commands at a time", () => {
  it("all succeed through the queue, in order of their turn", async () => {
    const transport = await open(await sshd());
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, index) => run(transport, ["sh", "-c", `sleep 0.05; echo ${index}`])),
    );
    expect(results.map((one) => one.stdout)).toEqual(Array.from({ length: 40 }, (_, index) => `${index}\n`));
  });

  it("succeed on a server that allows two sessions", async () => {
    const transport = await open(await sshd({ config: ["MaxSessions 2"] }));
    const results = await Promise.all(Array.from({ length: 12 }, (_, n) => run(transport, ["echo", String(n)])));
    expect(results.map((one) => one.stdout)).toEqual(Array.from({ length: 12 }, (_, n) => `${n}\n`));
  });

  it("follow one another on a server that allows a single session", async () => {
    const transport = await open(await sshd({ config: ["MaxSessions 1"] }));
    const said: string[] = [];
    for (let n = 0; n < 30; n++) said.push((await run(transport, ["echo", String(n)])).stdout);
    expect(said).toEqual(Array.from({ length: 30 }, (_, n) => `${n}\n`));
    const together = await Promise.all(Array.from({ length: 12 }, (_, n) => run(transport, ["echo", String(n)])));
    expect(together.map((one) => one.stdout)).toEqual(Array.from({ length: 12 }, (_, n) => `${n}\n`));
  });

  it.runIf(connectsBy("ssh2"))(
    "ask again when the server still holds the place of a session that is none of ours any more",
    async () => {
      const transport = await open(await sshd({ config: ["MaxSessions 1"] }));
      const [first] = (transport as unknown as { options: { connections: { client: Client }[] } }).options.connections;
      const client = first?.client;
      if (client === undefined) throw new Error("no connection");
      // Its place, too, may still be held: by the session that asked for root.
      const occupy = () =>
        new Promise<boolean>((resolve) => {
          client.exec("echo up; sleep 0.3", (error, channel) => {
            if (error) return resolve(false);
            channel.once("data", () => resolve(true)).resume();
          });
        });
      await vi.waitUntil(occupy, { timeout: 5000 });
      expect(await run(transport, ["echo", "mine"])).toMatchObject({ stdout: "mine\n" });
    },
  );

  it("leave one session free for cleaning up", async () => {
    const transport = await open(await sshd());
    const busy = await Promise.all(Array.from({ length: 8 }, () => start(transport, ["sleep", "100"])));
    expect(await run(transport, ["echo", "clean"], { cleanup: true })).toMatchObject({ stdout: "clean\n" });
    const abort = new AbortController();
    const waiting = run(transport, ["echo", "never"], { signal: abort.signal });
    abort.abort();
    expect((await waiting).exit).toMatchObject({ code: "cancelled" });
    for (const one of busy) one.cancel();
    const ends = await Promise.allSettled(busy.map((one) => one.exited));
    expect(new Set(ends.map((end) => end.status))).toEqual(new Set(["rejected"]));
  });

  it("do not wait for one whose output nobody reads", async () => {
    const transport = await open(await sshd());
    const slow = await start(transport, ["head", "-c", "50000000", "/dev/zero"]);
    await new Promise((resolve) => slow.stdout.once("readable", resolve));
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 10; round++) {
      expect(await run(transport, ["echo", "quick"])).toMatchObject({ stdout: "quick\n" });
    }
    // What is not read stays on the node, but for the window.
    expect(process.memoryUsage().rss - before).toBeLessThan(40 << 20);
    let bytes = 0;
    for await (const chunk of slow.stdout) bytes += (chunk as Buffer).length;
    expect([bytes, (await slow.exited).code]).toEqual([50_000_000, 0]);
  });

  it("go on when nobody reads an endless stderr", async () => {
    const transport = await open(await sshd());
    const execution = await start(transport, ["sh", "-c", "head -c 20000000 /dev/zero >&2; echo done"]);
    expect(await text(execution.stdout)).toBe("done\n");
    expect(await execution.exited).toEqual({ code: 0, signal: null });
  });
});

describe("cancelling", () => {
  it.each([
    ["as the user", false],
    ["as root", true],
  ])("stops a flood that nobody reads, %s", async (_, root) => {
    const server = await sshd();
    const transport = await open(server);
    const tag = newTag();
    const flood = await start(transport, ["sh", "-c", "while :; do echo flood; done", tag], root);
    await first(flood); // and nobody reads on
    flood.stdout.pause();
    await delay(300);
    flood.cancel();
    await expect(flood.exited).rejects.toMatchObject({ data: { code: "cancelled" } });
    expect(await gone(tag)).toEqual([]);
    expect(await run(transport, ["echo", "alive"])).toMatchObject({ stdout: "alive\n" });
  });

  it("by the signal of the request does the same", async () => {
    const transport = await open(await sshd());
    const abort = new AbortController();
    const running = run(transport, ["sleep", "100"], { signal: abort.signal, root: true });
    await delay(100);
    abort.abort();
    expect((await running).exit).toMatchObject({ code: "cancelled" });
  });

  it("stops what does not listen to TERM", async () => {
    const transport = await open(await sshd());
    const tag = newTag();
    const stubborn = await start(
      transport,
      ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done", tag],
      true,
    );
    await first(stubborn);
    stubborn.cancel();
    await expect(stubborn.exited).rejects.toMatchObject({ data: { code: "cancelled" } });
    expect(await gone(tag)).toEqual([]);
  });
});

describe("losing the connection", () => {
  it.each([
    ["as the user", false, () => ({})],
    ["under sudo", true, () => ({})],
    ["under sudo with a password", true, withPassword],
  ])("leaves no process on the node, %s", async (_, root, options) => {
    const server = await sshd();
    const line = await startProxy({ target: server });
    atEnd(() => line.stop());
    const transport = await open(server, { port: line.port, ...options(server) });
    const tag = newTag();
    const script = `timeout 300 sh -c 'sleep 300; : ${tag}' & echo up; sleep 300`;
    const running = await Promise.all([1, 2, 3].map(() => start(transport, ["sh", "-c", script, tag], root)));
    await Promise.all(running.map(first));
    const lost = new Promise<Error>((resolve) => transport.onLost(resolve));
    line.cut();
    expect(await lost).toMatchObject({ data: { code: "connection-lost" } });
    for (const one of running) await expect(one.exited).rejects.toMatchObject({ data: { code: "connection-lost" } });
    expect(await gone(tag)).toEqual([]);
    expect((await run(transport, ["echo"])).exit).toMatchObject({ code: "connection-closed" });
  });

  it("keeps what arrived and never calls a part the whole", async () => {
    const server = await sshd();
    const line = await startProxy({ target: server, cut_after_bytes: 1_000_000 });
    atEnd(() => line.stop());
    const transport = await open(server, { port: line.port });
    const ran = await run(transport, ["head", "-c", "2000000", "/dev/zero"]);
    expect(ran.exit).toMatchObject({ code: "connection-lost" });
    expect(ran.stdout.length).toBeGreaterThan(0);
    expect(ran.stdout.length).toBeLessThan(2_000_000);
  });

  it("is not told when it was closed on purpose, and that stops what runs", async () => {
    const server = await sshd();
    const transport = await open(server);
    let lost = 0;
    transport.onLost(() => lost++);
    const tag = newTag();
    const running = await start(transport, ["sh", "-c", "echo up; sleep 300", tag], true);
    await first(running);
    await transport.close();
    await expect(running.exited).rejects.toMatchObject({ data: { code: "connection-lost" } });
    expect(await gone(tag)).toEqual([]);
    expect(lost).toBe(0);
  });
});

describe("uploading", () => {
  it("writes a file that has the mode, belongs to root, and is what was sent", async () => {
    const server = await sshd();
    const transport = await open(server, withPassword(server));
    const bytes = randomBytes(400_000);
    const file = `${server.dir}/it's a file`;
    await transport.upload(bytes, file, 0o700);
    expect(fs.readFileSync(file).equals(bytes)).toBe(true);
    expect(fs.statSync(file)).toMatchObject({ mode: 0o100700, uid: 0 });
  });

  it("refuses to write over or through what is there, and leaves it alone", async () => {
    const server = await sshd();
    const transport = await open(server);
    const file = `${server.dir}/there`;
    fs.writeFileSync(file, "mine");
    const link = `${server.dir}/link`;
    fs.symlinkSync(file, link);
    for (const path of [file, link]) {
      await expect(transport.upload(Buffer.from("other"), path, 0o600)).rejects.toMatchObject({
        data: { code: "upload-failed", cause: expect.stringMatching(/cannot create|exists/) },
      });
    }
    expect(fs.readFileSync(link, "utf8")).toBe("mine");
  });

  it("says that the disk is full and leaves no part behind", async () => {
    const server = await sshd();
    const transport = await open(server, { user: "root" });
    const dir = `${server.dir}/small`;
    fs.mkdirSync(dir);
    // In the namespace of the sessions only.
    await run(transport, ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir]);
    await expect(transport.upload(randomBytes(300_000), `${dir}/file`, 0o700)).rejects.toMatchObject({
      data: { code: "upload-failed", cause: expect.stringContaining("No space left") },
    });
    expect(await run(transport, ["ls", dir])).toMatchObject({ stdout: "" });
    await run(transport, ["umount", dir]);
  });
});

describe("secrets", () => {
  it("are in no command line, environment or log while commands run", async () => {
    const server = await sshd({ methods: ["password"] });
    const secret = server.passwords.careful;
    const answers = { password: [secret], sudo_password: [secret] };
    const transport = await connected(server, { user: "careful", answers, config: ["IdentitiesOnly yes"] });
    atEnd(() => transport.close());
    const running = await start(transport, ["sh", "-c", "echo up; sleep 100"], true);
    await first(running);
    const texts = processTexts();
    expect(texts.some((one) => one.includes("bpfdesk-"))).toBe(true);
    expect(texts.filter((one) => one.includes(secret))).toEqual([]);
    expect(server.log()).not.toContain(secret);
    expect(transport.shellLine({ argv: ["id"], root: true })).not.toContain(secret);
    running.cancel();
    await running.exited.catch(() => {});
  });
});

async function sha256(bytes: Buffer): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes))).toString("hex");
}
