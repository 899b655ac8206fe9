/** Saved secrets: what is in the file, what is refused, and the way from the host to the keychain and back. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parentKeychain } from "../../electron/host/secrets/keychain.ts";
import { openSavedSecrets } from "../../electron/main/keychain.ts";
import type { SecretKey } from "../../electron/shared/parent.ts";
import { FakeKeychain } from "./electron-fake.ts";

const SECRET = 'pass "wörd" \\ x';
const key: SecretKey = { kind: "password", user: "ann", of: "10.0.0.7", target: "node-7" };
const other: SecretKey = { kind: "passphrase", user: "", of: "/home/ann/.ssh/id", target: "" };

let dir: string;
let file: string;
let desktop: FakeKeychain;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bpfdesk-saved-"));
  file = join(dir, "saved-secrets.json");
  desktop = new FakeKeychain();
});
afterEach(() => rmSync(dir, { recursive: true }));

/** The host's end, with messages cloned on their way as Electron does. */
function connected(platform: NodeJS.Platform = "linux") {
  const saved = openSavedSecrets({ safeStorage: desktop.api }, file, platform);
  const keychain = parentKeychain((request) => {
    void saved.answer(structuredClone(request))?.then((reply) => keychain.onReply(structuredClone(reply)));
  });
  return keychain;
}
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const text = (found: Uint8Array | null) => found && Buffer.from(found).toString();

it("keeps what was saved over a restart, for exactly what it was saved for", async () => {
  expect(await connected().save(key, bytes(SECRET))).toBe(true);
  const keychain = connected();
  expect(text(await keychain.read(key))).toBe(SECRET);
  expect(await keychain.read({ ...key, target: "node-8" })).toBe(null);
  expect(await keychain.read({ ...key, kind: "sudo_password" })).toBe(null);
  expect(await keychain.list()).toEqual([key]);
});

it("writes one file that only its owner reads, with no secret in it in any form", async () => {
  const keychain = connected();
  await Promise.all([keychain.save(key, bytes(SECRET)), keychain.save(other, bytes(`${SECRET}2`))]);
  expect(readdirSync(dir)).toEqual(["saved-secrets.json"]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const written = readFileSync(file, "utf8");
  const forms = [
    SECRET,
    JSON.stringify(SECRET).slice(1, -1),
    ...["base64", "hex"].map((form) => encoded(SECRET, form)),
  ];
  expect(forms.filter((form) => written.includes(form))).toEqual([]);
  expect(await keychain.list()).toEqual([key, other]);
});

it("forgets one, and all: then there is no file", async () => {
  const keychain = connected();
  await keychain.save(key, bytes(SECRET));
  await keychain.save(other, bytes(SECRET));
  await keychain.forget(key);
  expect([await keychain.read(key), text(await keychain.read(other))]).toEqual([null, SECRET]);
  await keychain.wipe();
  expect([await keychain.list(), readdirSync(dir)]).toEqual([[], []]);
});

it("refuses a keychain that is none, and says why", async () => {
  for (const backend of ["basic_text", "unknown"] as const) {
    desktop.backend = backend;
    const keychain = connected();
    expect(await keychain.status()).toMatchObject({ available: false, reason: expect.stringContaining(backend) });
    expect(await keychain.save(key, bytes(SECRET))).toBe(false);
  }
  // The name is a matter of Linux only.
  expect(await connected("darwin").status()).toEqual({ available: true, reason: "" });
  desktop.backend = "kwallet6";
  desktop.unlocked = false;
  expect(await connected().status()).toMatchObject({ available: false, reason: expect.stringContaining("unlock") });
  expect(readdirSync(dir)).toEqual([]);
});

it("does not give a secret to another host when somebody moved it there in the file", async () => {
  const keychain = connected();
  await keychain.save(key, bytes(SECRET));
  const evil = { ...key, of: "evil.example" };
  const { format, entries } = JSON.parse(readFileSync(file, "utf8")) as { format: number; entries: object[] };
  writeFileSync(file, JSON.stringify({ format, entries: entries.map((entry) => ({ ...entry, key: evil })) }));
  expect(await keychain.read(evil)).toBe(null);
});

it("encrypts anew when the desktop's key was changed", async () => {
  const keychain = connected();
  await keychain.save(key, bytes(SECRET));
  const before = readFileSync(file, "utf8");
  desktop.rotated = true;
  expect(text(await keychain.read(key))).toBe(SECRET);
  expect(readFileSync(file, "utf8")).not.toBe(before);
  expect(text(await connected().read(key))).toBe(SECRET);
});

it("says what went wrong without the words of others, and can be begun anew", async () => {
  writeFileSync(file, SECRET);
  const keychain = connected();
  expect([await keychain.read(key), await keychain.save(key, bytes(SECRET))]).toEqual([null, false]);
  const { reason } = await keychain.status();
  expect(reason).toContain("wipe the saved secrets");
  expect(reason).not.toContain("pass");
  await keychain.wipe();
  expect([await keychain.save(key, bytes(SECRET)), await keychain.status()]).toEqual([
    true,
    { available: true, reason: "" },
  ]);
});

it("that does not answer in time is none", async () => {
  const keychain = parentKeychain(() => {}, 20);
  expect(await keychain.read(key)).toBe(null);
  expect(await keychain.status()).toMatchObject({ available: false, reason: expect.stringContaining("not answer") });
});

const encoded = (secret: string, form: string) => Buffer.from(secret).toString(form as BufferEncoding);
