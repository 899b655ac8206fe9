import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KeyFile, readKeyFile } from "./key-file.ts";

const PPK = path.join(import.meta.dirname, "testing/ppk");
const PASSPHRASE = "correct horse";
const DATA = Buffer.from("what a server sends to be signed");

let dir = "";
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-keys-"));
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

/** Can the file log in as the public key that ssh-keygen or puttygen wrote beside it? */
async function check(file: string, publicLine: string, passphrase: string, beforehand = true): Promise<void> {
  const found = (await readKeyFile(file)) as Extract<KeyFile, { state: "private" }>;
  expect(found).toMatchObject({ state: "private", encrypted: passphrase !== "" });
  const expected = ssh2.utils.parseKey(publicLine);
  if (expected instanceof Error) throw expected;
  if (beforehand) expect(found.blob).toEqual(expected.getPublicSSH());
  if (passphrase !== "") expect(await found.unlock("wrong")).toBe(null);
  const signer = await found.unlock(passphrase);
  expect(signer?.blob).toEqual(expected.getPublicSSH());
  const hash = expected.type === "ssh-rsa" ? "sha512" : undefined;
  const signature = (await signer?.sign(DATA, hash)) ?? Buffer.alloc(0);
  expect(expected.verify(DATA, signature, hash)).toBe(true);
  expect(expected.verify(Buffer.from("something else"), signature, hash)).toBe(false);
}

describe("keys of PuTTY", { timeout: 60_000 }, () => {
  it.each(fs.readdirSync(PPK).filter((name) => name.endsWith(".ppk")))("opens %s", async (name) => {
    const publicLine = fs.readFileSync(path.join(PPK, name.replace(".ppk", ".pub")), "utf8");
    await check(path.join(PPK, name), publicLine, name.includes("encrypted") ? PASSPHRASE : "");
  });

  it("says what to do about a version it does not know, and about files that were cut off", async () => {
    const file = path.join(dir, "cut.ppk");
    const text = fs.readFileSync(path.join(PPK, "ed25519-v2.ppk"), "utf8");
    fs.writeFileSync(file, text.replace("File-2", "File-9"));
    expect(await readKeyFile(file)).toMatchObject({ state: "unusable", why: expect.stringContaining("puttygen") });
    fs.writeFileSync(file, text.slice(0, 120));
    expect(await readKeyFile(file)).toEqual({ state: "unusable", why: "not a whole PPK file" });
  });

  it("does not take a file that was changed", async () => {
    const file = path.join(dir, "changed.ppk");
    const text = fs.readFileSync(path.join(PPK, "ed25519-v2.ppk"), "utf8");
    fs.writeFileSync(file, text.replace("Comment: bpfdesk", "Comment: another"));
    const found = (await readKeyFile(file)) as Extract<KeyFile, { state: "private" }>;
    expect(await found.unlock("")).toBe(null);
  });
});

describe.runIf(spawnSync("ssh-keygen", ["-?"]).error === undefined)("keys of ssh-keygen", { timeout: 60_000 }, () => {
  const types = [
    ["ed25519", "", []],
    ["rsa", "2048", ["PEM", "PKCS8"]],
    ["ecdsa", "256", ["PEM", "PKCS8"]],
    ["ecdsa", "521", ["PEM", "PKCS8"]],
  ] as const;
  const cases = types.flatMap(([type, bits, formats]) =>
    ["OpenSSH", ...formats].flatMap((format) => ["", PASSPHRASE].map((given) => [type, bits, format, given] as const)),
  );

  it.each(cases)("opens %s %s as %s, passphrase '%s'", async (type, bits, format, passphrase) => {
    const file = path.join(dir, [type, bits, format, passphrase === "" ? "open" : "locked"].join("-"));
    const size = bits === "" ? [] : ["-b", bits];
    execFileSync("ssh-keygen", ["-q", "-t", type, ...size, "-N", "", "-f", file]);
    const asFormat = format === "OpenSSH" ? [] : ["-m", format];
    execFileSync("ssh-keygen", ["-q", "-p", "-a", "1", ...asFormat, "-N", passphrase, "-f", file], { stdio: "pipe" });
    const publicLine = fs.readFileSync(`${file}.pub`, "utf8");
    await check(file, publicLine, passphrase);
    if (format === "OpenSSH") return;
    fs.rmSync(`${file}.pub`);
    await check(file, publicLine, passphrase, passphrase === "");
  });

  it("takes no wrong passphrase for a broken key, also when its padding happens to fit", async () => {
    const file = path.join(dir, "many-wrong");
    execFileSync("ssh-keygen", ["-q", "-t", "ecdsa", "-m", "PEM", "-N", PASSPHRASE, "-f", file]);
    const found = (await readKeyFile(file)) as Extract<KeyFile, { state: "private" }>;
    const wrong = Array.from({ length: 3000 }, (_, index) => `wrong ${index}`);
    expect(new Set(await Promise.all(wrong.map((passphrase) => found.unlock(passphrase))))).toEqual(new Set([null]));
  });

  it("opens every cipher of ssh-keygen", async () => {
    for (const cipher of ["aes128-cbc", "aes192-ctr", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com"]) {
      const file = path.join(dir, cipher);
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-Z", cipher, "-a", "1", "-N", PASSPHRASE, "-f", file]);
      await check(file, fs.readFileSync(`${file}.pub`, "utf8"), PASSPHRASE);
    }
  });

  it("lets other work go on while it opens one", async () => {
    const file = path.join(dir, "slow");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-a", "16", "-N", PASSPHRASE, "-f", file]);
    const found = (await readKeyFile(file)) as Extract<KeyFile, { state: "private" }>;
    let turns = 0;
    const count = () => {
      turns++;
      turning = setImmediate(count);
    };
    let turning = setImmediate(count);
    await found.unlock(PASSPHRASE);
    clearImmediate(turning);
    expect(turns).toBeGreaterThanOrEqual(16);
  });
});

it("tells files that hold no private key from those that are not there", async () => {
  const file = path.join(dir, "any");
  expect(await readKeyFile(file)).toEqual({ state: "missing" });
  fs.writeFileSync(file, "hello");
  expect(await readKeyFile(file)).toEqual({ state: "unusable", why: "not a private key" });
  expect(await readKeyFile(dir)).toEqual({ state: "unusable", why: "not a key file" });
  fs.copyFileSync(path.join(PPK, "rsa-v3.pub"), file);
  expect(await readKeyFile(file)).toMatchObject({ state: "public" });
});
