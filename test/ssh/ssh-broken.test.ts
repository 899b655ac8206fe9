/** Servers that are none, lines that break, people who give up: an error with its phase, and nothing left behind. */
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { connectSsh } from "../../electron/host/ssh/connect.ts";
import { connect } from "../support/ssh-connect.ts";
import { atEnd, me, rawServer, result, sshd, stopAfterEach } from "../support/ssh-lab.ts";
import type { TestSshd } from "../support/sshd.ts";
import { startProxy } from "../support/tcp-proxy.ts";

stopAfterEach();

describe("servers that are none", () => {
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

  it("gives up on one that greets and then never answers", async () => {
    const server = await sshd();
    const port = await rawServer((socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n"));
    const { failed } = await result(connect(server, { port, limit_ms: 500 }));
    expect(failed).toMatchObject({
      code: "connect-timeout",
      phase: "connecting",
      hint: "Check the address, the port, and that no firewall drops the packets.",
    });
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
    atEnd(() => line.stop());
    const { failed } = await result(connect(server, { port: line.port, identity_file: server.keyFile }));
    expect(failed).toMatchObject({ code: "not-ssh", phase: "connecting", node: `engineer@127.0.0.1:${line.port}` });
  });

  it.each([
    ["host_key", {}, { known_hosts: "/nonexistent/known_hosts" }, "connect-failed"],
    ["authenticating", { methods: ["password" as const] }, {}, "connect-failed"],
    ["privileges", {}, { user: "careful", key: true }, "connection-lost"],
  ])("says so when the line is cut during %s", async (phase, serverOptions, given, code) => {
    const server = await sshd(serverOptions);
    const line = await startProxy({ target: server });
    atEnd(() => line.stop());
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

  it.each([
    ["for the key", "host_key", { known_hosts: "/nonexistent/known_hosts" }],
    ["for the password", "authenticating", {}],
  ])(
    "says that the time for a login is over when the node hangs up while a person is asked %s",
    async (_, phase, options) => {
      const server = await sshd({ methods: ["password"], config: ["LoginGraceTime 1"] });
      const { failed, asked } = await result(connect(server, options));
      expect(failed).toMatchObject({
        code: "connect-failed",
        phase,
        node: me(server),
        hint: expect.stringMatching(/LoginGraceTime.*connect again/),
      });
      expect(asked).toHaveLength(1);
    },
  );

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
    atEnd(() => line.stop());
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
