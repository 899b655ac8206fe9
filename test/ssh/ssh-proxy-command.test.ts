/** Connections that a ProxyCommand makes, to a real OpenSSH server. */
import * as fs from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { connect, connectsBy, run } from "../support/ssh-connect.ts";
import { me, result, sshd, stopAfterEach } from "../support/ssh-lab.ts";

stopAfterEach();

describe("ProxyCommand", () => {
  /** What runs a shell line of ours as ProxyCommand; its process is found by a marker in its arguments. */
  const left = (marker: string) =>
    fs
      .readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(marker);
        } catch {
          return false; // ended meanwhile
        }
      });

  const relay = `perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new("$ARGV[0]:$ARGV[1]") or die "no way: $!\\n"; if (fork) { while (sysread(STDIN, $b, 65536)) { syswrite($s, $b) } shutdown($s, 1); wait } else { while (sysread($s, $b, 65536)) { syswrite(STDOUT, $b) } }'`;

  it("is the connection, its tokens filled in, and ends with it", async () => {
    const server = await sshd();
    const marker = `relay-${server.port}-a`;
    const config = [`ProxyCommand ${relay} %h %p ${marker} %r %n %%`];
    const attempt = connect(server, { config, identity_file: server.keyFile });
    const transport = (await attempt.outcome) as NodeTransport;
    expect(await run(transport, ["head", "-c", "1000000", "/dev/zero"])).toMatchObject({ exit: { code: 0 } });
    const lines = left(marker).map((pid) => fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0"));
    expect(lines[0]?.slice(-7, -1)).toEqual(["127.0.0.1", String(server.port), marker, "engineer", "127.0.0.1", "%"]);
    await transport.close();
    while (left(marker).length > 0) await delay(5);
  });

  it("is named as what failed, with what it said", async () => {
    const server = await sshd();
    const config = ["ProxyCommand sh -c 'echo first >&2; echo the proxy is closed today >&2; exit 7'"];
    const { failed } = await result(connect(server, { config }));
    expect(failed).toEqual({
      code: "proxy-command",
      message: `The ProxyCommand for ${me(server)} ended ${connectsBy("ssh2") ? "with exit code 7 " : ""}before the node answered.`,
      hint: "Run it in a terminal: sh -c 'echo first >&2; echo the proxy is closed today >&2; exit 7'",
      cause: "first\nthe proxy is closed today",
      phase: "connecting",
      node: me(server),
    });
  });

  it.each([
    ["does not exist", "no-such-program-anywhere", "proxy-command"],
    ["never answers", "sleep 600", "connect-timeout"],
    ["is no way to an SSH server", "echo hello; exec sleep 600", "connect-timeout"],
  ])("gives up when it %s, and leaves no process", async (_, command, code) => {
    const server = await sshd();
    const marker = `proxy-${server.port}-b`;
    const config = [`ProxyCommand sh -c '${command}' ${marker}`];
    const { failed } = await result(connect(server, { config, limit_ms: 500 }));
    expect(failed).toMatchObject({ code, phase: "connecting", node: me(server) });
    while (left(marker).length > 0) await delay(5);
  });

  it("is ended at once when the person gives up", async () => {
    const server = await sshd();
    const marker = `proxy-${server.port}-c`;
    const attempt = connect(server, { config: [`ProxyCommand sh -c 'trap "" HUP; sleep 600; :' ${marker}`] });
    while (left(marker).length === 0) await delay(5);
    attempt.abort.abort();
    expect((await result(attempt)).failed).toMatchObject({ code: "cancelled", phase: "connecting" });
    while (left(marker).length > 0) await delay(5);
  });

  it("is not run where ProxyJump none or ProxyCommand none says so", async () => {
    const server = await sshd();
    const config = ["ProxyCommand none", "ProxyJump none", "Match all", "ProxyCommand false"];
    expect(await result(connect(server, { config, identity_file: server.keyFile }))).toMatchObject({
      connected: { host: me(server) },
    });
  });
});
