import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openGroups } from "./groups.ts";
import { openRecent } from "./recent.ts";

let dir: string;
let dataDir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bpfdesk-lists-"));
  dataDir = join(dir, "data");
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("groups", () => {
  it("are there after a restart, by name, in a private file that is written whole", async () => {
    const groups = openGroups(dataDir);
    expect(await groups.list()).toEqual([]);
    await Promise.all([
      groups.save({ name: "west", targets: ["node-*", "!node-3"] }),
      groups.save({ name: "edge", targets: ["gateway"] }),
      groups.save({ name: "gone", targets: ["x"] }),
    ]);
    await groups.save({ name: "edge", targets: ["gateway", "root@10.0.0.1"] });
    await groups.remove("gone");
    await groups.remove("never-was");
    expect(await openGroups(dataDir).list()).toEqual([
      { name: "edge", targets: ["gateway", "root@10.0.0.1"] },
      { name: "west", targets: ["node-*", "!node-3"] },
    ]);
    expect(readdirSync(dataDir)).toEqual(["groups.json"]);
    expect(statSync(join(dataDir, "groups.json")).mode & 0o777).toBe(0o600);
  });

  it.each(["two words", "a,b", "@file", "group:other", "node;reboot", "root:hunter2@node-1", "-oProxyCommand=x"])(
    "do not take %j as a target",
    async (target) => {
      const groups = openGroups(dataDir);
      const refused = groups.save({ name: "g", targets: ["node-1", target] });
      await expect(refused).rejects.toThrow(/./);
      expect(String(await refused.catch((error: Error) => error.message))).not.toContain("hunter2");
      expect(await groups.list()).toEqual([]);
    },
  );

  it("that cannot be read are told, with the place, and left as they are", async () => {
    const path = join(dataDir, "groups.json");
    await openGroups(dataDir).save({ name: "west", targets: ["node-1"] });
    const broken = JSON.stringify({ version: 1, groups: [{ name: "west", targets: "node-1" }] });
    writeFileSync(path, broken);
    const failed = await openGroups(dataDir)
      .save({ name: "east", targets: ["node-2"] })
      .catch((error) => error.data);
    expect(failed).toMatchObject({ code: "list-unreadable", message: `${path} cannot be read.` });
    expect(failed.cause).toMatch(/^at groups\.0\.targets: /);
    expect(readFileSync(path, "utf8")).toBe(broken);
  });
});

describe("what was opened lately", () => {
  const node = (target: string) => ({ kind: "node" as const, target, identity_file: null });

  it("is there after a restart, newest first, each once, and not without end", async () => {
    let clock = 0;
    const recent = openRecent(dataDir, () => ++clock);
    for (let index = 1; index <= 25; index++) void recent.remember(node(`node-${index}`));
    await recent.remember({ ...node("node-24"), identity_file: "/k" });
    await recent.remember({ ...node("node-24"), kind: "group" });
    const list = await openRecent(dataDir).list();
    expect(list.slice(0, 3)).toEqual([
      { kind: "group", target: "node-24", identity_file: null, at: 27 },
      { kind: "node", target: "node-24", identity_file: "/k", at: 26 },
      { kind: "node", target: "node-25", identity_file: null, at: 25 },
    ]);
    expect(list).toHaveLength(20);
  });

  it("holds no password, and begins anew when it cannot be read", async () => {
    const recent = openRecent(dataDir);
    await recent.remember(node("root:hunter2@node-1"));
    expect(await recent.list()).toEqual([]);
    await recent.remember(node("node-1"));
    writeFileSync(join(dataDir, "recent.json"), "{");
    expect(await recent.list()).toEqual([]);
    await recent.remember(node("node-2"));
    expect((await recent.list()).map(({ target }) => target)).toEqual(["node-2"]);
  });
});
