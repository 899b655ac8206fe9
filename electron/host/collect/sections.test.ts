import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { collectArgv, composeNamed, composeScript, shellQuote } from "../../core/collect/compose.ts";
import { loadSections, sectionInfo } from "./sections.ts";

const resources = path.resolve(import.meta.dirname, "../../../resources");
const good = `id: a.b
title: A
why: Because.
scope: [node, netns]
order: 5
needs_root: true
timeout_s: 5
max_bytes: 100
command: echo hello
`;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), "bpfdesk-sections-"));
  await mkdir(path.join(dir, "collect"));
});
afterEach(() => rm(dir, { recursive: true }));
const write = (name: string, text: string) => writeFile(path.join(dir, "collect", name), text);

describe("loadSections", () => {
  it("reads the shipped sections in the order they run, each with what is not seen without root", async () => {
    const sections = await loadSections(resources);
    expect(sections.map(({ order }) => order)).toEqual(sections.map(({ order }) => order).sort((a, b) => a - b));
    expect(new Set(sections.map(({ order }) => order)).size).toBe(sections.length);
    expect(sections.filter((section) => section.needs_root && section.without_root === undefined)).toEqual([]);
  });

  it.each([
    [
      "a misspelt limit",
      good.replace("timeout_s", "timeout"),
      /a\.b\.yaml: at timeout_s: .*Unrecognized key.*timeout/s,
    ],
    ["a limit of the wrong type", good.replace("100", "many"), /a\.b\.yaml: at max_bytes: .*expected number/],
    ["no command", good.replace(/command.*/, ""), /a\.b\.yaml: at command/],
    ["an id that is not the file's name", good.replace("a.b", "a.c"), /a\.b\.yaml: at id: expected a\.b, got a\.c/],
    ["broken YAML", `${good}\n  - x: [`, /a\.b\.yaml: .*line/s],
  ])("refuses a file with %s, naming file and field", async (_, text, message) => {
    await write("a.b.yaml", text);
    await expect(loadSections(dir)).rejects.toThrow(message);
  });

  it("refuses a folder without sections", async () => {
    await expect(loadSections(dir)).rejects.toThrow(/no collector sections/);
  });
});

describe("sectionInfo", () => {
  it("has a row for each place a section runs in", async () => {
    await write("a.b.yaml", good);
    expect(sectionInfo(await loadSections(dir))).toEqual(
      ["node", "netns"].map((scope) => ({
        id: "a.b",
        title: "A",
        why: "Because.",
        command: "echo hello",
        scope,
        needs_root: true,
        timeout_s: 5,
        max_bytes: 100,
      })),
    );
  });
});

describe("composeScript", () => {
  it("fits into one argument with room to spare, and is the same text for every run", async () => {
    const sections = await loadSections(resources);
    const script = composeScript(sections, { stage: 1 });
    expect(script.length).toBeLessThan(100_000);
    expect(composeScript([...sections].reverse(), { stage: 1 })).toBe(script);
  });

  it("holds the sections of its stage only, and those for runbooks when they are named", async () => {
    const sections = await loadSections(resources);
    const ids = (script: string) =>
      sections.filter(({ id }) => script.includes(`section ${id} node`)).map(({ id }) => id);
    const onDemand = sections.filter(({ stage }) => stage === 3);
    const others = sections.filter(({ id, stage }) => stage !== 3 && id !== "bpf.xlated").map(({ id }) => id);
    expect(ids(composeScript(sections, { stage: 2 }))).toEqual(["bpf.xlated"]);
    expect(ids(composeScript(sections, { stage: 1 }))).toEqual(others);
    expect(ids(composeNamed(onDemand))).toEqual(
      onDemand.filter(({ scope }) => scope.includes("node")).map(({ id }) => id),
    );
  });

  it("uses no here-document, which some shells keep in a file", async () => {
    expect(composeScript(await loadSections(resources), { stage: 1 })).not.toMatch(/<<[^<]/);
  });
});

describe("collectArgv", () => {
  it("passes nonce, bpftool and ids as parameters and lets nothing but digits through as an id", () => {
    expect(collectArgv("text", "n0", null, ["7"])).toEqual([
      "sh",
      "-c",
      "text",
      "bpfdesk-collect",
      "n0",
      "bpftool",
      "7",
    ]);
    for (const id of ["", "-1", "1 2", "$(id)", "1e3"]) {
      expect(() => collectArgv("text", "n0", null, [id])).toThrow(RangeError);
    }
  });
});

describe("shellQuote", () => {
  it("keeps quotes as they are", () => {
    expect(shellQuote("it's")).toBe(String.raw`'it'\''s'`);
  });
});
