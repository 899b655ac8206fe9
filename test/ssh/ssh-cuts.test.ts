/** Lines that are cut or fall silent anywhere between the first byte and a ready connection, and accounts that run nothing. */
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type ErrorData, PHASES } from "../../electron/core/errors.ts";
import { type AttemptOptions, connect } from "../support/ssh-connect.ts";
import { me, result, sshd, stopAfterEach } from "../support/ssh-lab.ts";
import type { TestSshd } from "../support/sshd.ts";
import { type ProxyOptions, startProxy } from "../support/tcp-proxy.ts";

stopAfterEach();

/** Sockets, timers, pipes and processes that are open. */
const resources = () =>
  process
    .getActiveResourcesInfo()
    .filter((name) => name !== "Immediate")
    .sort();

/** What is there now and was not before; what ended meanwhile is none of our business. */
function surplus(before: string[]): string[] {
  const left = [...before];
  return resources().filter((name) => {
    const at = left.indexOf(name);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** Waits until everything that was opened since is gone; fails with what is left. */
async function cameToRest(server: TestSshd, before: string[]): Promise<void> {
  const deadline = performance.now() + 20_000;
  const left = () => ({ connections: server.connections(), resources: surplus(before) });
  // Looked at between two pauses, whose timer does not count.
  const rest = { connections: 0, resources: [] };
  while (JSON.stringify(left()) !== JSON.stringify(rest) && performance.now() < deadline) await delay(10);
  expect(left()).toEqual(rest);
}

/** Connects over a line that goes bad; the way out is by key, or by the password that is asked for. */
async function over(server: TestSshd, line: Omit<ProxyOptions, "target">, options: AttemptOptions) {
  const proxy = await startProxy({ target: server, ...line });
  const outcome = await result(connect(server, { ...options, port: proxy.port }));
  const bytes = proxy.bytesFromServer();
  await proxy.stop();
  return { ...outcome, bytes };
}

function isExplained(failed: ErrorData | undefined): boolean {
  if (failed === undefined) return false;
  const { code, phase, node, message, hint } = failed;
  const known = ["not-ssh", "connect-failed", "connection-lost", "connect-timeout", "auth-failed", "exec-failed"];
  // The port is the line's.
  const named = /^(engineer|careful)@127\.0\.0\.1:\d+$/.test(node ?? "");
  return (
    known.includes(code) && phase !== undefined && PHASES.includes(phase) && named && message !== "" && hint !== ""
  );
}

describe("a line that goes bad", () => {
  it.each([
    ["by key", (server: TestSshd) => ({ identity_file: server.keyFile })],
    [
      "by password, with sudo's",
      (server: TestSshd) => ({
        user: "careful",
        answers: {
          keyboard_interactive: [server.passwords.careful],
          sudo_password: [server.passwords.careful],
        },
      }),
    ],
  ])("is explained wherever it is cut, logging in %s, and nothing is left", async (_, how) => {
    const server = await sshd();
    const before = resources();
    const whole = await over(server, {}, how(server));
    expect(whole).toHaveProperty("connected");
    const phases = new Set<string>();
    const steps = 16;
    for (let step = 0; step < steps; step++) {
      const cut_after_bytes = 1 + Math.floor((whole.bytes * step) / steps);
      const outcome = await over(server, { cut_after_bytes }, how(server));
      if ("connected" in outcome) continue; // the last bytes belong to leaving
      expect([cut_after_bytes, outcome.failed, isExplained(outcome.failed)]).toEqual([
        cut_after_bytes,
        outcome.failed,
        true,
      ]);
      phases.add(outcome.failed?.phase ?? "");
    }
    // Which phases a cut falls into is chance; ssh-broken.test.ts cuts in each of them.
    expect(phases.size).toBeGreaterThan(1);
    await cameToRest(server, before);
  });

  it("is given up within its limit wherever it falls silent, and nothing is left", async () => {
    const server = await sshd();
    const options = { identity_file: server.keyFile };
    const before = resources();
    const whole = await over(server, {}, options);
    const phases = new Set<string>();
    for (const part of [0, 0.4, 0.6, 0.75]) {
      const stall_after_bytes = 1 + Math.floor(whole.bytes * part);
      const { failed } = await over(server, { stall_after_bytes }, { ...options, limit_ms: 1000 });
      expect([stall_after_bytes, failed]).toMatchObject([stall_after_bytes, { code: "connect-timeout" }]);
      expect(isExplained(failed)).toBe(true);
      phases.add(failed?.phase ?? "");
    }
    expect(phases.size).toBeGreaterThan(1);
    await cameToRest(server, before);
  });
});

describe("accounts that run nothing or little", () => {
  it.each(["/usr/sbin/nologin", "/bin/false"])("says what %s says", async (shell) => {
    const server = await sshd({ shell });
    const { failed } = await result(connect(server, { identity_file: server.keyFile }));
    expect(failed).toMatchObject({ code: "exec-failed", phase: "privileges" });
    expect(failed?.hint).not.toBe("");
  });

  /** As after `chage -d 0`: the password is right, and has to be changed before anything else. */
  async function expired(methods: ("publickey" | "password" | "keyboard-interactive")[]): Promise<TestSshd> {
    const sshdPam = ["auth", "account", "password", "session"].map((what) => `${what} required pam_unix.so\n`).join("");
    const server = await sshd({ methods, pam: { sshd: sshdPam } });
    const shadow = path.join(server.dir, "root/etc/shadow");
    const text = fs.readFileSync(shadow, "utf8");
    fs.writeFileSync(shadow, text.replace(/^(engineer:[^:]*):\d+:/m, "$1:0:"));
    return server;
  }

  it("says that a password has expired", async () => {
    const byPassword = await expired(["password"]);
    const byKey = await expired(["publickey", "keyboard-interactive"]);
    const ways: [TestSshd, AttemptOptions][] = [
      [byPassword, { answers: { password: [byPassword.passwords.engineer] } }],
      [byKey, { identity_file: byKey.keyFile }],
    ];
    for (const [server, how] of ways) {
      expect((await result(connect(server, how))).failed).toMatchObject({
        code: "password-expired",
        phase: "privileges",
        node: me(server),
        hint: "Log in once with ssh in a terminal and choose a new one.",
      });
    }
  });

  it("passes on PAM's wish for a new password", async () => {
    const server = await expired(["keyboard-interactive"]);
    const { engineer } = server.passwords;
    const attempt = connect(server, { answers: { keyboard_interactive: [engineer, engineer, null] } });
    const { failed, asked } = await result(attempt);
    const questions = asked.map((prompt) => prompt.kind === "keyboard_interactive" && prompt.prompts[0]?.text);
    expect(questions).toEqual([
      "Password: ",
      expect.stringMatching(/required to change your password[\s\S]*Current password: $/),
      "New password: ",
    ]);
    expect(failed).toMatchObject({ code: "cancelled", phase: "authenticating" });
  });

  it("says what a restricted shell says", async () => {
    const server = await sshd({ shell: "/bin/rbash" });
    const { failed } = await result(connect(server, { identity_file: server.keyFile }));
    expect(failed).toMatchObject({
      code: "exec-failed",
      phase: "privileges",
      cause: expect.stringContaining("restricted"),
      hint: expect.stringContaining("needs a login shell that runs commands"),
    });
  });

  it("is not confused by a banner and a noisy profile", async () => {
    const server = await sshd({ noisy: true, banner: "Authorised use only\n\x1b[2J".repeat(200) });
    expect(await result(connect(server, { identity_file: server.keyFile }))).toMatchObject({
      connected: { host: me(server), privileges: "sudo" },
    });
  });

  it("says that nobody can log in any more", async () => {
    const server = await sshd({ config: ["DenyUsers engineer"], methods: ["publickey"] });
    const { failed } = await result(connect(server, { identity_file: server.keyFile }));
    expect(failed).toMatchObject({ code: "auth-failed", phase: "authenticating" });
  });
});
