import { describe, expect, it } from "vitest";
import { type Negotiated, weakOf } from "./algorithms.ts";

const MODERN: Negotiated = {
  kex: "sntrup761x25519-sha512@openssh.com",
  host_key: "ssh-ed25519",
  cipher: "chacha20-poly1305@openssh.com",
  mac: null,
};
const whats = (changed: Partial<Negotiated>) => weakOf({ ...MODERN, ...changed }).map(({ what }) => what);

describe("weakOf", () => {
  it("finds nothing in what OpenSSH agrees on today", () => {
    expect(weakOf(MODERN)).toEqual([]);
    expect(weakOf({ ...MODERN, kex: "mlkem768x25519-sha256" })).toEqual([]);
    expect(weakOf({ kex: null, host_key: null, cipher: null, mac: null })).toEqual([]);
  });

  it("does not call the NIST curves and RSA with SHA-2 weak", () => {
    for (const host_key of [
      "ecdsa-sha2-nistp256",
      "rsa-sha2-512",
      "rsa-sha2-256",
      "ssh-ed25519-cert-v01@openssh.com",
    ]) {
      expect(whats({ host_key })).toEqual([]);
    }
  });

  it("notes a key exchange that a quantum computer could undo, as a note", () => {
    expect(weakOf({ ...MODERN, kex: "curve25519-sha256" })).toEqual([
      {
        what: "curve25519-sha256",
        why: "a note, not a fault of today: recorded traffic could be decrypted later by a quantum computer",
      },
    ]);
  });

  it.each<[Partial<Negotiated>, string[]]>([
    [{ host_key: "ssh-rsa" }, ["ssh-rsa"]],
    [{ host_key: "ssh-dss" }, ["ssh-dss"]],
    [{ cipher: "aes128-cbc", mac: "hmac-sha2-256" }, ["aes128-cbc"]],
    [{ cipher: "rijndael-cbc@lysator.liu.se" }, ["rijndael-cbc@lysator.liu.se"]],
    [{ cipher: "3des-cbc" }, ["3des-cbc"]],
    [{ cipher: "arcfour256" }, ["arcfour256"]],
    [{ cipher: "aes128-ctr", mac: "hmac-md5" }, ["hmac-md5"]],
    [{ cipher: "aes128-ctr", mac: "hmac-sha1-etm@openssh.com" }, ["hmac-sha1-etm@openssh.com"]],
    [{ cipher: "aes128-ctr", mac: "hmac-sha2-256" }, []],
    [{ cipher: "aes128-ctr, aes128-cbc", mac: "hmac-sha2-256" }, ["aes128-cbc"]],
  ])("names what is weak in %j", (changed, expected) => {
    expect(whats(changed)).toEqual(expected);
  });

  it("calls old key exchanges weak and says why each is", () => {
    for (const kex of [
      "diffie-hellman-group1-sha1",
      "diffie-hellman-group14-sha1",
      "gss-group14-sha1-toWM5Slw5Ew8Mqkay+al2g==",
    ]) {
      expect(weakOf({ ...MODERN, kex })[0]).toMatchObject({ what: kex, why: expect.stringMatching(/Logjam|SHA-1/) });
    }
  });

  it("knows Terrapin only where strict key exchange is known to be missing", () => {
    expect(whats({ strict_kex: false })).toEqual(["chacha20-poly1305@openssh.com"]);
    expect(whats({ strict_kex: true })).toEqual([]);
    expect(whats({ cipher: "aes128-gcm@openssh.com", strict_kex: false })).toEqual([]);
    expect(
      weakOf({ ...MODERN, cipher: "aes128-cbc", mac: "hmac-sha2-256-etm@openssh.com", strict_kex: false }),
    ).toMatchObject([{ why: expect.stringContaining("CVE-2008-5161") }, { why: expect.stringContaining("Terrapin") }]);
  });
});
