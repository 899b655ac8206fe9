import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SshHost } from "../../shared/contract.ts";
import { expandTargets } from "./expand.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bpfdesk-targets-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const aliases = ["node-1", "node-2", "node-3", "node-10", "gateway"];
const sshHosts = async (): Promise<SshHost[]> =>
  aliases.map((alias) => ({ alias, hostname: null, user: null, port: null, file: "config" }));
const groups = async () => [
  { name: "edge", targets: ["gateway", "root@10.0.0.9:2222"] },
  { name: "all-but-one", targets: ["node-*", "!node-2"] },
];
const expand = (text: string, files: { folder: string | null } | null = { folder: dir }) =>
  expandTargets(text, { sshHosts, groups, files });
async function names(text: string): Promise<string[]> {
  const { targets, problems } = await expand(text);
  expect(problems).toEqual([]);
  return targets.map(({ target }) => target);
}
async function said(text: string): Promise<string[]> {
  return (await expand(text)).problems.map(({ message }) => message);
}

describe("a text of targets", () => {
  it("is a list between commas, spaces and lines; each target counts once, at its first place", async () => {
    expect(await names("gateway,node-2  root@10.0.0.9:2222\n\tnode-2, [::1]:22")).toEqual([
      "gateway",
      "node-2",
      "root@10.0.0.9:2222",
      "[::1]:22",
    ]);
    expect(await names(" \n, ")).toEqual([]);
  });

  it("holds patterns over the configured hosts, with user and port kept", async () => {
    expect(await names("node-?")).toEqual(["node-1", "node-2", "node-3"]);
    expect(await names("admin@node-1*:2222")).toEqual(["admin@node-1:2222", "admin@node-10:2222"]);
    expect(await names("*")).toEqual(aliases);
  });

  it("takes away what follows a !, wherever it stands and whoever the user is", async () => {
    expect(await names("!node-3 node-*")).toEqual(["node-1", "node-2", "node-10"]);
    expect(await names("root@node-1 root@node-2 gateway !node-*")).toEqual(["gateway"]);
    expect(await names("* !node-1*")).toEqual(["node-2", "node-3", "gateway"]);
  });

  it("holds groups, whose own exceptions count", async () => {
    expect(await names("group:all-but-one group:edge")).toEqual([
      "node-1",
      "node-3",
      "node-10",
      "gateway",
      "root@10.0.0.9:2222",
    ]);
    expect((await expand("group:edge")).group).toBe("edge");
    expect(await names("* root@10.0.0.9:2222 !group:edge")).toEqual(["node-1", "node-2", "node-3", "node-10"]);
  });

  it("takes a group or a file away as what it names, its own exceptions not counted", async () => {
    writeFileSync(join(dir, "old"), "group:all-but-one\n!node-1\n");
    expect(await names("node-* !group:all-but-one")).toEqual(["node-2"]);
    expect(await names("* !@old")).toEqual(["node-1", "node-2", "gateway"]);
    expect(await names("node-2 group:all-but-one")).toEqual(["node-2", "node-1", "node-3", "node-10"]);
  });

  it("holds files: a target, pattern or group a line, with comments", async () => {
    writeFileSync(join(dir, "nodes"), "# the old ones\nnode-1 # first\n\n  node-1?\r\ngroup:edge\n!gateway\n");
    expect(await names("@nodes")).toEqual(["node-1", "node-10", "root@10.0.0.9:2222"]);
    expect(await names(`@${join(dir, "nodes")} node-2`)).toContain("node-2");
  });

  it("tells which word named a target, and whether it was one plain target", async () => {
    expect(await expand("node-1")).toEqual({
      targets: [{ target: "node-1", from: "node-1" }],
      problems: [],
      one: true,
      group: null,
    });
    expect(await expand("gate*")).toMatchObject({ targets: [{ target: "gateway", from: "gate*" }], one: false });
    expect((await expand("node-1 node-1")).one).toBe(false);
  });
});

describe("what names nothing is told", () => {
  it("a pattern, an exception, a group", async () => {
    expect(await said("nod-* node-1")).toEqual(["nod-* matches none of the 5 hosts of the ssh configuration."]);
    expect(await said("node-* !nod-3")).toEqual(["!nod-3 takes nothing away: no target of the list is called so."]);
    const { problems } = await expand("group:egde");
    expect(problems).toEqual([
      {
        code: "no-such-group",
        message: 'There is no group "egde".',
        hint: "Groups are: edge, all-but-one.",
        phase: "resolving",
      },
    ]);
  });

  it("each bad line of a file, with its number", async () => {
    writeFileSync(join(dir, "nodes"), "node-1\nnode;2\nnone-*\n@nodes\ngroup:gone\nroot:hunter2@node-1\n");
    const { targets, problems } = await expand("@nodes");
    expect(targets).toEqual([{ target: "node-1", from: "@nodes" }]);
    const lines = problems.map(({ message }) => /^At line (\d) of \S+\/nodes: /.exec(message)?.[1]);
    expect(lines.sort()).toEqual(["2", "3", "4", "5", "6"]);
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });

  it("a file that is not there, is no text, is too large, is no file, or has no folder", async () => {
    writeFileSync(join(dir, "binary"), "node-1\0");
    writeFileSync(join(dir, "large"), "#".repeat((1 << 20) + 1));
    expect(await said("@gone")).toEqual([`${join(dir, "gone")} cannot be read.`]);
    expect(await said("@binary")).toEqual([`${join(dir, "binary")} is not a text file.`]);
    expect(await said("@large")).toEqual([`${join(dir, "large")} is larger than 1024 KiB.`]);
    expect(await said(`@${dir}`)).toEqual([`${dir} is not a file.`]);
    expect((await expand("@nodes", { folder: null })).problems.map(({ code }) => code)).toEqual(["target-file"]);
    expect((await expand("@nodes", null)).problems.map(({ code }) => code)).toEqual(["not-in-browser"]);
  });

  it("more targets than anybody means", async () => {
    writeFileSync(join(dir, "many"), Array.from({ length: 1001 }, (_, index) => `host-${index}\n`).join(""));
    expect(await said("@many")).toEqual(["That is 1001 targets; at most 1000 are opened at once."]);
  });
});

it("matches a pattern of many stars in no time", async () => {
  const long = "a".repeat(400);
  const started = performance.now();
  const { problems } = await expandTargets(`${"*a".repeat(60)}*b`, {
    sshHosts: async () => [{ alias: long, hostname: null, user: null, port: null, file: "" }],
    groups,
    files: null,
  });
  expect(problems).toHaveLength(1);
  expect(performance.now() - started).toBeLessThan(5000);
});
