/** Trusting a real OpenSSH server: known, new, changed keys, and keys that are exchanged anew. */
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { type AttemptOptions, connect, run } from "../support/ssh-connect.ts";
import { me, result, sshd, stopAfterEach } from "../support/ssh-lab.ts";

stopAfterEach();

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
    const known = server.hostKeys.map(({ type, fingerprint }, index) => {
      return { file: known_hosts, line: index + 2, key_type: type, fingerprint };
    });
    const before = known[0]?.fingerprint;
    server.rotateHostKey();
    const [shown] = server.hostKeys;
    const { failed, asked } = await result(connect(server, { known_hosts, identity_file: server.keyFile }));
    expect(asked).toEqual([]);
    expect(failed).toEqual({
      code: "host-key-changed",
      message: `The host key of ${me(server)} has changed: known is ssh-ed25519 ${before} (${known_hosts}:2), it showed ${server.hostKeys[0]?.fingerprint}.`,
      hint: `Someone may be listening in, or the node was installed anew. When you know it was, remove the old key: ssh-keygen -f "${known_hosts}" -R "[127.0.0.1]:${server.port}"`,
      phase: "host_key",
      node: me(server),
      host_key: {
        name: `[127.0.0.1]:${server.port}`,
        key_type: "ssh-ed25519",
        fingerprint: shown?.fingerprint,
        key: shown?.blob,
        known,
      },
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
