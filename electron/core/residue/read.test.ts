import fc from "fast-check";
import { expect, it } from "vitest";
import type { SectionResult } from "../collect/frames.ts";
import { isPrivateFolder, readInventory } from "./read.ts";
import { OWN } from "./testdata.ts";

const SECTIONS = [
  "bpf.prog",
  "bpf.map",
  "bpf.link",
  "proc.bpf",
  "tc.qdisc",
  "tc.filter",
  "residue.pins",
  "residue.node",
  "residue.folders",
  "residue.processes",
];
const result = (section: string, stdout: string, parts: Partial<SectionResult> = {}): SectionResult => ({
  section,
  scope: "node",
  exit: 0,
  ms: 1,
  truncated: false,
  stdout,
  stderr: "",
  ...parts,
});
const collected = (...sections: SectionResult[]) => ({ sections, complete: true, noise: "" });
const empty = (section: string) => result(section, section.startsWith("bpf.") ? "[]" : "");
const stat = (pid: number, comm: string, start: number) =>
  `${pid} (${comm}) S 1 ${pid} ${pid} 0 -1 4194560 ${"0 ".repeat(12)}${start} ${"0 ".repeat(30).trim()}`;
const folder = `/run/.bpfdesk-${"0".repeat(32)}`;

it("reads a whole answer", () => {
  const answers = [
    result(
      "bpf.prog",
      '[{"id":12,"type":"sched_cls","name":"planted","tag":"59f4a931744dcdc6","map_ids":[3],"pinned":["/sys/fs/bpf/p"]}]',
    ),
    result("bpf.map", '[{"id":3,"type":"hash","name":"counts","pids":[{"pid":9,"comm":"agent"}]}]'),
    result("bpf.link", '[{"id":5,"type":"tracing","prog_id":12}]'),
    result(
      "proc.bpf",
      `/proc/7/fdinfo/3:prog_id:\t12\n/proc/7/fdinfo/4:prog_id:\t12\n/proc/8/fdinfo/3:link_id:\t5\n/proc/8/fdinfo/3:prog_id:\t12\n#stat\n${stat(7, "perl", 1)}\n`,
    ),
    result(
      "tc.qdisc",
      '[{"kind":"noqueue","handle":"0:","dev":"lo","root":true},{"kind":"clsact","handle":"ffff:","dev":"eth0","parent":"ffff:fff1"},{"kind":"prio","handle":"1:","dev":"eth0","root":true}]',
    ),
    result(
      "tc.filter",
      '#dev eth0 ingress\n[{"protocol":"all","pref":1,"kind":"bpf","chain":0},{"protocol":"all","pref":1,"kind":"bpf","chain":0,"options":{"handle":"0x1","bpf_name":"x","direct-action":true,"prog":{"id":12,"name":"planted","tag":"59f4a931744dcdc6","jited":1}}}]',
    ),
    result("residue.pins", "/sys/fs/bpf/p\n/sys/fs/bpf/a\n/sys/fs/bpf/p\n"),
    result("residue.node", "uptime_s=100.50\nbpf_stats_enabled=1\n"),
    result("residue.folders", `0\t1700000000\t${OWN}\t${folder}\n0\t\t\t/etc\n`),
    result("residue.processes", `#process ${OWN}\n${stat(7, "odd) name", 10_000)}\n`),
  ];
  expect(readInventory(collected(...answers), 1_000_000)).toEqual({
    at: 1_000_000,
    programs: [
      {
        id: 12,
        type: "sched_cls",
        name: "planted",
        tag: "59f4a931744dcdc6",
        map_ids: [3],
        pids: [{ pid: 7, comm: "perl" }],
        pinned: ["/sys/fs/bpf/p"],
      },
    ],
    maps: [{ id: 3, type: "hash", name: "counts", pids: [{ pid: 9, comm: "agent" }], pinned: [] }],
    links: [{ id: 5, type: "tracing", prog_id: 12, pids: [{ pid: 8, comm: "" }], pinned: [] }],
    pins: ["/sys/fs/bpf/a", "/sys/fs/bpf/p"],
    qdiscs: ["dev eth0 clsact", "dev eth0 prio 1: root"],
    filters: ["dev eth0 ingress pref 1 handle 0x1 bpf prog 12"],
    folders: [{ path: folder, tag: OWN, uid: 0, since: 1_700_000_000_000 }],
    processes: [{ pid: 7, ppid: 1, start: 10_000, tag: OWN, comm: "odd) name", started_at: 999_500 }],
    bpf_stats_enabled: 1,
    blind: [],
    unread: [],
  });
});

it("says of each part that did not come whole what is not known, and why", () => {
  const answers = SECTIONS.map(empty).map((answer): SectionResult => {
    if (answer.section === "bpf.prog") return { ...answer, stderr: "not root: only root can list them" };
    if (answer.section === "bpf.map") return { ...answer, exit: 124 };
    if (answer.section === "tc.qdisc") return { ...answer, exit: 127, stderr: "sh: tc: not found" };
    if (answer.section === "residue.pins") return { ...answer, truncated: true };
    if (answer.section === "residue.folders") return { ...answer, exit: null };
    return answer;
  });
  const { blind, unread } = readInventory(collected(...answers.slice(0, -1)), 0);
  expect(blind).toEqual([
    "programs: not root: only root can list them",
    "maps: listing them took too long",
    "pins: there are too many to list",
    "qdiscs: sh: tc: not found",
    "folders of bpfdesk: the answer was cut off",
    "processes of bpfdesk: the answer ended before them",
  ]);
  expect(unread).toEqual(["program", "map", "pin", "qdisc", "folder", "process"]);
});

it("knows that an old kernel has no links to list", () => {
  const old = SECTIONS.map((section) =>
    section === "bpf.link"
      ? result(section, '{"error":"can\'t get next link: Invalid argument -- kernel too old?"}', { exit: 255 })
      : empty(section),
  );
  expect(readInventory(collected(...old), 0)).toMatchObject({ links: [], blind: [], unread: [] });
});

it("makes an inventory of any answer", () => {
  const any = fc.array(
    fc.record({
      section: fc.constantFrom(...SECTIONS),
      scope: fc.constant("node" as const),
      exit: fc.option(fc.integer({ min: 0, max: 255 })),
      ms: fc.constant(null),
      truncated: fc.boolean(),
      stdout: fc.oneof(fc.string({ unit: "binary" }), fc.json(), fc.constant(`#process ${OWN}\n`)),
      stderr: fc.string(),
    }),
  );
  fc.assert(
    fc.property(any, fc.nat(), (sections, at) => {
      const { blind, unread } = readInventory(collected(...sections), at);
      expect(blind.length).toBeGreaterThanOrEqual(unread.length);
    }),
  );
});

it.each([
  ["/etc/passwd", false],
  [`/run/../etc/.bpfdesk-${"0".repeat(32)}`, false],
  [`/run/.bpfdesk-${"0".repeat(32)}/x`, false],
  [`/run/.bpfdesk-${"0".repeat(31)}`, false],
  [`run/.bpfdesk-${"0".repeat(32)}`, false],
  [`/run/x;rm .bpfdesk-${"0".repeat(32)}`, false],
  [folder, true],
])("takes %s for a private folder: %s", (path, expected) => {
  expect(isPrivateFolder(path)).toBe(expected);
});
