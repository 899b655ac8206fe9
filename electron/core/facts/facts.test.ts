import { describe, expect, it } from "vitest";
import type { SectionResult } from "../collect/frames.ts";
import { allParsers, readFacts } from "./facts.ts";

const section = (fields: Partial<SectionResult>): SectionResult => ({
  section: "bpf.prog",
  scope: "node",
  exit: 0,
  ms: 5,
  truncated: false,
  stdout: "[]",
  stderr: "",
  ...fields,
});

const read = (...sections: Partial<SectionResult>[]) =>
  readFacts({ sections: sections.map(section), complete: true, noise: "motd" });

const warningsOf = (fields: Partial<SectionResult>) => read(fields).states[0]?.warnings;

describe("facts of a collection", () => {
  it("parses each section into its scope", () => {
    const facts = read(
      { section: "net.netns", stdout: '[{"nsid":0,"name":"pod1"}]' },
      { section: "net.drivers", scope: "netns:4026532711", stdout: "eth0\tveth\n" },
      { section: "net.netns", scope: "netns:4026532711", stdout: "" },
    );
    expect(facts.node).toEqual({ "net.netns": [expect.objectContaining({ nsid: 0, name: "pod1" })] });
    expect([...facts.netns]).toEqual([
      ["4026532711", { "net.drivers": [expect.objectContaining({ ifname: "eth0", driver: "veth" })], "net.netns": [] }],
    ]);
    expect(facts).toMatchObject({ complete: true, noise: "motd" });
  });

  it("says of a good section how long it took and how much it was", () => {
    expect(read({ stdout: '[{"id":1}]\n' }).states).toEqual([
      { section: "bpf.prog", scope: "node", ok: true, exit: 0, ms: 5, bytes: 11, truncated: false, warnings: [] },
    ]);
  });

  it.each([
    ["time-limit", { exit: 124 }],
    ["tool-missing", { exit: 127 }],
    ["exit-status", { exit: 255 }],
    ["cut-off", { exit: null, truncated: true }],
    ["truncated", { truncated: true }],
    ["stderr", { stderr: "RTNETLINK answers: Operation not permitted\n" }],
    ["no-parser", { section: "future.section" }],
    ["tool-error", { stdout: '{"error":"Operation not permitted"}' }],
  ])("warns with %s", (code, fields) => {
    expect(warningsOf(fields)?.map((warning) => warning.code)).toEqual([code]);
  });

  it("calls a section good only when it ended well and whole", () => {
    const ok = (fields: Partial<SectionResult>) => read(fields).states[0]?.ok;
    expect([ok({}), ok({ exit: 1 }), ok({ truncated: true }), ok({ section: "future.section" })]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("keeps a remark on stderr to itself when it is only about memory limits", () => {
    expect(warningsOf({ stderr: "Warning: bumping RLIMIT_MEMLOCK failed\n\n" })).toEqual([]);
  });

  it("drops the half line at the end of a cut section, and only there", () => {
    const cut = { section: "net.drivers", stdout: "eth0\tveth\neth1\tvirtio_n" };
    const names = (truncated: boolean) => read({ ...cut, truncated }).node["net.drivers"]?.map((row) => row.ifname);
    expect(names(true)).toEqual(["eth0"]);
    expect(names(false)).toEqual(["eth0", "eth1"]);
  });

  it("keeps the good rows of a cut list", () => {
    const facts = read({ exit: null, truncated: true, stdout: '[{"id":1,"type":"xdp"},{"id":2,"ty' });
    expect(facts.node["bpf.prog"]?.map((row) => row.id)).toEqual([1]);
  });

  it("takes the later of two answers for one section", () => {
    const facts = read({ stdout: '[{"id":1}]' }, { stdout: '[{"id":2}]' });
    expect(facts.node["bpf.prog"]?.map((row) => row.id)).toEqual([2]);
    expect(facts.states).toHaveLength(2);
  });

  it("has a parser for every collector section and none besides", () => {
    const files = import.meta.glob("../../../resources/collect/*.yaml");
    const sections = Object.keys(files).map((path) => path.replace(/^.*\/(.+)\.yaml$/, "$1"));
    expect([...allParsers().keys()].sort()).toEqual(sections.sort());
  });
});
