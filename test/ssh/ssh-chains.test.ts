/** Servers that want more than one thing: one-time codes, a key and a password, and limits of tries. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { connect, connectsBy } from "../support/ssh-connect.ts";
import { result, sshd, stopAfterEach } from "../support/ssh-lab.ts";

stopAfterEach();

const CODE = "482916";

/** How the login succeeded, as the link tells it. */
async function auth(attempt: ReturnType<typeof connect>): Promise<string[] | undefined> {
  const transport = (await attempt.outcome) as NodeTransport;
  expect(transport).toMatchObject({ kind: "ssh" });
  await transport.close();
  return transport.link?.hops.at(-1)?.auth;
}

describe("one-time codes", () => {
  it("asks for the password and for the code, each a round of one login, with the time that is left", async () => {
    const server = await sshd({ methods: ["keyboard-interactive"], otp: CODE });
    const attempt = connect(server, { answers: { keyboard_interactive: [server.passwords.engineer, CODE] } });
    expect(await auth(attempt)).toEqual(["keyboard-interactive"]);
    const common = { kind: "keyboard_interactive", host: "127.0.0.1", user: "engineer", name: "", instructions: "" };
    expect(attempt.asked).toEqual([
      { ...common, round: 1, prompts: [{ text: "Password: ", echo: false }], expires_s: expect.any(Number) },
      // The system's ssh does not tell whether an answer may be seen.
      {
        ...common,
        round: 2,
        prompts: [{ text: "One-time code: ", echo: connectsBy("ssh2") }],
        expires_s: expect.any(Number),
      },
    ]);
    const [first = 0, second = 0] = attempt.asked.map((prompt) => prompt.expires_s);
    expect(first).toBeLessThan(120);
    expect(second).toBeLessThanOrEqual(first);
  });

  it("asks a person again after a wrong code, and never answers by itself", async () => {
    const server = await sshd({ methods: ["keyboard-interactive"], otp: CODE });
    const password = server.passwords.engineer;
    const answers = { keyboard_interactive: [password, "000000", password, CODE] };
    const attempt = connect(server, { answers });
    expect(await auth(attempt)).toEqual(["keyboard-interactive"]);
    expect(attempt.asked.map((prompt) => "round" in prompt && prompt.round)).toEqual([1, 2, 3, 4]);
  });

  it("gives up after three wrong logins", async () => {
    const server = await sshd({ methods: ["keyboard-interactive"], otp: CODE });
    const attempt = connect(server, { answers: { keyboard_interactive: ["a", "b", "c", "d", "e", "f", "g"] } });
    const { failed, asked } = await result(attempt);
    expect(failed).toMatchObject({
      code: "auth-failed",
      phase: "authenticating",
      message: expect.stringContaining("keyboard-interactive (3 times)"),
    });
    expect(asked).toHaveLength(6);
  });
});

describe("servers that want several ways", () => {
  const methods = ["publickey" as const, "password" as const, "keyboard-interactive" as const];

  it("gives a key and then a password", async () => {
    const server = await sshd({ config: ["AuthenticationMethods publickey,password"], methods });
    const answers = { password: [server.passwords.engineer] };
    const attempt = connect(server, { identity_file: server.keyFile, answers });
    expect(await auth(attempt)).toEqual([expect.stringMatching(/^publickey ED25519 SHA256:/), "password"]);
    expect(attempt.asked).toMatchObject([{ kind: "password", attempt: 1 }]);
  });

  it("gives a key and then a password and a code", async () => {
    const config = ["AuthenticationMethods publickey,keyboard-interactive"];
    const server = await sshd({ config, methods, otp: CODE });
    const answers = { keyboard_interactive: [server.passwords.engineer, CODE] };
    const attempt = connect(server, { identity_file: server.keyFile, answers });
    expect(await auth(attempt)).toEqual([expect.stringMatching(/^publickey /), "keyboard-interactive"]);
    expect(attempt.asked).toHaveLength(2);
  });

  it("gives a password and then a code, and asks again for what was wrong only", async () => {
    const server = await sshd({ config: ["AuthenticationMethods password,keyboard-interactive"], methods });
    const password = server.passwords.engineer;
    const answers = { password: ["wrong", password], keyboard_interactive: ["wrong", password] };
    const attempt = connect(server, { answers });
    expect(await auth(attempt)).toEqual(["password", "keyboard-interactive"]);
    expect(attempt.asked.map(({ kind }) => kind)).toEqual([
      "password",
      "password",
      "keyboard_interactive",
      "keyboard_interactive",
    ]);
  });

  it("gives two keys, and does not offer the first again", async () => {
    const server = await sshd({ config: ["AuthenticationMethods publickey,publickey", "MaxAuthTries 2"] });
    const second = server.encryptedKeyFile;
    const config = [`IdentityFile ${second}`];
    const attempt = connect(server, {
      identity_file: server.keyFile,
      config,
      answers: { passphrase: [server.passphrase] },
    });
    expect(await auth(attempt)).toEqual([expect.stringMatching(/^publickey /), expect.stringMatching(/^publickey /)]);
    expect(attempt.asked).toMatchObject([{ kind: "passphrase", file: second }]);
  });

  it("says what was right when the rest is refused", async () => {
    const server = await sshd({
      config: ["AuthenticationMethods publickey,password"],
      methods: ["publickey", "password"],
    });
    const answers = { password: ["a", "b", "c"] };
    const { failed } = await result(connect(server, { identity_file: server.keyFile, answers }));
    expect(failed?.message).toMatch(
      /tried: password \(3 times\)\. It took publickey ED25519 SHA256:.{43}, and wants more\. It takes password\.$/,
    );
  });
});

describe("MaxAuthTries 2", () => {
  const tight = { config: ["MaxAuthTries 2"] };

  /** An agent with as many keys that the server does not know, before its own. */
  async function agentWith(server: Awaited<ReturnType<typeof sshd>>, count: number): Promise<string> {
    const socket = await server.startAgent();
    const env = { ...process.env, SSH_AUTH_SOCK: socket };
    execFileSync("ssh-add", ["-q", "-D"], { env, stdio: "pipe" });
    for (let index = 0; index < count; index++) {
      const file = path.join(server.dir, `other-${index}`);
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
      execFileSync("ssh-add", ["-q", file], { env, stdio: "pipe" });
    }
    execFileSync("ssh-add", ["-q", server.keyFile], { env, stdio: "pipe" });
    return socket;
  }

  it("is enough for one wrong key and the right one", async () => {
    const server = await sshd(tight);
    const agent = await agentWith(server, 1);
    expect(await auth(connect(server, { config: [`IdentityAgent ${agent}`] }))).toEqual([
      expect.stringMatching(/^publickey/),
    ]);
  });

  it("is explained when the agent holds too many keys", async () => {
    const server = await sshd(tight);
    const agent = await agentWith(server, 3);
    const { failed, asked } = await result(connect(server, { config: [`IdentityAgent ${agent}`] }));
    expect(failed).toMatchObject({
      code: "auth-failed",
      hint: "It gave up after 2 keys (MaxAuthTries): set IdentitiesOnly yes and an IdentityFile for it in ~/.ssh/config.",
    });
    expect(asked).toEqual([]);
  });

  it("is enough with IdentitiesOnly, even when only the public part of the agent's key is here", async () => {
    const server = await sshd(tight);
    const agent = await agentWith(server, 3);
    const named = path.join(server.dir, "named.pub");
    fs.copyFileSync(`${server.keyFile}.pub`, named);
    const config = [`IdentityAgent ${agent}`, "IdentitiesOnly yes", `IdentityFile ${named}`];
    expect(await auth(connect(server, { config }))).toEqual([expect.stringMatching(/^publickey/)]);
  });

  it("offers no other key of the agent with IdentitiesOnly, although one would be right", async () => {
    const server = await sshd({ methods: ["publickey"] });
    const agent = await agentWith(server, 1);
    const other = path.join(server.dir, "other-0");
    const print = execFileSync("ssh-keygen", ["-lf", other], { encoding: "utf8" }).split(" ")[1];
    const config = [`IdentityAgent ${agent}`, "IdentitiesOnly yes", `IdentityFile ${other}`];
    const { failed, asked } = await result(connect(server, { config }));
    expect(failed).toMatchObject({ code: "auth-failed" });
    expect(failed?.message.match(/SHA256:[^) ]+/g)).toEqual([print]);
    expect(asked).toEqual([]);
  });
});
