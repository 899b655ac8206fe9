/** Trusting a real OpenSSH server: known, new, changed keys, and keys that are exchanged anew. */
import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { promisify } from "node:util";
import ssh2 from "ssh2";
import { describe, expect, it } from "vitest";
import { replaceHostKey } from "../../electron/host/ssh/replace-key.ts";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { type AttemptOptions, connect, connectsBy, run } from "../support/ssh-connect.ts";
import { atEnd, me, result, sshd, stopAfterEach } from "../support/ssh-lab.ts";

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
    const { asked, failed } = await result(attempt);
    if (connectsBy("ssh2")) expect(asked).toMatchObject([{ known_types: ["ecdsa-sha2-nistp256"] }]);
    else {
      // OpenSSH takes it for a changed key, and asks nobody.
      expect(asked).toEqual([]);
      expect(failed).toMatchObject({
        code: "host-key-changed",
        message: expect.stringMatching(
          /of a type it is not known by: ssh-ed25519 SHA256:.*known is ecdsa-sha2-nistp256/,
        ),
        host_key: { key_type: "ssh-ed25519", known: [{ key_type: "ecdsa-sha2-nistp256", line: 1 }] },
      });
    }
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

  it("accepts no key of another type by itself", async () => {
    const server = await sshd({ host_key_types: ["ecdsa"] });
    const known_hosts = path.join(server.dir, "other-type");
    const own = `[127.0.0.1]:${server.port}`;
    const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    fs.writeFileSync(known_hosts, `${own} ${other}\n`);
    const config = ["StrictHostKeyChecking accept-new"];
    const attempt = connect(server, { known_hosts, identity_file: server.keyFile, config });
    const { failed, asked } = await result(attempt);
    expect(failed).toMatchObject({ code: "host-key-changed", phase: "host_key" });
    expect(failed?.host_key).toMatchObject({ key_type: "ecdsa-sha2-nistp256", known: [{ key_type: "ssh-ed25519" }] });
    expect(asked).toEqual([]);
    expect(fs.readFileSync(known_hosts, "utf8")).toBe(`${own} ${other}\n`);
  });

  it("does not ask again when the keys are exchanged anew", async () => {
    const server = await sshd({ config: ["RekeyLimit 64K"] });
    const known_hosts = path.join(server.dir, "rekey");
    const attempt = connect(server, { known_hosts, identity_file: server.keyFile, answers: { host_key_new: [""] } });
    const transport = (await attempt.outcome) as NodeTransport;
    const ran = await run(transport, ["head", "-c", "2000000", "/dev/zero"]);
    expect([ran.exit, ran.stdout.length, attempt.asked.length]).toEqual([{ code: 0, signal: null }, 2_000_000, 1]);
    await transport.close();
  });

  it("refuses a revoked key, whatever else is known", async () => {
    const server = await sshd({ host_key_types: ["ed25519"] });
    const known_hosts = path.join(server.dir, "revoked");
    const [key] = server.hostKeys;
    fs.writeFileSync(known_hosts, `${server.knownHostsLine}@revoked * ${key?.type} ${key?.blob}\n`);
    const { failed, asked } = await result(connect(server, { known_hosts, identity_file: server.keyFile }));
    expect(failed).toMatchObject({ code: "host-key-revoked", phase: "host_key", node: me(server) });
    expect(failed?.message).toContain(`${known_hosts}:2: ssh-ed25519 ${key?.fingerprint}`);
    expect(asked).toEqual([]);
  });

  it("goes no further when known_hosts cannot be read", async () => {
    const server = await sshd();
    const { failed, asked } = await result(connect(server, { known_hosts: server.dir }));
    expect(failed).toMatchObject({ code: "known-hosts-read", phase: "connecting", node: me(server) });
    expect(asked).toEqual([]);
  });

  it("says that StrictHostKeyChecking no is treated as accept-new", async () => {
    const server = await sshd();
    const config = ["StrictHostKeyChecking no"];
    const attempt = connect(server, {
      known_hosts: path.join(server.dir, "new"),
      identity_file: server.keyFile,
      config,
    });
    await result(attempt);
    expect(attempt.details).toContainEqual(expect.stringMatching(/treated as accept-new: a changed key is refused/));
  });

  it("is replaced deliberately: bpfdesk and the system's ssh both know the new one then", async () => {
    const server = await sshd({ host_key_types: ["ed25519"] });
    const known_hosts = path.join(server.dir, "replaced");
    fs.writeFileSync(
      known_hosts,
      `other.example ${server.knownHostsLine.split(" ").slice(1).join(" ")}${server.knownHostsLine}`,
    );
    execFileSync("ssh-keygen", ["-H", "-f", known_hosts], { stdio: "pipe" });
    server.rotateHostKey();
    const options = { known_hosts, identity_file: server.keyFile };
    const { failed } = await result(connect(server, options));
    const [shown] = server.hostKeys;
    if (failed?.host_key === undefined) throw new Error("no host key in the refusal");
    const request = { host_key: failed.host_key, node: me(server), fingerprint: shown?.fingerprint ?? "" };
    await expect(replaceHostKey({ ...request, confirm: "" })).rejects.toMatchObject({
      data: { code: "confirm-mismatch" },
    });
    expect(await replaceHostKey({ ...request, confirm: "127.0.0.1" })).toMatchObject({
      removed: [{ file: known_hosts, line: 2 }],
      added: { file: known_hosts, fingerprint: shown?.fingerprint },
    });
    expect(await result(connect(server, options))).toMatchObject({ connected: { privileges: "sudo" }, asked: [] });
    const strict = [
      "-o",
      "StrictHostKeyChecking=yes",
      "-o",
      `UserKnownHostsFile=${known_hosts}`,
      "-o",
      "BatchMode=yes",
    ];
    const login = ["-F", "none", "-i", server.keyFile, "-p", String(server.port), "engineer@127.0.0.1", "id -un"];
    const { stdout } = await promisify(execFile)("ssh", [...strict, ...login]);
    expect(stdout).toBe("engineer\n");
  });

  it("is not accepted when another one comes at a later key exchange, and nobody is asked", async () => {
    const files = await sshd();
    const [first, second] = ["first", "second"].map((name) => {
      const file = path.join(files.dir, name);
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
      return fs.readFileSync(file, "utf8");
    }) as [string, string];
    const server = new ssh2.Server({ hostKeys: [first] }, (client) => {
      client.on("authentication", (context) => context.accept());
      client.on("error", () => {});
      client.on("session", (accept) => {
        accept().on("exec", () => {
          // What the server keeps its keys in.
          const { _protocol } = client as unknown as { _protocol: { _hostKeys: Record<string, unknown> } };
          _protocol._hostKeys["ssh-ed25519"] = ssh2.utils.parseKey(second);
          client.rekey();
        });
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    atEnd(async () => server.close());
    const { port } = server.address() as AddressInfo;
    const known_hosts = path.join(files.dir, "swapped");
    const attempt = connect(files, { port, known_hosts, answers: { host_key_new: ["", ""] } });
    const { failed, asked } = await result(attempt);
    expect(failed).toMatchObject({ code: "connection-lost", phase: "privileges" });
    expect(asked).toHaveLength(1);
    expect(fs.readFileSync(known_hosts, "utf8").trim().split("\n")).toHaveLength(1);
  });
});
