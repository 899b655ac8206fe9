/** Certificates of users and hosts: the system's ssh is taken by itself, and the authority is what is trusted. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { connect } from "../support/ssh-connect.ts";
import { atEnd, me, result, sshd, stopAfterEach } from "../support/ssh-lab.ts";
import type { TestSshd } from "../support/sshd.ts";

stopAfterEach();

const keygen = (...args: string[]) => execFileSync("ssh-keygen", ["-q", ...args], { stdio: "pipe" });

/** A server that takes users of an authority; `sign` writes a certificate for the key of the engineer. */
async function withAuthority(): Promise<{ server: TestSshd; sign: (...args: string[]) => string }> {
  const dir = fs.mkdtempSync("/tmp/bpfdesk-ca-");
  atEnd(async () => fs.rmSync(dir, { recursive: true }));
  fs.chmodSync(dir, 0o755);
  const authority = path.join(dir, "authority");
  keygen("-t", "ed25519", "-N", "", "-f", authority);
  const server = await sshd({ methods: ["publickey"], config: [`TrustedUserCAKeys ${authority}.pub`] });
  const key = path.join(server.dir, "signed");
  keygen("-t", "ed25519", "-N", "", "-f", key);
  const sign = (...args: string[]) => {
    keygen("-s", authority, "-I", "engineer's", ...args, `${key}.pub`);
    return key;
  };
  return { server, sign };
}

describe("a user's certificate", () => {
  it("beside a key lets in where the key alone would not, by the system's ssh, which is said", async () => {
    const { server, sign } = await withAuthority();
    const identity_file = sign("-n", "engineer", "-V", "+1h");
    const attempt = connect(server, { identity_file });
    const transport = (await attempt.outcome) as NodeTransport;
    expect(transport).toMatchObject({
      privileges: "sudo",
      link: {
        backend: "openssh",
        why: `${identity_file}-cert.pub is a certificate, which only the system's ssh can use.`,
        hops: [{ host: me(server), auth: [expect.stringMatching(/^publickey /)] }],
      },
    });
    expect(attempt.asked).toEqual([]);
    await transport.close();
    fs.rmSync(`${identity_file}-cert.pub`);
    expect((await result(connect(server, { identity_file }))).failed).toMatchObject({ code: "auth-failed" });
  });

  it.each([
    ["for somebody else", ["-n", "root"]],
    ["that has expired", ["-n", "engineer", "-V", "-2h:-1h"]],
  ])("%s is refused with what was tried", async (_, args) => {
    const { server, sign } = await withAuthority();
    const { failed, asked } = await result(connect(server, { identity_file: sign(...args) }));
    expect(failed).toMatchObject({
      code: "auth-failed",
      phase: "authenticating",
      message: expect.stringContaining("signed"),
      hint: expect.stringContaining("trusts your certificate"),
    });
    expect(asked).toEqual([]);
  });
});

describe("a host's certificate", () => {
  let dir: string;
  let authority: string;
  beforeAll(() => {
    dir = fs.mkdtempSync("/tmp/bpfdesk-ca-");
    authority = path.join(dir, "authority");
    keygen("-t", "ed25519", "-N", "", "-f", authority);
    return () => fs.rmSync(dir, { recursive: true });
  });

  /** A server whose key `authority` vouches for, as `principal`. */
  async function certified(principal: string, by = authority): Promise<{ server: TestSshd; known_hosts: string }> {
    const folder = fs.mkdtempSync(path.join(dir, "host-"));
    const certificate = path.join(folder, "host-cert.pub");
    const server = await sshd({ host_key_types: ["ed25519"], config: [`HostCertificate ${certificate}`] });
    fs.copyFileSync(path.join(server.dir, "host_ed25519.pub"), path.join(folder, "host.pub"));
    keygen("-s", by, "-I", "the node's", "-h", "-n", principal, path.join(folder, "host.pub"));
    const known_hosts = path.join(server.dir, "authorities");
    fs.writeFileSync(known_hosts, `@cert-authority [127.0.0.1]:* ${fs.readFileSync(`${authority}.pub`, "utf8")}`);
    return { server, known_hosts };
  }

  it("is trusted for its authority's sake, without a question", async () => {
    const { server, known_hosts } = await certified("127.0.0.1");
    const attempt = connect(server, { identity_file: server.keyFile, known_hosts });
    const transport = (await attempt.outcome) as NodeTransport;
    expect(transport.link).toMatchObject({
      backend: "openssh",
      why: expect.stringContaining("certificate authority"),
      hops: [{ host_key: expect.stringMatching(/-cert-v01@openssh\.com$/) }],
    });
    expect(attempt.asked).toEqual([]);
    await transport.close();
  });

  it("of another authority, or for another host, is not: the key is a new one", async () => {
    const other = path.join(dir, "other");
    keygen("-t", "ed25519", "-N", "", "-f", other);
    for (const [principal, by] of [
      ["127.0.0.1", other],
      ["elsewhere", authority],
    ] as const) {
      const { server, known_hosts } = await certified(principal, by);
      const before = fs.readFileSync(known_hosts, "utf8");
      const answers = { host_key_new: [null] };
      const { failed, asked } = await result(connect(server, { identity_file: server.keyFile, known_hosts, answers }));
      expect(failed).toMatchObject({ phase: "host_key", node: me(server) });
      expect(["host-key-rejected", "host-key-unknown"]).toContain(failed?.code);
      expect(asked.map(({ kind }) => kind).filter((kind) => kind !== "host_key_new")).toEqual([]);
      expect(fs.readFileSync(known_hosts, "utf8")).toBe(before);
    }
  });

  it("whose authority is revoked is refused, and nobody is asked", async () => {
    const { server, known_hosts } = await certified("127.0.0.1");
    fs.appendFileSync(known_hosts, `@revoked * ${fs.readFileSync(`${authority}.pub`, "utf8")}`);
    const { failed, asked } = await result(connect(server, { identity_file: server.keyFile, known_hosts }));
    expect(failed).toMatchObject({ code: "host-key-revoked", phase: "host_key" });
    expect(asked).toEqual([]);
  });
});
