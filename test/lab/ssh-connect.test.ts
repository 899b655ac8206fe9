/** Connecting over SSH to a real OpenSSH server: every way in, every refusal, every way to give up. */
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { connectSsh } from "../../electron/host/ssh/connect.ts";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { type Attempt, type AttemptOptions, connect, run } from "../support/ssh-connect.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { startProxy } from "../support/tcp-proxy.ts";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function sshd(options: Parameters<typeof startSshd>[0] = {}): Promise<TestSshd> {
  const server = await startSshd(options);
  stops.push(() => server.stop());
  return server;
}

/** What the attempt came to, in a form to compare; a transport is closed at once. */
async function result(attempt: Attempt) {
  const outcome = await attempt.outcome;
  if (!("exec" in outcome)) return { failed: outcome, asked: attempt.asked, phases: attempt.phases };
  const { host, user, privileges } = outcome;
  await outcome.close();
  return { connected: { host, user, privileges }, asked: attempt.asked, phases: attempt.phases };
}

const ALL_PHASES = ["resolving", "connecting", "host_key", "authenticating", "privileges"];
const me = (server: TestSshd, user = "engineer") => `${user}@127.0.0.1:${server.port}`;

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
        { kind: "password", user: "engineer", host: "127.0.0.1", attempt: 1 },
        { kind: "password", user: "engineer", host: "127.0.0.1", attempt: 2 },
      ],
    });
  });

  it("passes on the questions of keyboard-interactive", async () => {
    const server = await sshd({ methods: ["keyboard-interactive"] });
    const answers = { keyboard_interactive: [server.passwords.engineer] };
    expect(await result(connect(server, { answers }))).toMatchObject({
      connected: { privileges: "sudo" },
      asked: [{ kind: "keyboard_interactive", host: "127.0.0.1", prompts: [{ text: "Password: ", echo: false }] }],
    });
  });

  it("follows a server that wants a key and then a password", async () => {
    const config = ["AuthenticationMethods publickey,password"];
    const server = await sshd({ config, methods: ["publickey", "password"] });
    const answers = { password: [server.passwords.engineer] };
    expect(await result(connect(server, { identity_file: server.keyFile, answers }))).toMatchObject({
      connected: { privileges: "sudo" },
      asked: [{ kind: "password" }],
    });
  });

  it("goes through a hop, each with its own host key check", async () => {
    const hop = await sshd();
    const server = await sshd();
    const agent = await server.startAgent();
    const authorized = "root/home/engineer/.ssh/authorized_keys";
    fs.writeFileSync(path.join(hop.dir, authorized), fs.readFileSync(path.join(server.dir, authorized)));
    const known_hosts = path.join(server.dir, "both");
    fs.writeFileSync(known_hosts, hop.knownHostsLine + server.knownHostsLine);
    // Through the hop, the agent's key is the one both take.
    const config = [
      `Match host 127.0.0.1 exec "test %p = ${server.port}"`,
      `ProxyJump engineer@127.0.0.1:${hop.port}`,
      "Match all",
      `IdentityAgent ${agent}`,
    ];
    const attempt = connect(server, { config, known_hosts });
    const transport = (await attempt.outcome) as NodeTransport;
    expect(await run(transport, ["id", "-un"])).toMatchObject({ stdout: "engineer\n" });
    expect([hop.connections(), server.connections()]).toEqual([1, 1]);
    await transport.close();
  });

  it("says which keys and passwords were tried when none is right", async () => {
    const server = await sshd({ methods: ["publickey", "password"] });
    fs.writeFileSync(path.join(server.dir, "root/home/engineer/.ssh/authorized_keys"), "");
    const answers = { password: ["a", "b", "c", "d"] };
    const { failed, asked } = await result(connect(server, { identity_file: server.keyFile, answers }));
    expect(failed).toMatchObject({ code: "auth-failed", phase: "authenticating", node: me(server) });
    expect(failed?.message).toMatch(
      /id_ed25519 \(ssh-ed25519 SHA256:.{43}\), password \(3 times\)\. It takes publickey, ?password/,
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

describe("host keys", () => {
  it("asks for a new one, writes it after the handshake, and knows it then", async () => {
    const server = await sshd();
    const known_hosts = path.join(server.dir, "new/known_hosts");
    const options: AttemptOptions = { identity_file: server.keyFile, known_hosts, answers: { host_key_new: [""] } };
    const [key] = server.hostKeys;
    expect(await result(connect(server, options))).toMatchObject({
      connected: { privileges: "sudo" },
      asked: [
        {
          kind: "host_key_new",
          host: "127.0.0.1",
          port: server.port,
          key_type: key?.type,
          fingerprint: key?.fingerprint,
          known_types: [],
        },
      ],
    });
    expect(fs.readFileSync(known_hosts, "utf8")).toBe(`[127.0.0.1]:${server.port} ${key?.type} ${key?.blob}\n`);
    expect(await result(connect(server, options))).toMatchObject({ connected: { privileges: "sudo" }, asked: [] });
  });

  it("writes nothing when the answer is no", async () => {
    const server = await sshd();
    const known_hosts = path.join(server.dir, "none");
    const attempt = connect(server, { known_hosts, answers: { host_key_new: [null] } });
    expect((await result(attempt)).failed).toMatchObject({ code: "host-key-rejected", phase: "host_key" });
    expect(fs.existsSync(known_hosts)).toBe(false);
  });

  it("refuses a key that is not the fingerprint the person pasted", async () => {
    const server = await sshd();
    const known_hosts = path.join(server.dir, "none");
    const attempt = connect(server, { known_hosts, answers: { host_key_new: [`SHA256:${"A".repeat(43)}`] } });
    expect((await result(attempt)).failed).toMatchObject({ code: "host-key-mismatch", phase: "host_key" });
  });

  it("refuses a changed host key and shows both fingerprints, file, line and the command that removes it", async () => {
    const server = await sshd();
    const known_hosts = path.join(server.dir, "old");
    fs.writeFileSync(known_hosts, `# old\n${server.knownHostsLine}`);
    const before = server.hostKeys[0]?.fingerprint;
    server.rotateHostKey();
    const { failed, asked } = await result(connect(server, { known_hosts, identity_file: server.keyFile }));
    expect(asked).toEqual([]);
    expect(failed).toEqual({
      code: "host-key-changed",
      message: `The host key of ${me(server)} has changed: known is ssh-ed25519 ${before} (${known_hosts}:2), it showed ${server.hostKeys[0]?.fingerprint}.`,
      hint: `Someone may be listening in, or the node was installed anew. When you know it was, remove the old key: ssh-keygen -f "${known_hosts}" -R "[127.0.0.1]:${server.port}"`,
      phase: "host_key",
      node: me(server),
    });
  });

  it("is not asked for another type while one it knows is offered", async () => {
    const server = await sshd();
    const known_hosts = path.join(server.dir, "ecdsa-only");
    const [, ecdsa] = server.knownHostsLine.split("\n");
    fs.writeFileSync(known_hosts, `${ecdsa}\n`);
    const attempt = connect(server, { known_hosts, identity_file: server.keyFile });
    expect(await result(attempt)).toMatchObject({ connected: { privileges: "sudo" }, asked: [] });
  });

  it("names the types it knew when a known host shows a key of a new type", async () => {
    const server = await sshd({ host_key_types: ["ed25519"] });
    const known_hosts = path.join(server.dir, "other-type");
    const other = await sshd({ host_key_types: ["ecdsa"] });
    fs.writeFileSync(known_hosts, other.knownHostsLine.replace(String(other.port), String(server.port)));
    const attempt = connect(server, { known_hosts, answers: { host_key_new: [null] } });
    expect((await result(attempt)).asked).toMatchObject([{ known_types: ["ecdsa-sha2-nistp256"] }]);
  });

  it("asks nobody when StrictHostKeyChecking is yes", async () => {
    const server = await sshd();
    const known_hosts = path.join(server.dir, "none");
    const attempt = connect(server, { known_hosts, config: ["StrictHostKeyChecking yes"] });
    expect(await result(attempt)).toMatchObject({ failed: { code: "host-key-unknown" }, asked: [] });
  });

  it("treats StrictHostKeyChecking no as accept-new: a changed key is refused all the same", async () => {
    const server = await sshd();
    const known_hosts = path.join(server.dir, "hashed");
    const options = {
      known_hosts,
      identity_file: server.keyFile,
      config: ["StrictHostKeyChecking no", "HashKnownHosts yes"],
    };
    expect(await result(connect(server, options))).toMatchObject({ connected: { privileges: "sudo" }, asked: [] });
    expect(fs.readFileSync(known_hosts, "utf8")).toMatch(/^\|1\|/);
    server.rotateHostKey();
    expect((await result(connect(server, options))).failed).toMatchObject({ code: "host-key-changed" });
  });

  it("does not ask again when the keys are exchanged anew", async () => {
    const server = await sshd({ config: ["RekeyLimit 64K"] });
    const known_hosts = path.join(server.dir, "rekey");
    const attempt = connect(server, { known_hosts, identity_file: server.keyFile, answers: { host_key_new: [""] } });
    const transport = (await attempt.outcome) as NodeTransport;
    const ran = await run(transport, ["head", "-c", "2000000", "/dev/zero"]);
    expect([ran.stdout.length, attempt.asked.length]).toEqual([2_000_000, 1]);
    await transport.close();
  });
});

describe("root", () => {
  it("asks for the password of sudo when it needs one, again when it is wrong", async () => {
    const server = await sshd();
    const answers = { sudo_password: ["wrong", server.passwords.careful] };
    const host = me(server, "careful");
    expect(await result(connect(server, { user: "careful", identity_file: server.keyFile, answers }))).toEqual({
      connected: { host, user: "careful", privileges: "sudo_password" },
      asked: [
        { kind: "sudo_password", user: "careful", host, attempt: 1 },
        { kind: "sudo_password", user: "careful", host, attempt: 2 },
      ],
      phases: ALL_PHASES,
    });
  });

  it("says so after three wrong passwords", async () => {
    const server = await sshd();
    const answers = { sudo_password: ["a", "b", "c", "d"] };
    const { failed, asked } = await result(
      connect(server, { user: "careful", identity_file: server.keyFile, answers }),
    );
    expect(failed).toMatchObject({ code: "sudo-password-wrong", phase: "privileges", node: me(server, "careful") });
    expect(asked).toHaveLength(3);
  });

  it("goes on without root when no password is given, unless root was wanted", async () => {
    const server = await sshd();
    const options = { user: "careful", identity_file: server.keyFile, answers: { sudo_password: [null] } };
    expect(await result(connect(server, options))).toMatchObject({ connected: { privileges: "none" } });
    expect((await result(connect(server, { ...options, sudo: true }))).failed).toMatchObject({
      code: "sudo-refused",
      phase: "privileges",
      message: expect.stringContaining("no password for sudo was given"),
    });
    expect(await result(connect(server, { ...options, sudo: false }))).toMatchObject({
      connected: { privileges: "none" },
      asked: [],
    });
  });

  it("says that sudoers does not allow it", async () => {
    const server = await sshd();
    const answers = { sudo_password: [server.passwords["nobody-special"]] };
    const attempt = connect(server, { user: "nobody-special", identity_file: server.keyFile, answers, sudo: true });
    expect((await result(attempt)).failed).toMatchObject({
      code: "sudo-refused",
      message: `nobody-special gets no root on ${me(server, "nobody-special")}: sudoers does not allow it.`,
    });
  });

  it("says that sudo wants a terminal", async () => {
    const server = await sshd({ sudoers: ["Defaults:engineer requiretty"] });
    const attempt = connect(server, { identity_file: server.keyFile, sudo: true });
    expect((await result(attempt)).failed?.message).toMatch(/sudo wants a terminal \(requiretty\)/);
  });

  it("is found behind a noisy login profile", async () => {
    const server = await sshd({ noisy: true, banner: "Authorised use only\n" });
    const answers = { sudo_password: [server.passwords.careful] };
    const attempt = connect(server, { user: "careful", identity_file: server.keyFile, answers });
    expect(await result(attempt)).toMatchObject({ connected: { privileges: "sudo_password" } });
  });

  it("says when the account runs no commands", async () => {
    const server = await sshd({ config: ["ForceCommand echo no commands here; exit 1"] });
    expect((await result(connect(server, { identity_file: server.keyFile }))).failed).toMatchObject({
      code: "exec-failed",
      phase: "privileges",
      cause: "no commands here",
    });
  });
});

describe("servers that are none", () => {
  async function rawServer(onConnection: (socket: net.Socket) => void): Promise<number> {
    const sockets = new Set<net.Socket>();
    const server = net.createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      onConnection(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    stops.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return (server.address() as net.AddressInfo).port;
  }

  it("gives up on one that never answers, naming the step", async () => {
    const server = await sshd();
    const port = await rawServer(() => {});
    const { failed } = await result(connect(server, { port, limit_ms: 200 }));
    expect(failed).toMatchObject({
      code: "connect-timeout",
      phase: "connecting",
      message: `engineer@127.0.0.1:${port} did not answer within 0.2 s while connecting.`,
    });
  });

  it.each([
    ["garbage", "HTTP/1.1 400 Bad Request\r\n\r\n"],
    ["binary garbage", "\0\x01\x02\xff".repeat(5000)],
  ])("says that %s is not SSH", async (_, text) => {
    const server = await sshd();
    const port = await rawServer((socket) => socket.end(text));
    const { failed } = await result(connect(server, { port, limit_ms: 3000 }));
    expect(failed).toMatchObject({ code: "not-ssh", phase: "connecting" });
  });

  it("says that nothing listens there", async () => {
    const server = await sshd();
    const { failed } = await result(connect(server, { port: 1 }));
    expect(failed).toMatchObject({ code: "connect-failed", phase: "connecting" });
    expect(failed?.message).toMatch(/nothing listens on that port/);
  });

  it("says that a name is not known", async () => {
    const failed = await connectSsh({
      target: "root@no-such-host.invalid",
      signal: new AbortController().signal,
      onPhase: () => {},
      ask: () => new Promise(() => {}),
    }).catch((error: { data: unknown }) => error.data);
    expect(failed).toMatchObject({ code: "connect-failed", phase: "connecting" });
  });
});

describe("losing and leaving", () => {
  it("says so when the line is cut in the middle of the key exchange", async () => {
    const server = await sshd();
    const line = await startProxy({ target: server, cut_after_bytes: 300 });
    stops.push(() => line.stop());
    const { failed } = await result(connect(server, { port: line.port, identity_file: server.keyFile }));
    expect(failed).toMatchObject({ code: "not-ssh", phase: "connecting", node: `engineer@127.0.0.1:${line.port}` });
  });

  it.each([
    ["host_key", {}, { known_hosts: "/nonexistent/known_hosts" }, "not-ssh"],
    ["authenticating", { methods: ["password" as const] }, {}, "connect-failed"],
    ["privileges", {}, { user: "careful", key: true }, "connection-lost"],
  ])("says so when the line is cut during %s", async (phase, serverOptions, given, code) => {
    const server = await sshd(serverOptions);
    const line = await startProxy({ target: server });
    stops.push(() => line.stop());
    const { key, ...options } = { key: false, ...given };
    const attempt = connect(server, {
      ...options,
      port: line.port,
      ...(key ? { identity_file: server.keyFile } : {}),
    });
    while (attempt.asked.length === 0) await delay(5);
    line.cut();
    expect((await result(attempt)).failed).toMatchObject({ code, phase });
  });

  it("does not count the time a person needs", async () => {
    const server = await sshd({ methods: ["password"] });
    const attempt = connect(server, { limit_ms: 400, known_hosts: path.join(server.dir, "none") });
    while (attempt.asked.length === 0) await delay(5);
    const before = performance.now();
    await Promise.race([attempt.outcome, delay(1000)]);
    expect(performance.now() - before).toBeGreaterThan(950);
    attempt.abort.abort();
    expect((await result(attempt)).failed).toMatchObject({ code: "cancelled", phase: "host_key" });
  });

  const stalledServer = async (): Promise<[TestSshd, number]> => {
    const server = await sshd();
    const line = await startProxy({ target: server });
    line.stall();
    stops.push(() => line.stop());
    return [server, line.port];
  };

  it.each([
    ["resolving", async () => [await sshd(), { config: ['Match exec "sleep 5"', "User x", "Match all"] }] as const],
    [
      "connecting",
      async () => {
        const [server, port] = await stalledServer();
        return [server, { port }] as const;
      },
    ],
    ["host_key", async () => [await sshd(), { known_hosts: "/nonexistent/known_hosts" }] as const],
    ["authenticating", async () => [await sshd({ methods: ["password"] }), {}] as const],
    ["privileges", async () => [await sshd(), { user: "careful", key: true }] as const],
  ])("is cancelled at once while %s", async (phase, prepare) => {
    const [server, given] = await prepare();
    const { key, ...options } = { key: false, ...given };
    const attempt = connect(server, { ...options, ...(key ? { identity_file: server.keyFile } : {}) });
    while (attempt.phases.at(-1) !== phase) await delay(2);
    if (phase !== "resolving" && phase !== "connecting") while (attempt.asked.length === 0) await delay(2);
    const before = performance.now();
    attempt.abort.abort();
    expect((await result(attempt)).failed).toMatchObject({ code: "cancelled", phase });
    // Every limit of a phase is longer than this.
    expect(performance.now() - before).toBeLessThan(3_000);
    // A stalled line holds back the end of the connection too.
    while (phase !== "connecting" && server.connections() > 0) await delay(5);
  });

  it("leaves no socket and no timer behind, connected or not", async () => {
    const server = await sshd();
    const resources = () => process.getActiveResourcesInfo().filter((name) => /^(TCPSocketWrap|Timeout)$/.test(name));
    const before = resources();
    await result(connect(server, { identity_file: server.keyFile }));
    await result(connect(server, { known_hosts: "/nonexistent/known_hosts", answers: { host_key_new: [null] } }));
    while (server.connections() > 0) await delay(5);
    await delay(50);
    expect(resources().sort()).toEqual(before.sort());
  });
});
