import { expect, it } from "vitest";
import { aDatapath, aNode, anIface } from "../model/testdata/make.ts";
import type { Finding, Severity } from "../model/types.ts";
import { type FleetNode, fleetFindings } from "./findings.ts";

const finding = (id: string, severity: Severity, subject_name: string): Finding => ({
  id,
  severity,
  subject: `key:${subject_name}`,
  subject_name,
  evidence: [],
  meaning: "",
  related: [],
});

function node(name: string, ifnames: string[], findings: Finding[]): FleetNode {
  const interfaces = ifnames.map((ifname, index) => anIface(index + 2, ifname, { pod_host_end: true, pod: "pod:u" }));
  const datapath = aDatapath({ node: aNode({ hostname: name }), interfaces, findings });
  return { node: `id-${name}`, label: name, datapath };
}

it("puts the same finding of many nodes and pods into one row, worst first, then the most nodes", () => {
  const rows = fleetFindings([
    node(
      "a",
      ["lxc1", "lxc2"],
      [
        finding("no-btf", "info", "a"),
        finding("duplicate-name", "warning", "lxc1 egress (out → pod)"),
        finding("duplicate-name", "warning", "lxc2 egress (out → pod)"),
        finding("duplicate-name", "warning", "eth0 ingress (out → host)"),
      ],
    ),
    node(
      "b",
      ["lxc9"],
      [finding("no-btf", "info", "b"), finding("duplicate-name", "warning", "lxc9 egress (out → pod)")],
    ),
    node(
      "c",
      [],
      [finding("filter-never-runs", "critical", "eth0 ingress (out → host)"), finding("no-btf", "info", "c")],
    ),
  ]);
  expect(
    rows.map(({ id, severity, subject, nodes }) => [
      severity,
      id,
      subject,
      nodes.map(({ label, findings }) => `${label}: ${findings.length}`),
    ]),
  ).toEqual([
    ["critical", "filter-never-runs", "eth0 ingress (out → host)", ["c: 1"]],
    ["warning", "duplicate-name", "pod interfaces egress (out → pod)", ["a: 2", "b: 1"]],
    ["warning", "duplicate-name", "eth0 ingress (out → host)", ["a: 1"]],
    ["info", "no-btf", "this node", ["a: 1", "b: 1", "c: 1"]],
  ]);
  expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
  expect(rows[1]?.title).toBe("The same program name twice on one direction of an interface");
});

it("has no rows for nodes without findings", () => {
  expect(fleetFindings([node("a", [], [])])).toEqual([]);
});

it("does not tell programs and maps apart by ids", () => {
  const loose = (name: string, subject: string) => node(name, [], [finding("loose-program", "info", subject)]);
  const rows = fleetFindings([loose("a", "cil_old (id 12)"), loose("b", "cil_old (id 77) and 3 more")]);
  expect(rows.map(({ subject, nodes }) => [subject, nodes.length])).toEqual([["cil_old", 2]]);
});
