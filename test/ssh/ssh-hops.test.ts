/** Nodes behind other hosts over real OpenSSH servers, and a second connection over the same way. */
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { type AttemptOptions, connect, connectsBy, run } from "../support/ssh-connect.ts";
import { me, result, sshd, stopAfterEach } from "../support/ssh-lab.ts";
import type { TestSshd } from "../support/sshd.ts";

stopAfterEach();

/** Servers that take the node's agent key, the node last; each is reached through the one before. */
async function chainOf(count: number): Promise<{ hops: TestSshd[]; node: TestSshd; options: AttemptOptions }> {
  const servers = await Promise.all(Array.from({ length: count + 1 }, () => sshd()));
  const node = servers.at(-1) as TestSshd;
  const agent = await node.startAgent();
  const authorized = "root/home/engineer/.ssh/authorized_keys";
  for (const server of servers) {
    if (server !== node)
      fs.writeFileSync(path.join(server.dir, authorized), fs.readFileSync(path.join(node.dir, authorized)));
  }
  const known_hosts = path.join(node.dir, "all");
  fs.writeFileSync(known_hosts, servers.map((server) => server.knownHostsLine).join(""));
  const jumps = servers
    .slice(1)
    .flatMap((server, index) => [
      `Match host 127.0.0.1 exec "test %p = ${server.port}"`,
      `ProxyJump engineer@127.0.0.1:${servers[index]?.port}`,
    ]);
  const config = [...jumps, "Match all", `IdentityAgent ${agent}`];
  return { hops: servers.slice(0, -1), node, options: { config, known_hosts } };
}

describe("jump hosts", () => {
  it.each([1, 2])("goes through %i of them, each logged in to and told by itself", async (count) => {
    const { hops, node, options } = await chainOf(count);
    const attempt = connect(node, options);
    const transport = (await attempt.outcome) as NodeTransport;
    expect(await run(transport, ["id", "-un"])).toMatchObject({ stdout: "engineer\n" });
    expect([...hops, node].map((server) => server.connections())).toEqual(Array(count + 1).fill(1));
    expect(transport.link).toEqual({
      backend: connectsBy("ssh2") ? "ssh2" : "openssh",
      why: expect.any(String),
      hops: [...hops, node].map((server) => ({
        host: me(server),
        server: expect.stringMatching(/^SSH-2\.0-OpenSSH_/),
        kex: expect.stringMatching(/sha/),
        host_key: "ssh-ed25519",
        cipher: expect.stringMatching(/^aes|^chacha/),
        mac: null,
        compression: "none",
        auth: [expect.stringMatching(/^publickey ED25519 SHA256:.{43}$/)],
        weak: expect.any(Array),
      })),
    });
    await transport.close();
    for (const server of [...hops, node]) while (server.connections() > 0) await delay(5);
  });

  it("asks for what a hop wants, saying which node it is on the way to", async () => {
    const { hops, node, options } = await chainOf(1);
    const [hop] = hops as [TestSshd];
    const known_hosts = path.join(node.dir, "new");
    fs.writeFileSync(known_hosts, node.knownHostsLine);
    fs.writeFileSync(path.join(hop.dir, "root/home/engineer/.ssh/authorized_keys"), "");
    const answers = { host_key_new: [""], keyboard_interactive: [hop.passwords.engineer] };
    const attempt = connect(node, { ...options, known_hosts, answers });
    expect(await result(attempt)).toMatchObject({
      connected: { host: me(node) },
      asked: [
        { kind: "host_key_new", port: hop.port, on_the_way_to: me(node) },
        { kind: "keyboard_interactive", user: "engineer", on_the_way_to: me(node) },
      ],
    });
    expect(attempt.details).toContainEqual(expect.stringMatching(`^hop ${me(hop)}: `));
  });

  it("refuses a hop whose key has changed, and names the hop", async () => {
    const { hops, node, options } = await chainOf(1);
    const [hop] = hops as [TestSshd];
    hop.rotateHostKey();
    const { failed, asked } = await result(connect(node, options));
    expect(failed).toMatchObject({
      code: "host-key-changed",
      phase: "host_key",
      node: me(hop),
      host_key: { name: `[127.0.0.1]:${hop.port}`, fingerprint: hop.hostKeys[0]?.fingerprint },
    });
    expect(asked).toEqual([]);
    expect(node.connections()).toBe(0);
  });

  it("says what the hop says when it cannot reach the node, and leaves the hop", async () => {
    const { hops, node, options } = await chainOf(1);
    const [hop] = hops as [TestSshd];
    const config = [
      `Match host 127.0.0.1 exec "test %p = 1"`,
      `ProxyJump engineer@127.0.0.1:${hop.port}`,
      `Match host 127.0.0.1 exec "test %p = ${hop.port}"`,
      `HostKeyAlias [127.0.0.1]:${hop.port}`,
    ];
    const { failed } = await result(
      connect(node, { ...options, config: [...config, ...(options.config ?? [])], port: 1 }),
    );
    expect(failed).toMatchObject({ code: "connect-failed", phase: "connecting", node: "engineer@127.0.0.1:1" });
    expect(failed?.message).toBe("The hop before it could not reach 127.0.0.1 port 1.");
    while (hop.connections() > 0) await delay(5);
  });
});

describe.runIf(connectsBy("ssh2"))("another connection", () => {
  it("is made over the same hops without a question", async () => {
    const { hops, node, options } = await chainOf(1);
    const attempt = connect(node, options);
    const transport = (await attempt.outcome) as NodeTransport;
    const again = await another(transport);
    expect(again).toHaveLength(2);
    expect([...hops, node].map((server) => server.connections())).toEqual([2, 2]);
    for (const { client } of again) client.end();
    await transport.close();
    expect(attempt.asked).toEqual([]);
  });

  it("uses a key that was unlocked, until it is locked", async () => {
    const server = await sshd({ methods: ["publickey"] });
    const answers = { passphrase: [server.passphrase] };
    const attempt = connect(server, { identity_file: server.encryptedKeyFile, answers });
    const transport = (await attempt.outcome) as NodeTransport;
    for (const { client } of await another(transport)) client.end();
    transport.forgetSecrets?.();
    await expect(another(transport)).rejects.toMatchObject({ data: { code: "auth-failed" } });
    await transport.close();
    expect(attempt.asked).toHaveLength(1);
  });

  it("is not made where a password would have to be typed", async () => {
    const server = await sshd({ methods: ["password"] });
    const attempt = connect(server, { answers: { password: [server.passwords.engineer, server.passwords.engineer] } });
    const transport = (await attempt.outcome) as NodeTransport;
    await expect(another(transport)).rejects.toMatchObject({ data: { code: "needs-person", node: me(server) } });
    await transport.close();
    expect(attempt.asked).toHaveLength(1);
    while (server.connections() > 0) await delay(5);
  });
});

function another(transport: NodeTransport) {
  const { options } = transport as unknown as {
    options: { another: (signal: AbortSignal) => Promise<{ client: { end(): void } }[]> };
  };
  return options.another(new AbortController().signal);
}
