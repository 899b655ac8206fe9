import { describe, expect, it } from "vitest";
import { Told } from "./told.ts";

const CONNECTED = `OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19 27 Jan 2026
debug1: Connecting to 10.0.0.7 [10.0.0.7] port 22.
debug1: Connection established.
debug1: Remote protocol version 2.0, remote software version OpenSSH_8.0
debug1: kex: algorithm: curve25519-sha256
debug1: kex: host key algorithm: ssh-ed25519
debug1: kex: server->client cipher: aes128-ctr MAC: hmac-sha1 compression: none
debug1: kex: client->server cipher: aes128-ctr MAC: hmac-sha1 compression: none
debug1: Server host key: ssh-ed25519 SHA256:po6X`;
const KEYS = `debug1: Host '10.0.0.7' is known and matches the ED25519 host key.
debug1: SSH2_MSG_NEWKEYS received
debug1: Authentications that can continue: publickey,password
debug1: Next authentication method: publickey
debug1: Offering public key: /home/ops/.ssh/id ED25519 SHA256:key1 agent`;

function told(...texts: string[]): Told {
  const all = new Told();
  for (const line of texts.join("\n").split("\n")) all.read(`${line}\r`);
  return all;
}

describe("what ssh -v tells", () => {
  it("is how far the login is", () => {
    expect(told().phase).toBe("connecting");
    expect(told(CONNECTED).phase).toBe("host_key");
    expect(told(CONNECTED, KEYS).phase).toBe("authenticating");
    const success =
      'Authenticated to 10.0.0.7 ([10.0.0.7]:22) using "publickey".\ndebug1: Entering interactive session.';
    expect(told(CONNECTED, KEYS, success).phase).toBe("ready");
  });

  it("is what was agreed on, how the login succeeded, and what is weak", () => {
    const end = `debug1: Server accepts key: /home/ops/.ssh/id ED25519 SHA256:key1 agent
Authenticated using "publickey" with partial success.
debug1: Authentications that can continue: password
debug1: Next authentication method: password
Authenticated to 10.0.0.7 ([10.0.0.7]:22) using "password".`;
    expect(told(CONNECTED, KEYS, end).hop("ops@10.0.0.7")).toEqual({
      host: "ops@10.0.0.7",
      server: "SSH-2.0-OpenSSH_8.0",
      kex: "curve25519-sha256",
      host_key: "ssh-ed25519",
      cipher: "aes128-ctr",
      mac: "hmac-sha1",
      compression: "none",
      auth: ["publickey ED25519 SHA256:key1", "password"],
      weak: [
        { what: "hmac-sha1", why: expect.any(String) },
        { what: "curve25519-sha256", why: expect.stringMatching(/^a note/) },
      ],
    });
  });

  it("is what was tried in vain: keys one by one, several answers of one try once", () => {
    const all = told(CONNECTED, KEYS);
    all.answered("keyboard-interactive");
    all.answered("keyboard-interactive");
    all.read("debug1: Authentications that can continue: password");
    all.answered("password");
    expect(all.tried).toEqual(["/home/ops/.ssh/id (ED25519 SHA256:key1)", "keyboard-interactive", "password"]);
    expect(all.takes).toEqual(["password"]);
  });

  it("cannot be changed by a banner that looks like it", () => {
    const forged = `debug1: kex: algorithm: none
debug1: Server host key: ssh-rsa SHA256:forged
debug1: Entering interactive session.`;
    const all = told(CONNECTED, KEYS, forged);
    expect([all.phase, all.shown]).toEqual(["authenticating", { key_type: "ssh-ed25519", fingerprint: "SHA256:po6X" }]);
    expect(all.hop("x").kex).toBe("curve25519-sha256");
  });

  it("gives what the server said since it was asked for last", () => {
    const all = told(CONNECTED, KEYS, "Authorised use only\n");
    expect(all.news()).toBe("Authorised use only");
    all.read("Second factor");
    expect([all.news(), all.news()]).toEqual(["Second factor", ""]);
  });
});
