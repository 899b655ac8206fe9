import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChangedHostKey } from "../../core/errors.ts";
import { fingerprint, parseKnownHosts } from "./known-hosts.ts";
import { replaceHostKey } from "./replace-key.ts";

const OLD = "AAAAC3NzaC1lZDI1NTE5AAAAIJsO24y/qSOOaNFxCR7ac3+RjM+GyHTlW5a3Y8pP8sCu";
const NEW = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const ECDSA =
  "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBLjwRgJifOJ4KQmVNstGM5yv2tCh+HI3qH0YQdW+uP/cWD6cjdvpk+95RHf+rv9zb+TLwyNiEspBvjGE1JRdC0Y=";

let dir = "";
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-replace-"));
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

let files = 0;
function file(text: string): string {
  const full = path.join(dir, `known-${files++}`);
  fs.writeFileSync(full, text, { mode: 0o640, encoding: "latin1" });
  return full;
}

/** The refusal for a name that stands on these lines of the files. */
function changed(name: string, at: { file: string; line: number; global?: boolean }[]): ChangedHostKey {
  const known = at.map((one) => ({ ...one, key_type: "ssh-ed25519", fingerprint: fingerprint(OLD) }));
  return { name, key_type: "ssh-ed25519", fingerprint: fingerprint(NEW), key: NEW, known };
}

const replace = (host_key: ChangedHostKey, confirm = host_key.name, shown = host_key.fingerprint) =>
  replaceHostKey({ host_key, confirm, fingerprint: shown, node: "root@node-1" });

const refused = (code: string) => ({ data: { code, phase: "host_key", node: "root@node-1" } });

describe("replaceHostKey", () => {
  it("changes the one line and leaves every other byte and the mode", async () => {
    const others = [
      `# caf\xe9 \r`,
      `node-1 ecdsa-sha2-nistp256 ${ECDSA}`,
      `@revoked node-1 ssh-ed25519 ${OLD}`,
      "broken",
    ];
    const known = file(`${others[0]}\n${others[1]}\nNode-1 ssh-ed25519 ${OLD} a comment\n${others[2]}\n\n${others[3]}`);
    expect(await replace(changed("node-1", [{ file: known, line: 3 }]), "NODE-1 ")).toEqual({
      host: "node-1",
      removed: [{ file: known, line: 3, key_type: "ssh-ed25519", fingerprint: fingerprint(OLD) }],
      added: { file: known, key_type: "ssh-ed25519", fingerprint: fingerprint(NEW) },
    });
    expect(fs.readFileSync(known, "latin1")).toBe(
      `${others[0]}\n${others[1]}\nnode-1 ssh-ed25519 ${NEW}\n${others[2]}\n\n${others[3]}`,
    );
    expect(fs.statSync(known).mode & 0o777).toBe(0o640);
    expect(fs.readdirSync(dir).filter((name) => name.startsWith(`${path.basename(known)}.`))).toEqual([]);
  });

  it("takes only its name off a line of several hosts", async () => {
    const known = file(`node-1,[node-1]:2222,10.0.0.1 ssh-ed25519 ${OLD} shared\r\n`);
    await replace(changed("[node-1]:2222", [{ file: known, line: 1 }]), "node-1");
    expect(fs.readFileSync(known, "latin1")).toBe(
      `node-1,10.0.0.1 ssh-ed25519 ${OLD} shared\r\n[node-1]:2222 ssh-ed25519 ${NEW}\r\n`,
    );
  });

  it.runIf(spawnSync("ssh-keygen", ["-?"]).error === undefined)(
    "keeps names hashed, and ssh-keygen finds the new key",
    async () => {
      const known = file(`node-0 ssh-ed25519 ${OLD}\nnode-1 ssh-ed25519 ${OLD}\n`);
      execFileSync("ssh-keygen", ["-H", "-f", known], { stdio: "pipe" });
      await replace(changed("node-1", [{ file: known, line: 2 }]));
      expect(parseKnownHosts(fs.readFileSync(known, "utf8"), known)).toMatchObject([
        { names: expect.stringMatching(/^\|1\|/), key: OLD },
        { names: expect.stringMatching(/^\|1\|/), key: NEW },
      ]);
      const found = execFileSync("ssh-keygen", ["-F", "node-1", "-f", known], { encoding: "utf8" });
      expect(found).toContain(NEW);
      expect(found).not.toContain(OLD);
    },
  );

  it("removes the old key from every file of the user and adds the new one once", async () => {
    const [a, b] = [file(`node-1 ssh-ed25519 ${OLD}\n`), file(`x ssh-ed25519 ${OLD}\nnode-1 ssh-ed25519 ${OLD}\n`)];
    const told = await replace(
      changed("node-1", [
        { file: a, line: 1 },
        { file: b, line: 2 },
      ]),
    );
    expect([told.removed.length, told.added.file]).toEqual([2, a]);
    expect([a, b].map((one) => fs.readFileSync(one, "utf8"))).toEqual([
      `node-1 ssh-ed25519 ${NEW}\n`,
      `x ssh-ed25519 ${OLD}\n`,
    ]);
  });

  it("adds a key of a type the host was not known by, and leaves the others", async () => {
    const known = file(`node-1 ecdsa-sha2-nistp256 ${ECDSA}`);
    const entry = { file: known, line: 1, key_type: "ecdsa-sha2-nistp256", fingerprint: fingerprint(ECDSA) };
    expect(await replace({ ...changed("node-1", []), known: [entry] })).toMatchObject({
      removed: [],
      added: { file: known },
    });
    expect(fs.readFileSync(known, "utf8")).toBe(`node-1 ecdsa-sha2-nistp256 ${ECDSA}\nnode-1 ssh-ed25519 ${NEW}\n`);
  });

  it("changes nothing for a wrong name, a wrong fingerprint, a pattern, a file of the machine, or a key that is gone", async () => {
    const text = `node-1 ssh-ed25519 ${OLD}\n*.example.com ssh-ed25519 ${OLD}\n`;
    const known = file(text);
    const entry = changed("node-1", [{ file: known, line: 1 }]);
    await expect(replace(entry, "node-2")).rejects.toMatchObject(refused("confirm-mismatch"));
    await expect(replace(entry, "node-1", fingerprint(OLD))).rejects.toMatchObject(refused("fingerprint-mismatch"));
    await expect(replace(changed("a.example.com", [{ file: known, line: 2 }]))).rejects.toMatchObject(
      refused("host-key-pattern"),
    );
    await expect(replace(changed("node-1", [{ file: known, line: 1, global: true }]))).rejects.toMatchObject(
      refused("host-key-global"),
    );
    await expect(replace(changed("node-9", [{ file: known, line: 1 }]))).rejects.toMatchObject(
      refused("host-key-gone"),
    );
    await expect(replace(changed("node-1", [{ file: path.join(known, "x"), line: 1 }]))).rejects.toMatchObject(
      refused("known-hosts-write"),
    );
    expect(fs.readFileSync(known, "utf8")).toBe(text);
  });
});
