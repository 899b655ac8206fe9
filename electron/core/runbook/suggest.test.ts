import { expect, it } from "vitest";
import type { Datapath, Finding } from "../model/types.ts";
import { suggestionsOf } from "./suggest.ts";

const finding = (id: string, subject: string, related: string[] = []): Finding => ({
  ...{ id, severity: "warning", subject, subject_name: subject, evidence: [], meaning: "", related },
});
const iface = (name: string, pod: string | null) => ({
  ...{ key: `if:1:${name}`, name, pod },
  hooks: [{ entries: [{ key: `entry of ${name}` }] }],
});
const datapath = (findings: Finding[]) =>
  ({
    findings,
    interfaces: [iface("lxc1", "pod:a"), iface("lxc2", null)],
    pods: [{ key: "pod:a", namespace: "shop", name: "cart" }],
  }) as unknown as Datapath;
const books = [
  { id: "none" },
  {
    id: "stale-filters",
    suggested_by: [
      { finding: "multiple-programs", inputs: { interface: "$ifname", pod: "$pod", seconds: "20" } },
      { finding: "shadowed-bpf-mount" },
    ],
  },
];

it("offers a book for each finding that suggests it, with what that finding is about", () => {
  const hook = finding("multiple-programs", "if:1:lxc1:tc_egress");
  expect(suggestionsOf(datapath([finding("no-btf", "node"), hook]), books)).toEqual([
    {
      book: "stale-filters",
      findings: [{ finding: hook, inputs: { interface: "lxc1", pod: "shop/cart", seconds: "20" } }],
      inputs: { interface: "lxc1", pod: "shop/cart", seconds: "20" },
    },
  ]);
});

it("offers it once for several, to begin with what they have in common", () => {
  const findings = [
    finding("multiple-programs", "if:1:lxc1"),
    finding("multiple-programs", "prog:7", ["entry of lxc2"]),
  ];
  const [offer, ...others] = suggestionsOf(datapath(findings), books);
  expect(others).toEqual([]);
  expect(offer?.findings.map(({ inputs }) => inputs.interface)).toEqual(["lxc1", "lxc2"]);
  expect(offer?.inputs).toEqual({ seconds: "20" });
});

it("leaves out an input that names nothing here, and offers nothing that nothing suggests", () => {
  const [offer] = suggestionsOf(datapath([finding("multiple-programs", "map:3")]), books);
  expect(offer?.inputs).toEqual({ seconds: "20" });
  expect(suggestionsOf(datapath([finding("no-btf", "node")]), books)).toEqual([]);
});
