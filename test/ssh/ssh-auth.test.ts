/** Logging in to a real OpenSSH server: every way in, what is asked, and what a refusal says. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { connect, connectsBy } from "../support/ssh-connect.ts";
import { ALL_PHASES, me, result, sshd, stopAfterEach } from "../support/ssh-lab.ts";

stopAfterEach();

describe("ways to log in", () => {
  it("uses the agent first and asks nothing", async () => {
    const server = await sshd();
    const agent = await server.startAgent();
    expect(await result(connect(server, { config: [`IdentityAgent ${agent}`] }))).toEqual({
      connected: { host: me(server), user: "engineer", privileges: "sudo" },
      asked: [],
      phases: ALL_PHASES,
    });
  });

  it("uses a key file and asks nothing", async () => {
    const server = await sshd();
    expect(await result(connect(server, { user: "root", identity_file: server.keyFile }))).toEqual({
      connected: { host: me(server, "root"), user: "root", privileges: "root" },
      asked: [],
      phases: ALL_PHASES,
    });
  });

  it("asks for the passphrase of an encrypted key, again when it is wrong", async () => {
    const server = await sshd();
    const file = server.encryptedKeyFile;
    const answers = { passphrase: ["wrong", server.passphrase] };
    expect(await result(connect(server, { identity_file: file, answers }))).toMatchObject({
      connected: { privileges: "sudo" },
      asked: [
        { kind: "passphrase", file, attempt: 1 },
        { kind: "passphrase", file, attempt: 2 },
      ],
    });
  });

  it.runIf(connectsBy("ssh2"))("logs in with keys of PuTTY and in PEM", async () => {
    const server = await sshd({ methods: ["publickey"] });
    const authorized = path.join(server.dir, "root/home/engineer/.ssh/authorized_keys");
    const putty = path.join(import.meta.dirname, "../../electron/host/ssh/testing/ppk");
    const pem = path.join(server.dir, "pem");
    execFileSync("ssh-keygen", ["-q", "-t", "ecdsa", "-m", "PEM", "-N", "a b c d", "-f", pem]);
    for (const [file, publicFile, passphrase] of [
      [path.join(putty, "rsa-v2-encrypted.ppk"), path.join(putty, "rsa-v2-encrypted.pub"), "correct horse"],
      [path.join(putty, "ed25519-v3-encrypted.ppk"), path.join(putty, "ed25519-v3-encrypted.pub"), "correct horse"],
      [pem, `${pem}.pub`, "a b c d"],
    ] as const) {
      fs.writeFileSync(authorized, fs.readFileSync(publicFile));
      const attempt = connect(server, { identity_file: file, answers: { passphrase: [passphrase] } });
      expect(await result(attempt)).toMatchObject({
        connected: { privileges: "sudo" },
        asked: [{ kind: "passphrase", file, attempt: 1 }],
      });
    }
  });

  it("does not ask for the passphrase of a key the node does not take", async () => {
    const server = await sshd({ methods: ["publickey"] });
    const authorized = path.join(server.dir, "root/home/engineer/.ssh/authorized_keys");
    fs.writeFileSync(authorized, "");
    const outcome = await result(connect(server, { identity_file: server.encryptedKeyFile }));
    expect(outcome).toMatchObject({ failed: { code: "auth-failed" }, asked: [] });
  });

  it("asks for the password", async () => {
    const server = await sshd({ methods: ["password"] });
    const answers = { password: ["wrong", server.passwords.engineer] };
    expect(await result(connect(server, { answers }))).toMatchObject({
      connected: { privileges: "sudo" },
      asked: [
        { kind: "password", user: "engineer", host: `[127.0.0.1]:${server.port}`, attempt: 1 },
        { kind: "password", user: "engineer", host: `[127.0.0.1]:${server.port}`, attempt: 2 },
      ],
    });
  });

  it.each([
    ["password", "password"],
    ["keyboard-interactive", "keyboard_interactive"],
  ] as const)(
    "sends nothing when a question of %s is refused: no failed login is counted, and nothing else asked",
    async (method, kind) => {
      const server = await sshd({ methods: [method] });
      const { failed, asked } = await result(connect(server, { answers: { [kind]: [null] } }));
      expect(failed).toMatchObject({ code: "cancelled", phase: "authenticating" });
      expect(asked).toHaveLength(1);
      while (server.connections() > 0) await delay(5);
      expect(server.log()).not.toMatch(/Failed|authentication failure/);
    },
  );

  it("passes on the questions of keyboard-interactive", async () => {
    const server = await sshd({ methods: ["keyboard-interactive"] });
    const answers = { keyboard_interactive: [server.passwords.engineer] };
    expect(await result(connect(server, { answers }))).toMatchObject({
      connected: { privileges: "sudo" },
      asked: [{ kind: "keyboard_interactive", host: "127.0.0.1", prompts: [{ text: "Password: ", echo: false }] }],
    });
  });

  it("says which keys and passwords were tried when none is right", async () => {
    const server = await sshd({ methods: ["publickey", "password"] });
    fs.writeFileSync(path.join(server.dir, "root/home/engineer/.ssh/authorized_keys"), "");
    const answers = { password: ["a", "b", "c", "d"] };
    const { failed, asked } = await result(connect(server, { identity_file: server.keyFile, answers }));
    expect(failed).toMatchObject({ code: "auth-failed", phase: "authenticating", node: me(server) });
    expect(failed?.message).toMatch(
      /id_ed25519 \((?:ssh-ed25519|ED25519) SHA256:.{43}\), password \(3 times\)\. It takes publickey, ?password/,
    );
    expect(failed?.hint).toMatch(/user name \(engineer\)/);
    expect(asked).toHaveLength(3);
  });

  it("names a key file that is not there", async () => {
    const server = await sshd();
    const { failed } = await result(connect(server, { identity_file: "/no/such/key" }));
    expect(failed).toMatchObject({ code: "identity-file", message: expect.stringContaining("/no/such/key") });
  });
});
