/**
 * Every way to root, over a real sshd with a real sudo, PAM and doas: terminals, questions in the node's
 * own words, codes that work once, answers that are wrong, and accounts that get no root.
 */
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SectionResult } from "../../electron/core/collect/frames.ts";
import type { Section } from "../../electron/core/collect/section.ts";
import { collectNode } from "../../electron/host/collect/collect.ts";
import { loadSections } from "../../electron/host/collect/sections.ts";
import { limitsOf } from "../../electron/host/session/limits.ts";
import { sudoersFor } from "../../electron/host/transport/root/sudoers.ts";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { connect, run } from "../support/ssh-connect.ts";
import { atEnd, me, open, result, sshd, stopAfterEach } from "../support/ssh-lab.ts";
import { startProxy } from "../support/tcp-proxy.ts";

let dir: string;
/** A PAM module that asks what it is told to and keeps count of the answers. */
let module: string;
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-pam-"));
  fs.chmodSync(dir, 0o711);
  module = path.join(dir, "pam_questions.so");
  const source = path.resolve(import.meta.dirname, "../support/pam_questions.c");
  execFileSync("gcc", ["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", module, source]);
});
afterAll(() => fs.rmSync(dir, { recursive: true }));
stopAfterEach();

/** A service file of PAM that asks these, and the answers that arrived at them so far. */
function pamThatAsks(...questions: { ask: string; answer: string; tell?: string; wait?: string }[]) {
  const log = path.join(dir, randomBytes(6).toString("hex"));
  const lines = questions.map(({ ask, answer, tell, wait }) =>
    [
      `auth requisite ${module} [ask=${ask}] answer=${answer} log=${log}`,
      ...(tell === undefined ? [] : [`[tell=${tell}]`]),
      ...(wait === undefined ? [] : [`wait=${wait}`]),
    ].join(" "),
  );
  const text = [...lines, "account required pam_permit.so", "session required pam_permit.so", ""].join("\n");
  const answers = () =>
    fs.existsSync(log)
      ? fs
          .readFileSync(log, "utf8")
          .trim()
          .split("\n")
          .filter((line) => line !== "none")
      : [];
  return { text, answers };
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const ROOT = { root: true };

async function actsAsRoot(transport: NodeTransport): Promise<void> {
  const script = "id -u; cat; echo err >&2; exit 7";
  expect(await run(transport, ["sh", "-c", script], { ...ROOT, stdin: "payload\n" })).toEqual({
    exit: { code: 7, signal: null },
    stdout: "0\npayload\n",
    stderr: "err\n",
  });
}

/** Processes of this machine that carry the tag; none, once they had the time to go. */
async function left(tag: string): Promise<number> {
  const count = () =>
    fs
      .readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
      .filter((pid) => {
        try {
          return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(tag);
        } catch {
          return false; // ended meanwhile
        }
      }).length;
  const deadline = Date.now() + 20_000;
  while (count() > 0 && Date.now() < deadline) await delay(50);
  return count();
}

describe("sudo that wants a terminal", () => {
  const kinds: [string, string[], string][] = [
    ["without a password", ["Defaults requiretty"], "engineer"],
    ["without a password, in a terminal of its own", ["Defaults requiretty, use_pty"], "engineer"],
    ["with a password", ["Defaults requiretty"], "careful"],
    ["with a password, in a terminal of its own", ["Defaults requiretty, use_pty"], "careful"],
  ];
  it.each(kinds)("runs commands as root, %s", async (_, sudoers, user) => {
    const server = await sshd({ sudoers, noisy: true });
    const answers = { sudo_password: user === "careful" ? [server.passwords.careful] : [] };
    const transport = await open(server, { user, answers });
    expect(transport.privileges).toBe("sudo_terminal");
    await actsAsRoot(transport);
    const every = Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), randomBytes(200_000)]);
    const { stdout } = await run(transport, ["sha256sum"], { ...ROOT, stdin: every });
    expect(stdout).toBe(`${sha256(every)}  -\n`);
    const file = `${server.dir}/upload-${user}`;
    await transport.upload(every, file, 0o600);
    expect(sha256(fs.readFileSync(file))).toBe(sha256(every));
    const back = await transport.exec({ argv: ["cat", file], root: true, timeout_ms: 60_000, record_key: "test" });
    back.stderr.resume();
    const read: Buffer[] = [];
    for await (const chunk of back.stdout) read.push(chunk as Buffer);
    expect(sha256(Buffer.concat(read))).toBe(sha256(every));
    expect(await run(transport, ["sh", "-c", "test -t 1 || echo pipe"], ROOT)).toMatchObject({ stdout: "pipe\n" });
    expect(transport.shellLine({ argv: ["id"], root: true })).toMatch(/^ssh -t .*'sudo -- id'$/);
  });

  it("stops a command that is cancelled, and one whose connection is lost", async () => {
    const server = await sshd({ sudoers: ["Defaults requiretty"] });
    const line = await startProxy({ target: server });
    atEnd(() => line.stop());
    const transport = await open(server, { port: line.port });
    const tags = [1, 2].map(() => `tag-${randomBytes(6).toString("hex")}`);
    const running = await Promise.all(
      tags.map((tag) => {
        const argv = ["sh", "-c", "echo up; while :; do sleep 1; done", tag];
        return transport.exec({ argv, root: true, timeout_ms: 60_000, record_key: "test" });
      }),
    );
    for (const one of running) await new Promise((resolve) => one.stdout.once("data", resolve));
    const [first, second] = running;
    first?.cancel();
    await expect(first?.exited).rejects.toMatchObject({ data: { code: "cancelled" } });
    expect(await left(tags[0] ?? "")).toBe(0);
    line.cut();
    await expect(second?.exited).rejects.toMatchObject({ data: { code: "connection-lost" } });
    expect(await left(tags[1] ?? "")).toBe(0);
  });

  it("asks again after a wrong password, and says so when it is wrong too often", async () => {
    const server = await sshd({ sudoers: ["Defaults requiretty"] });
    const answers = { sudo_password: ["wrong", server.passwords.careful] };
    const once = await result(connect(server, { user: "careful", identity_file: server.keyFile, answers }));
    expect(once).toMatchObject({ connected: { privileges: "sudo_terminal" } });
    expect(once.asked).toHaveLength(2);
  });
});

describe("questions in the node's own words", () => {
  it("shows the question, and answers it from memory when it is a password", async () => {
    const pam = pamThatAsks({ ask: "Password for LDAP: ", answer: "ldap-secret" });
    const server = await sshd({ pam: { sudo: pam.text }, noisy: true });
    const attempt = connect(server, {
      user: "careful",
      identity_file: server.keyFile,
      answers: { sudo_password: ["ldap-secret"] },
    });
    const transport = await attempt.outcome;
    if (!("exec" in transport)) throw new Error(JSON.stringify(transport));
    atEnd(() => transport.close());
    await actsAsRoot(transport);
    expect(attempt.asked).toEqual([
      { kind: "sudo_password", user: "careful", host: me(server, "careful"), attempt: 1, text: "Password for LDAP:" },
    ]);
    expect(pam.answers()).toEqual(["right", "right"]);
  });

  it("asks for a code again with every command, and the password only once", async () => {
    const pam = pamThatAsks(
      { ask: "Password: ", answer: "pass" },
      { ask: "Verification code: ", answer: "123456", tell: "Look at your phone." },
    );
    const server = await sshd({ pam: { sudo: pam.text } });
    const attempt = connect(server, {
      user: "careful",
      identity_file: server.keyFile,
      answers: { sudo_password: ["pass", "123456", "123456", "000000", null] },
    });
    const transport = await attempt.outcome;
    if (!("exec" in transport)) throw new Error(JSON.stringify(transport));
    atEnd(() => transport.close());
    await actsAsRoot(transport);
    expect((await run(transport, ["id"], ROOT)).exit).toMatchObject({ code: "sudo-refused" });
    expect((await run(transport, ["id"], ROOT)).exit).toMatchObject({
      code: "sudo-refused",
      message: expect.stringMatching(/no answer was given/),
    });
    const asked = { kind: "sudo_password", user: "careful", host: me(server, "careful"), attempt: 1 };
    const code = { ...asked, text: expect.stringMatching(/Verification code:$/), every_command: true };
    expect(attempt.asked.slice(0, 4)).toEqual([asked, code, code, code]);
    expect(pam.answers().filter((answer) => answer === "wrong")).toEqual(["wrong"]);
  });

  it("goes on without root when a code for every command is refused", async () => {
    const pam = pamThatAsks({ ask: "One-time code: ", answer: "1" });
    const server = await sshd({ pam: { sudo: pam.text } });
    const options = { user: "careful", identity_file: server.keyFile, answers: { sudo_password: [null] } };
    expect(await result(connect(server, options))).toMatchObject({ connected: { privileges: "none" } });
    expect(pam.answers()).toEqual([]);
  });

  it("sends an answer exactly as often as a person gave it", async () => {
    const pam = pamThatAsks({ ask: "Password: ", answer: "right-one" });
    const server = await sshd({ pam: { sudo: pam.text } });
    const answers = { sudo_password: ["wrong-one", "right-one"] };
    await result(connect(server, { user: "careful", identity_file: server.keyFile, answers }));
    expect(pam.answers()).toEqual(["wrong", "right"]);
  });

  it("never sends a password again that was refused later", async () => {
    const pam = pamThatAsks({ ask: "Password: ", answer: "before" });
    const changed = pamThatAsks({ ask: "Password: ", answer: "after" });
    const server = await sshd({ pam: { sudo: pam.text } });
    const answers = { sudo_password: ["before", null, "after"] };
    const transport = await open(server, { user: "careful", answers });
    fs.writeFileSync(path.join(server.dir, "root/etc/pam.d/sudo"), changed.text);
    for (let time = 0; time < 2; time++) {
      expect((await run(transport, ["id", "-u"], ROOT)).exit).toMatchObject({ code: "sudo-refused" });
    }
    expect(changed.answers()).toEqual(["wrong"]);
    expect(await run(transport, ["id", "-u"], ROOT)).toMatchObject({ stdout: "0\n" });
    expect(await run(transport, ["id", "-u"], ROOT)).toMatchObject({ stdout: "0\n" });
    expect(changed.answers()).toEqual(["wrong", "right", "right"]);
  });

  it("gives up on a sudo that hangs, in time or when a person cancels", async () => {
    const wait = path.join(dir, "hanging");
    fs.writeFileSync(wait, "");
    const pam = pamThatAsks({ ask: "Password: ", answer: "x", wait });
    const server = await sshd({ pam: { sudo: pam.text } });
    // Nobody but root can end that sudo; on a real node it ends when PAM does.
    atEnd(async () => fs.rmSync(wait));
    const options = { user: "careful", identity_file: server.keyFile };
    expect((await result(connect(server, { ...options, limit_ms: 4000 }))).failed).toMatchObject({
      code: "connect-timeout",
      phase: "privileges",
      node: me(server, "careful"),
    });
    const attempt = connect(server, options);
    while (attempt.phases.at(-1) !== "privileges") await delay(10);
    attempt.abort.abort();
    expect((await result(attempt)).failed).toMatchObject({ code: "cancelled", phase: "privileges" });
  });
});

describe("doas", () => {
  const hide = ["/usr/bin/sudo"];

  it("needs no password where its rule says so", async () => {
    const server = await sshd({ hide, doas: ["permit nopass engineer as root"] });
    const transport = await open(server);
    expect(transport.privileges).toBe("doas");
    await actsAsRoot(transport);
  });

  it.each([
    ["each time", "permit careful as root"],
    ["and keeps a ticket", "permit persist careful as root"],
  ])("asks in its own words on a terminal, %s", async (_, rule) => {
    const server = await sshd({ hide, doas: [rule], noisy: true });
    const attempt = connect(server, {
      user: "careful",
      identity_file: server.keyFile,
      answers: { sudo_password: ["wrong", server.passwords.careful] },
    });
    const transport = await attempt.outcome;
    if (!("exec" in transport)) throw new Error(JSON.stringify(transport));
    atEnd(() => transport.close());
    expect(transport.privileges).toBe("doas");
    await actsAsRoot(transport);
    await actsAsRoot(transport);
    const text = expect.stringMatching(/^doas \(careful@.*\) password:$/);
    const asked = { kind: "sudo_password", user: "careful", host: me(server, "careful"), text };
    expect(attempt.asked).toEqual([
      { ...asked, attempt: 1 },
      { ...asked, attempt: 2 },
    ]);
  });
});

describe("collecting", () => {
  let sections: Section[];
  beforeAll(async () => {
    const all = await loadSections(path.resolve(import.meta.dirname, "../../resources"));
    // This machine's own namespaces are not the subject here.
    sections = all.map((section) => ({ ...section, scope: section.scope.filter((place) => place === "node") }));
  });

  async function collect(transport: NodeTransport) {
    const collected = await collectNode(transport, { sections, bpftool: null });
    const named = (which: (result: SectionResult) => boolean) =>
      collected.sections.filter(which).map(({ section }) => section);
    return {
      complete: collected.complete,
      noise: collected.noise,
      sections: named(() => true),
      denied: named(({ stderr }) => /not root|sudo|doas/.test(stderr)),
    };
  }
  const whole = () => ({
    complete: true,
    noise: "",
    sections: sections.filter(({ stage }) => stage === 1).map(({ id }) => id),
    denied: [],
  });

  it.each(["sudo_password", "sudo_terminal", "doas"])("brings everything by %s", async (kind) => {
    const server = await sshd({
      noisy: true,
      ...(kind === "sudo_terminal" ? { sudoers: ["Defaults requiretty"] } : {}),
      ...(kind === "doas" ? { hide: ["/usr/bin/sudo"], doas: ["permit careful as root"] } : {}),
    });
    const transport = await open(server, { user: "careful", answers: { sudo_password: [server.passwords.careful] } });
    expect(transport.privileges).toBe(kind);
    expect(await collect(transport)).toEqual(whole());
  });

  it("brings what bpftool shows where sudo allows nothing but that, and names the rest", async () => {
    const bpftool = execFileSync("sh", ["-c", "command -v bpftool"], { encoding: "utf8" }).trim();
    const lines = sudoersFor("nobody-special", bpftool) ?? "";
    const readingOnly = lines.slice(lines.indexOf("\n# nobody-special")).replaceAll(/^# /gm, "");
    const server = await sshd({ sudoers: [readingOnly] });
    const attempt = connect(server, { user: "nobody-special", identity_file: server.keyFile });
    const transport = await attempt.outcome;
    if (!("exec" in transport)) throw new Error(JSON.stringify(transport));
    atEnd(() => transport.close());
    expect([transport.privileges, attempt.asked]).toEqual(["sudo_some", []]);
    const missing = sections.filter(
      ({ needs_root, root_tool, stage }) => needs_root && root_tool === undefined && stage === 1,
    );
    expect(await collect(transport)).toEqual({ ...whole(), denied: missing.map(({ id }) => id) });
    const limits = limitsOf(transport, sections);
    expect(limits[1]).toBe("sudo runs only these as root: bpftool.");
    expect(limits.slice(2)).toEqual([...new Set(missing.map((section) => section.without_root))]);
    expect(await run(transport, ["bpftool", "-j", "-f", "prog", "show"], ROOT)).toMatchObject({ exit: { code: 0 } });
    expect((await run(transport, ["id"], ROOT)).exit).toMatchObject({ code: "no-root" });
  });
});

describe("no root", () => {
  it("says why, and which lines of sudoers would change it", async () => {
    const server = await sshd({ hide: ["/usr/bin/sudo"], sudoers: ["Defaults requiretty"] });
    const transport = await open(server);
    expect([transport.privileges, transport.rootRefused]).toEqual(["none", "sudo is not installed"]);
    expect(transport.sudoers).toContain("engineer ALL=(root) NOPASSWD: /bin/sh\n");
  });

  it("is told of an account that is in no sudoers", async () => {
    const server = await sshd();
    const answers = { sudo_password: [server.passwords["nobody-special"]] };
    const transport = await open(server, { user: "nobody-special", answers });
    expect([transport.privileges, transport.rootRefused]).toEqual(["none", "sudoers does not allow it"]);
  });
});
