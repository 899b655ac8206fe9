/** Nodes behind other hosts: ProxyJump and ProxyCommand. */
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { connect, run } from "../support/ssh-connect.ts";
import { sshd, stopAfterEach } from "../support/ssh-lab.ts";

stopAfterEach();

describe("jump hosts", () => {
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
});
