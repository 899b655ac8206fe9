/** What only the system's ssh can do: when it is chosen, what it asks, and that nothing of it is left. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { resolveChain } from "../../electron/host/ssh/chain.ts";
import type { ConnectSshOptions } from "../../electron/host/ssh/connect.ts";
import { connectOpenSsh } from "../../electron/host/ssh/openssh/connect.ts";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { type AttemptOptions, connect, run } from "../support/ssh-connect.ts";
import { atEnd, me, result, sshd, stopAfterEach } from "../support/ssh-lab.ts";
import type { TestSshd } from "../support/sshd.ts";

stopAfterEach();

/** A folder for files that sshd reads at each connection, so they may be made after it was started. */
function folder(): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-ca-"));
  atEnd(async () => fs.rmSync(dir, { recursive: true }));
  return dir;
}

function keygen(...args: string[]): void {
  execFileSync("ssh-keygen", ["-q", ...args], { stdio: "pipe" });
}

async function open(server: TestSshd, options: AttemptOptions): Promise<NodeTransport> {
  const outcome = await connect(server, options).outcome;
  if (!("exec" in outcome)) throw new Error(`not connected: ${JSON.stringify(outcome)}\n${server.log()}`);
  atEnd(() => outcome.close());
  return outcome;
}

/** Command lines and environments of all processes but this one. */
function processTexts(): string[] {
  const pids = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return pids.flatMap((pid) =>
    ["cmdline", "environ"].map((file) => {
      try {
        return fs.readFileSync(`/proc/${pid}/${file}`, "utf8").replaceAll("\0", " ");
      } catch {
        return ""; // ended meanwhile
      }
    }),
  );
}

const processesWith = (word: string) => processTexts().filter((text) => text.includes(word));

describe("the system's ssh is chosen", () => {
  it("for a user certificate beside the key, and says so", async () => {
    const dir = folder();
    const server = await sshd({ methods: ["publickey"], config: [`TrustedUserCAKeys ${dir}/ca.pub`] });
    keygen("-t", "ed25519", "-N", "", "-f", `${dir}/ca`);
    keygen("-t", "ed25519", "-N", "", "-f", `${dir}/id`);
    keygen("-s", `${dir}/ca`, "-I", "test", "-n", "engineer", "-V", "+1h", `${dir}/id.pub`);
    const transport = await open(server, { identity_file: `${dir}/id` });
    expect(transport.link).toMatchObject({
      backend: "openssh",
      why: `${dir}/id-cert.pub is a certificate, which only the system's ssh can use.`,
      hops: [{ host: me(server), auth: [expect.stringMatching(/^publickey ED25519-CERT SHA256:.{43}$/)] }],
    });
    expect(await run(transport, ["id", "-un"])).toMatchObject({ stdout: "engineer\n" });
  });

  it("for a host known by its certificate only, which it checks", async () => {
    const dir = folder();
    const server = await sshd({ host_key_types: ["ed25519"], config: [`HostCertificate ${dir}/host-cert.pub`] });
    keygen("-t", "ed25519", "-N", "", "-f", `${dir}/ca`);
    fs.copyFileSync(`${server.dir}/host_ed25519.pub`, `${dir}/host.pub`);
    const ca = fs.readFileSync(`${dir}/ca.pub`, "utf8");
    const known_hosts = `${dir}/known_hosts`;
    fs.writeFileSync(known_hosts, `@cert-authority [127.0.0.1]:${server.port} ${ca}`);
    const options = { known_hosts, identity_file: server.keyFile };

    keygen("-s", `${dir}/ca`, "-h", "-I", "test", "-n", "127.0.0.1", "-V", "+1h", `${dir}/host.pub`);
    const transport = await open(server, options);
    expect(transport.link).toMatchObject({
      backend: "openssh",
      why: expect.stringContaining("by a certificate authority only"),
      hops: [{ host_key: "ssh-ed25519-cert-v01@openssh.com" }],
    });

    keygen("-s", `${dir}/ca`, "-h", "-I", "test", "-n", "another.host", "-V", "+1h", `${dir}/host.pub`);
    const answers = { host_key_new: [null] };
    expect((await result(connect(server, { ...options, answers }))).failed?.code).toMatch(/^host-key-/);
  });

  it("for a key exchange that bpfdesk's own connection does not know", async () => {
    const server = await sshd({ config: ["KexAlgorithms sntrup761x25519-sha512@openssh.com"] });
    const transport = await open(server, { identity_file: server.keyFile });
    expect(transport.link).toMatchObject({
      backend: "openssh",
      why: expect.stringMatching(/^bpfdesk's own connection has no algorithm in common/),
      hops: [{ kex: expect.stringContaining("sntrup761"), weak: [] }],
    });
    const refused = await result(connect(server, { identity_file: server.keyFile, backend: "ssh2" }));
    expect(refused.failed).toMatchObject({ code: "no-common-algorithm" });
  });

  it("on request, and says when the node knows none of its algorithms", async () => {
    const server = await sshd({ config: ["KexAlgorithms diffie-hellman-group1-sha1"] });
    const { failed } = await result(connect(server, { identity_file: server.keyFile, backend: "openssh" }));
    expect(failed).toMatchObject({
      code: "no-common-algorithm",
      phase: "connecting",
      message: `${me(server)} and the system's ssh have no key exchange method in common.`,
      cause: expect.stringContaining("Their offer: diffie-hellman-group1-sha1"),
    });
  });
});

describe("keys", () => {
  it("that are revoked in known_hosts are refused", async () => {
    const server = await sshd({ host_key_types: ["ed25519"] });
    const known_hosts = path.join(server.dir, "revoked");
    fs.writeFileSync(known_hosts, server.knownHostsLine + server.knownHostsLine.replace(/^/, "@revoked "));
    const { failed, asked } = await result(connect(server, { known_hosts, backend: "openssh" }));
    expect(failed).toMatchObject({
      code: "host-key-revoked",
      phase: "host_key",
      message: expect.stringContaining(`marked as revoked in ${known_hosts}:2`),
    });
    expect(asked).toEqual([]);
  });

  it("of a ProxyCommand's own ssh are asked about by that host's name", async () => {
    const [bastion, server] = [await sshd(), await sshd()];
    const known = path.join(bastion.dir, "none");
    const proxy = [
      `ssh -F none -o IdentityFile=${bastion.keyFile} -o IdentityAgent=none -o UserKnownHostsFile=${known}`,
      `-o GlobalKnownHostsFile=none -p ${bastion.port} -W [%h]:%p engineer@127.0.0.1`,
    ];
    const config = [`ProxyCommand ${proxy.join(" ")}`];
    const attempt = connect(server, {
      identity_file: server.keyFile,
      backend: "openssh",
      config,
      answers: { host_key_new: [""] },
    });
    expect(await result(attempt)).toMatchObject({
      connected: { host: me(server) },
      asked: [{ kind: "host_key_new", port: bastion.port, fingerprint: bastion.hostKeys[0]?.fingerprint }],
    });
  });

  it("in PuTTY's format are refused with the way to convert them", async () => {
    const server = await sshd();
    const identity_file = path.join(folder(), "key.ppk");
    fs.writeFileSync(identity_file, "PuTTY-User-Key-File-3: ssh-ed25519\n");
    const { failed } = await result(connect(server, { identity_file, backend: "openssh" }));
    expect(failed).toMatchObject({ code: "identity-file", hint: expect.stringContaining("puttygen") });
  });
});

describe("an ssh that cannot share a connection", () => {
  const alone = async (server: TestSshd, known_hosts: string, ssh = "ssh") => {
    const config_file = path.join(server.dir, "config");
    fs.writeFileSync(config_file, "IdentityAgent none\nGlobalKnownHostsFile none\n");
    const asked: unknown[] = [];
    const options: ConnectSshOptions = {
      target: me(server),
      config_file,
      known_hosts,
      identity_file: server.keyFile,
      signal: new AbortController().signal,
      onPhase: () => {},
      ask: async (prompt) => {
        asked.push(prompt);
        return { accept: false, values: [] };
      },
    };
    const chain = await resolveChain(options.target, options);
    return { asked, outcome: connectOpenSsh(options, chain, "A test.", { sharing: false, ssh }) };
  };

  it("makes one for every command, and says so", async () => {
    const server = await sshd();
    const transport = await (await alone(server, server.knownHosts)).outcome;
    atEnd(() => transport.close());
    expect(transport.link?.why).toBe(
      "A test. This ssh cannot share a connection, so every command makes one of its own.",
    );
    const script = "id -u; cat; echo err >&2; exit 255";
    expect(await run(transport, ["sh", "-c", script], { root: true, stdin: "in\n" })).toEqual({
      exit: { code: 255, signal: null },
      stdout: "0\nin\n",
      stderr: "err\n",
    });
  });

  it("or is not there at all is named as what is needed, with the reason", async () => {
    const server = await sshd();
    const { outcome } = await alone(server, server.knownHosts, "no-such-ssh");
    await expect(outcome).rejects.toMatchObject({
      data: {
        code: "no-openssh",
        message: expect.stringMatching(/none on this machine\. A test\.$/),
        phase: "connecting",
      },
    });
  });

  it("asks nothing, and says what to do instead", async () => {
    const server = await sshd();
    const { asked, outcome } = await alone(server, path.join(server.dir, "none"));
    await expect(outcome).rejects.toMatchObject({
      data: { code: "host-key-unknown", hint: expect.stringContaining("ssh in a terminal") },
    });
    expect(asked).toEqual([]);
  });
});

describe("sudo that wants a terminal", () => {
  it("gets one, and the command's streams stay apart", async () => {
    const server = await sshd({ sudoers: ["Defaults requiretty"] });
    const transport = await open(server, { identity_file: server.keyFile, backend: "openssh" });
    expect(transport.privileges).toBe("sudo_terminal");
    const script = "id -u; cat; echo err >&2; exit 7";
    expect(await run(transport, ["sh", "-c", script], { root: true, stdin: "in\n" })).toEqual({
      exit: { code: 7, signal: null },
      stdout: "0\nin\n",
      stderr: "err\n",
    });
  });
});

describe("nothing is left", () => {
  /** Where nobody else makes folders. */
  function ownTmp(): string {
    const dir = folder();
    vi.stubEnv("TMPDIR", dir);
    atEnd(async () => void vi.unstubAllEnvs());
    return dir;
  }

  it("of secrets: no process has one in its arguments or environment while a login asks", async () => {
    const server = await sshd({ methods: ["password"] });
    const secret = server.passwords.careful;
    const attempt = connect(server, {
      user: "careful",
      backend: "openssh",
      answers: { password: ["wrong", secret], sudo_password: [secret] },
    });
    let over = false;
    void attempt.outcome.then(() => {
      over = true;
    });
    let looks = 0;
    const seen: string[] = [];
    for (; !over; looks++) {
      seen.push(...processesWith(secret));
      await delay(1);
    }
    const { connected, failed } = await result(attempt);
    expect({ connected, failed }).toMatchObject({ connected: { privileges: "sudo_password" } });
    expect(looks).toBeGreaterThan(3);
    expect(seen).toEqual([]);
  });

  it("of a connection that was closed, refused or cancelled", async () => {
    const server = await sshd();
    const tmp = ownTmp();
    const key = { identity_file: server.keyFile, backend: "openssh" as const };
    await result(connect(server, key));
    await result(
      connect(server, { ...key, known_hosts: path.join(server.dir, "a"), answers: { host_key_new: [null] } }),
    );
    const asking = connect(server, { ...key, known_hosts: path.join(server.dir, "b") });
    while (asking.asked.length === 0) await delay(5);
    asking.abort.abort();
    expect((await result(asking)).failed).toMatchObject({ code: "cancelled", phase: "host_key" });
    expect(processesWith(`-p ${server.port}`)).toEqual([]);
    expect(fs.readdirSync(tmp)).toEqual([]);
  });

  it("when the process that connects is killed: no ssh here, no command there, no folder", async () => {
    const server = await sshd();
    const config_file = path.join(server.dir, "config");
    fs.writeFileSync(config_file, "IdentityAgent none\nGlobalKnownHostsFile none\n");
    const options = {
      target: me(server),
      config_file,
      known_hosts: server.knownHosts,
      identity_file: server.keyFile,
      backend: "openssh",
    };
    const tmp = ownTmp();
    const holder = spawn(
      process.execPath,
      [
        path.join(import.meta.dirname, "../support/hold-connection.ts"),
        JSON.stringify(options),
        JSON.stringify(["sh", "-c", "echo up; sleep 300"]),
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const began = await Promise.race([once(holder.stdout, "data"), once(holder, "exit").then(() => null)]);
    expect(began).not.toBe(null);
    const ours = () => processesWith(`ssh -v`).filter((text) => text.includes(`-p ${server.port}`));
    expect(ours()).not.toEqual([]);
    expect(fs.readdirSync(tmp)).toHaveLength(1);
    expect(server.processes().length).toBeGreaterThan(0);
    holder.kill("SIGKILL");
    const killed = performance.now();
    while (ours().length > 0) await delay(10);
    const here_ms = performance.now() - killed;
    while (server.processes().length > 0 || server.connections() > 0) await delay(10);
    const there_ms = performance.now() - killed;
    while (fs.readdirSync(tmp).length > 0) await delay(10);
    console.log(
      `after kill -9: ssh here lived ${Math.round(here_ms)} ms, the command there ${Math.round(there_ms)} ms`,
    );
  });
});
