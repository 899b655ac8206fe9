/** The test sshd and the test proxy themselves: what every other test over SSH stands on. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { atEnd, sshd, stopAfterEach } from "../support/ssh-lab.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { startProxy, type TcpProxy } from "../support/tcp-proxy.ts";

stopAfterEach();

async function proxy(options: Parameters<typeof startProxy>[0]): Promise<TcpProxy> {
  const server = await startProxy(options);
  atEnd(() => server.stop());
  return server;
}

/** Runs the system's ssh and returns what it printed and its exit code. */
async function ssh(server: TestSshd, user: string, command: string, port = server.port) {
  const known = ["-o", `UserKnownHostsFile=${server.knownHosts}`, "-o", `HostKeyAlias=[127.0.0.1]:${server.port}`];
  const args = ["-F", "none", "-p", String(port), "-i", server.keyFile, "-o", "BatchMode=yes", ...known];
  const child = spawn("ssh", [...args, `${user}@127.0.0.1`, command], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (bytes: Buffer) => {
    stdout += bytes.toString();
  });
  child.stderr.on("data", (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

describe("the test sshd", () => {
  it("has users that the machine does not have, with sudo as their names say", async () => {
    const server = await sshd();
    expect(await ssh(server, "root", "id -un")).toEqual({ code: 0, stdout: "root\n", stderr: "" });
    expect(await ssh(server, "engineer", "sudo -n id -un")).toEqual({ code: 0, stdout: "root\n", stderr: "" });
    expect(await ssh(server, "careful", "sudo -n id -un")).toMatchObject({ code: 1, stdout: "" });
    const password = `echo ${server.passwords.careful} | sudo -S -p '' id -un`;
    expect(await ssh(server, "careful", password)).toEqual({ code: 0, stdout: "root\n", stderr: "" });
    const refused = `echo ${server.passwords["nobody-special"]} | sudo -S -p '' id -un`;
    expect(await ssh(server, "nobody-special", refused)).toMatchObject({ code: 1, stdout: "" });
  });

  it("leaves no folder, and names the processes a session left behind", async () => {
    const server = await startSshd();
    expect(await ssh(server, "engineer", "setsid sleep 4141 >/dev/null 2>&1 </dev/null &")).toMatchObject({ code: 0 });
    await expect(server.stop()).rejects.toThrow(/left 0 connections and these processes behind:\n\d+: sleep 4141/);
    expect(existsSync(server.dir)).toBe(false);
    expect(server.processes()).toEqual([]);
  });
});

describe("the test proxy", () => {
  it("adds its delay to the round trip and passes everything on", async () => {
    const server = await sshd();
    const line = await proxy({ target: server, delay_ms: 60 });
    const before = performance.now();
    const text = await ssh(server, "root", "head -c 300000 /dev/zero | tr '\\0' x; echo", line.port);
    expect(text).toEqual({ code: 0, stdout: `${"x".repeat(300000)}\n`, stderr: "" });
    // Version, key exchange, service, key, session and command: more than five round trips.
    expect(performance.now() - before).toBeGreaterThan(300);
  });

  it("cuts a connection after so many bytes", async () => {
    const server = await sshd();
    const line = await proxy({ target: server, cut_after_bytes: 100_000 });
    expect(await ssh(server, "root", "head -c 300000 /dev/zero", line.port)).toMatchObject({ code: 255 });
    expect(line.connections()).toBe(0);
  });
});
