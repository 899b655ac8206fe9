import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkHostKey, fingerprint, matchesName, parseKnownHosts, readKnownHosts } from "./known-hosts.ts";
import { appendKnownHost } from "./known-hosts-file.ts";

const KEY_A = "AAAAC3NzaC1lZDI1NTE5AAAAIJsO24y/qSOOaNFxCR7ac3+RjM+GyHTlW5a3Y8pP8sCu";
const KEY_B = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const ECDSA =
  "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBLjwRgJifOJ4KQmVNstGM5yv2tCh+HI3qH0YQdW+uP/cWD6cjdvpk+95RHf+rv9zb+TLwyNiEspBvjGE1JRdC0Y=";

let dir = "";
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-known-"));
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

function file(name: string, text: string): string {
  const full = path.join(dir, name);
  fs.writeFileSync(full, text);
  return full;
}

/** Lines of the file that `ssh-keygen -F` finds for a name. */
function keygenFinds(known: string, name: string): number[] {
  const { stdout } = spawnSync("ssh-keygen", ["-F", name, "-f", known], { encoding: "utf8" });
  return [...stdout.matchAll(/^# Host .* found: line (\d+)/gm)].map((found) => Number(found[1]));
}

const PATTERNS = `# comment
node-1,10.0.0.1 ssh-ed25519 ${KEY_A}
*.example.com,!bad.example.com ssh-ed25519 ${KEY_A}
[node-1]:2222 ssh-ed25519 ${KEY_B} with a comment
[*.example.com]:2222,[10.0.0.?]:22 ecdsa-sha2-nistp256 ${ECDSA}

  Node-2\tssh-ed25519\t${KEY_B}
@revoked node-3 ssh-ed25519 ${KEY_A}
@cert-authority *.example.com ssh-ed25519 ${KEY_B}
fd00::7,[fd00::8]:2222 ssh-ed25519 ${KEY_A}
broken-line
`;

const NAMES = [
  "node-1",
  "NODE-1",
  "node-2",
  "node-3",
  "node",
  "10.0.0.1",
  "10.0.0.12",
  "[node-1]:2222",
  "[node-1]:22",
  "a.example.com",
  "bad.example.com",
  "example.com",
  "[a.example.com]:2222",
  "[10.0.0.3]:22",
  "fd00::7",
  "[fd00::8]:2222",
];

describe.runIf(spawnSync("ssh-keygen", ["-?"]).error === undefined)("known_hosts, compared with ssh-keygen", () => {
  it.each(NAMES)("finds the same lines for %s", (name) => {
    const known = file("patterns", PATTERNS);
    const ours = parseKnownHosts(PATTERNS, known).filter((entry) => matchesName(entry, name));
    expect(ours.map((entry) => entry.line)).toEqual(keygenFinds(known, name));
  });

  it("finds the same lines in a file that ssh-keygen -H hashed", () => {
    const known = file("hashed", `node-1,10.0.0.1 ssh-ed25519 ${KEY_A}\n[node-1]:2222 ssh-ed25519 ${KEY_B}\n`);
    execFileSync("ssh-keygen", ["-H", "-f", known], { stdio: "pipe" });
    const entries = parseKnownHosts(fs.readFileSync(known, "utf8"), known);
    expect(entries.every((entry) => entry.names.startsWith("|1|"))).toBe(true);
    // ssh itself lowers the name before it looks; ssh-keygen does so for patterns only.
    for (const name of NAMES.map((one) => one.toLowerCase())) {
      const ours = entries.filter((entry) => matchesName(entry, name)).map((entry) => entry.line);
      expect([name, ours]).toEqual([name, keygenFinds(known, name)]);
    }
  });

  it("finds the same lines in whatever files may hold", () => {
    const label = fc.constantFrom("a", "b", "node-1", "Node-2", "*", "?", "n*", "*-1", "10", "?0");
    const host = fc.oneof(
      fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join(".")),
      fc.constantFrom("fd00::7", "10.0.0.1", "10.0.0.*"),
    );
    const port = fc.constantFrom("", "", "22", "2222", "*");
    const named = fc.tuple(host, port).map(([one, at]) => (at === "" ? one : `[${one}]:${at}`));
    const pattern = fc.tuple(fc.constantFrom("", "", "", "!"), named).map((parts) => parts.join(""));
    const entry = fc
      .tuple(
        fc.constantFrom("", "", "", "@revoked ", "@cert-authority ", "@unknown ", "  "),
        fc.array(pattern, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(" ", "\t", "  "),
        fc.constantFrom(KEY_A, KEY_B),
        fc.constantFrom("", " a comment", "\r"),
      )
      .map(([marker, names, space, key, end]) => `${marker}${names.join(",")}${space}ssh-ed25519${space}${key}${end}`);
    const line = fc.oneof({ weight: 8, arbitrary: entry }, { weight: 1, arbitrary: fc.constantFrom("", "# a", "x") });
    const one = fc.tuple(fc.array(line, { maxLength: 6 }), fc.boolean());
    const wanted = fc.tuple(host, fc.constantFrom("", "22", "2222")).map(([name, at]) => {
      const plain = name.replace(/[*?]/g, "x").toLowerCase();
      return at === "" ? plain : `[${plain}]:${at}`;
    });
    const property = fc.property(fc.array(one, { minLength: 1, maxLength: 3 }), wanted, (texts, name) => {
      for (const [index, [lines, hashed]] of texts.entries()) {
        const known = file(`generated-${index}`, `${lines.join("\n")}\n`);
        if (hashed) spawnSync("ssh-keygen", ["-H", "-f", known]);
        const entries = parseKnownHosts(fs.readFileSync(known, "utf8"), known);
        const ours = entries.filter((found) => matchesName(found, name)).map((found) => found.line);
        expect([name, fs.readFileSync(known, "utf8"), ours]).toEqual([
          name,
          expect.any(String),
          keygenFinds(known, name),
        ]);
      }
    });
    fc.assert(property, { numRuns: 60 });
  }, 120_000);

  it("writes lines that ssh-keygen finds, hashed and plain", async () => {
    const known = path.join(dir, "new-folder", "known_hosts");
    await appendKnownHost(known, "[Node-9]:2222", "ssh-ed25519", KEY_A, { hash: false });
    await appendKnownHost(known, "node-10", "ssh-ed25519", KEY_B, { hash: true });
    // The last entry is hashed now, and that style is kept.
    await appendKnownHost(known, "node-11", "ssh-ed25519", KEY_B, { hash: false });
    expect([keygenFinds(known, "[node-9]:2222"), keygenFinds(known, "node-10"), keygenFinds(known, "node-11")]).toEqual(
      [[1], [2], [3]],
    );
    expect(fs.readFileSync(known, "utf8")).not.toMatch(/node-1[01]/);
    expect(fs.statSync(known).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(path.dirname(known))).toEqual(["known_hosts"]);
  });

  it("prints fingerprints as ssh-keygen does", () => {
    const key = file("key.pub", `ssh-ed25519 ${KEY_A}\n`);
    expect(execFileSync("ssh-keygen", ["-lf", key], { encoding: "utf8" })).toContain(` ${fingerprint(KEY_A)} `);
  });
});

describe("appendKnownHost", () => {
  it("keeps every line when several connections write at once, and mends a missing end of line", async () => {
    const known = file("busy", `first ssh-ed25519 ${KEY_A}`);
    const names = Array.from({ length: 12 }, (_, index) => `node-${index}`);
    await Promise.all(names.map((name) => appendKnownHost(known, name, "ssh-ed25519", KEY_B, { hash: false })));
    const entries = await readKnownHosts([known, path.join(dir, "not-there")]);
    expect(entries.map((entry) => entry.names).sort()).toEqual(["first", ...names].sort());
  });

  it("leaves alone what is no regular file, as /dev/null is none", async () => {
    const pipe = path.join(dir, "pipe");
    execFileSync("mkfifo", [pipe]);
    await appendKnownHost(pipe, "a", "ssh-ed25519", "QUFB", { hash: false });
    expect(fs.statSync(pipe).isFIFO()).toBe(true);
  });

  it("takes over the lock of a process that died, whatever its clock said", async () => {
    const known = file("locked", "");
    const future = new Date(Date.now() + 3_600_000);
    fs.writeFileSync(`${known}.lock`, "1");
    fs.utimesSync(`${known}.lock`, future, future);
    await appendKnownHost(known, "node", "ssh-ed25519", KEY_A, { hash: false });
    expect(fs.readFileSync(known, "utf8")).toBe(`node ssh-ed25519 ${KEY_A}\n`);
    expect(fs.existsSync(`${known}.lock`)).toBe(false);
  }, 60_000);

  it.runIf(process.getuid?.() === 0)("leaves the file to whom it belongs", async () => {
    const known = file("others", "");
    fs.chownSync(known, 4321, 4321);
    await appendKnownHost(known, "node", "ssh-ed25519", KEY_A, { hash: false });
    const { uid, gid } = fs.statSync(known);
    expect([uid, gid]).toEqual([4321, 4321]);
  });

  it("writes through a symbolic link without replacing it", async () => {
    const real = file("real", "");
    const link = path.join(dir, "link");
    fs.symlinkSync(real, link);
    await appendKnownHost(link, "node", "ssh-ed25519", KEY_A, { hash: false });
    expect(fs.lstatSync(link).isSymbolicLink()).toBe(true);
    expect(fs.readFileSync(real, "utf8")).toBe(`node ssh-ed25519 ${KEY_A}\n`);
  });
});

describe("readKnownHosts", () => {
  it("does not wait for a pipe that nobody writes to", async () => {
    const pipe = path.join(dir, "nobody-writes");
    execFileSync("mkfifo", [pipe]);
    await expect(readKnownHosts([pipe])).rejects.toThrow(`${pipe} is a pipe`);
  });
});

describe("checkHostKey", () => {
  const entries = parseKnownHosts(PATTERNS, "f");
  const check = (names: string[], type: string, key: string) => checkHostKey(entries, names, type, key);

  it("knows a key under one of several", () => {
    expect(check(["node-1"], "ssh-ed25519", KEY_A)).toMatchObject({ state: "known", entry: { line: 2 } });
  });

  it("calls another key of a known type changed", () => {
    expect(check(["node-1"], "ssh-ed25519", KEY_B)).toMatchObject({ state: "changed", entry: { line: 2, key: KEY_A } });
  });

  it("calls a key of a type not seen before new, and names the types that are known", () => {
    expect(check(["node-1"], "ecdsa-sha2-nistp256", ECDSA)).toEqual({
      state: "new",
      known_types: ["ssh-ed25519"],
      certificate_authority: false,
    });
  });

  it("accepts at another port the very key known for the host, and calls no other one changed", () => {
    expect(check(["[node-2]:2222", "node-2"], "ssh-ed25519", KEY_B)).toMatchObject({
      state: "known",
      entry: { line: 7 },
    });
    expect(check(["[node-2]:2222", "node-2"], "ssh-ed25519", KEY_A)).toMatchObject({ state: "new", known_types: [] });
  });

  it("refuses a revoked key", () => {
    expect(check(["node-3"], "ssh-ed25519", KEY_A)).toMatchObject({ state: "revoked", entry: { line: 8 } });
  });

  it("does not take a certificate authority for a host key, but says that there is one", () => {
    expect(check(["bad.a.example.com"], "ecdsa-sha2-nistp256", ECDSA)).toMatchObject({
      state: "new",
      certificate_authority: true,
    });
  });
});
