/** An engineer's own configuration and its words on algorithms: what they forbid is not used, what they ask for is. */
import { describe, expect, it } from "vitest";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { connect } from "../support/ssh-connect.ts";
import { result, sshd, stopAfterEach } from "../support/ssh-lab.ts";

stopAfterEach();

describe("Match exec", () => {
  it("applies where its command succeeds, and only there", async () => {
    const server = await sshd({ methods: ["publickey"] });
    const under = (command: string) => [`Match exec "${command}"`, `IdentityFile ${server.keyFile}`, "Match all"];
    const yes = await result(connect(server, { config: under(`test %p = ${server.port} -a %r = engineer`) }));
    expect(yes).toMatchObject({ connected: { privileges: "sudo" }, asked: [] });
    const no = await result(connect(server, { config: under("test %p = 22") }));
    expect(no.failed).toMatchObject({ code: "auth-failed", phase: "authenticating" });
  });
});

describe("lists of algorithms", () => {
  it("decide what is used", async () => {
    const server = await sshd();
    const config = [
      "KexAlgorithms ecdh-sha2-nistp384",
      "HostKeyAlgorithms ecdsa-sha2-nistp256",
      "Ciphers aes192-ctr",
      "MACs hmac-sha2-512",
    ];
    const attempt = connect(server, { identity_file: server.keyFile, config });
    const transport = (await attempt.outcome) as NodeTransport;
    expect(transport.link?.hops).toMatchObject([
      { kex: "ecdh-sha2-nistp384", host_key: "ecdsa-sha2-nistp256", cipher: "aes192-ctr", mac: "hmac-sha2-512" },
    ]);
    await transport.close();
  });

  it.each([
    ["KexAlgorithms", "ecdh-sha2-nistp256", "ecdh-sha2-nistp521"],
    ["Ciphers", "aes128-ctr", "aes256-ctr"],
    ["MACs", "hmac-sha2-256", "hmac-sha2-512"],
    ["HostKeyAlgorithms", "ssh-ed25519", "ecdsa-sha2-nistp256"],
  ])("are not gone beyond: without a common name in %s there is no connection", async (option, theirs, ours) => {
    const also = option === "MACs" ? ["Ciphers aes128-ctr"] : [];
    const server = await sshd({ config: [`${option} ${theirs}`, ...also] });
    const attempt = connect(server, { identity_file: server.keyFile, config: [`${option} ${ours}`, ...also] });
    expect(await result(attempt)).toMatchObject({
      failed: { code: "no-common-algorithm", phase: "connecting", cause: expect.stringContaining(theirs) },
      asked: [],
    });
  });
});
