import { describe, expect, it } from "vitest";
import { offerFor } from "./offer.ts";

const offer = (config: Record<string, string>, known: string[] = []) =>
  offerFor(new Map(Object.entries(config).map(([name, value]) => [name, [value]])), known);

describe("offerFor", () => {
  const all = offer({});

  it("offers everything bpfdesk has by default where nothing is configured, and nothing that is broken", () => {
    expect(all.kex[0]).toMatch(/^curve25519/);
    expect(all.cipher).toContain("aes256-gcm@openssh.com");
    expect(all.serverHostKey).not.toContain("ssh-dss");
    expect(Object.values(all).flat()).not.toEqual(expect.arrayContaining([expect.stringMatching(/cbc|md5|group1-/)]));
  });

  it("offers only what a list allows, in its order, and leaves out what it does not know", () => {
    expect(
      offer({
        kexalgorithms: "sntrup761x25519-sha512@openssh.com,ecdh-sha2-nistp384,curve25519-sha256",
        ciphers: "chacha21,aes256-ctr,aes128-ctr",
        macs: "umac-128-etm@openssh.com,hmac-sha2-512",
        hostkeyalgorithms: "ssh-ed25519-cert-v01@openssh.com,rsa-sha2-512,ssh-ed25519",
      }),
    ).toEqual({
      kex: ["ecdh-sha2-nistp384", "curve25519-sha256"],
      cipher: ["aes256-ctr", "aes128-ctr"],
      hmac: ["hmac-sha2-512"],
      serverHostKey: ["rsa-sha2-512", "ssh-ed25519"],
    });
  });

  it("offers what is out of date only where it was asked for", () => {
    expect(offer({ ciphers: "aes256-ctr,3des-cbc" }).cipher).toEqual(["aes256-ctr", "3des-cbc"]);
    expect(offer({ kexalgorithms: "+diffie-hellman-group1-sha1" }).kex).toEqual([
      ...all.kex,
      "diffie-hellman-group1-sha1",
    ]);
  });

  it("keeps its own order when a list forbids nothing of its own", () => {
    const more = [...all.cipher].reverse().join(",");
    expect(offer({ ciphers: more }).cipher).toEqual(all.cipher);
  });

  it("understands what a file of the configuration may say of the defaults", () => {
    expect(offer({ kexalgorithms: "-ecdh-sha2-*,diffie-*" }).kex.every((name) => /^curve25519/.test(name))).toBe(true);
    expect(offer({ ciphers: "^aes256-ctr" }).cipher[0]).toBe("aes256-ctr");
    expect(new Set(offer({ ciphers: "^aes256-ctr" }).cipher)).toEqual(new Set(all.cipher));
  });

  it("says with an empty list that it can offer nothing that is allowed", () => {
    expect(offer({ macs: "umac-128-etm@openssh.com" }).hmac).toEqual([]);
  });

  it("puts the types a host is known by first, and only those that are allowed", () => {
    const config = { hostkeyalgorithms: "ssh-ed25519,rsa-sha2-512,rsa-sha2-256" };
    expect(offer(config, ["ssh-rsa", "ecdsa-sha2-nistp256"]).serverHostKey).toEqual([
      "rsa-sha2-512",
      "rsa-sha2-256",
      "ssh-ed25519",
    ]);
  });
});
