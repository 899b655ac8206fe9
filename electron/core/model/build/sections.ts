/** States of the sections as the picture shows them, with those the model misses named. */
import type { Facts } from "../../facts/facts.ts";
import type { SectionState } from "../types.ts";

/** What cannot be shown when a section did not arrive at all. */
const NEEDED: Record<string, string> = {
  "node.kernel": "The kernel, the boot time and the node's own network namespace are unknown.",
  "bpf.prog": "Programs cannot be shown: names, types, owners and run counts are missing.",
  "bpf.map": "Maps cannot be shown.",
  "bpf.link": "Links cannot be shown, nor what is attached through them alone (tracing, netfilter, LSM).",
  "bpf.net": "tcx and netkit programs and their order cannot be shown.",
  "bpf.cgroup": "Programs on cgroups cannot be shown.",
  "bpf.progarrays": "Tail calls cannot be shown.",
  "net.link": "Interfaces and their XDP programs cannot be shown.",
  "tc.qdisc": "Whether an interface has a clsact qdisc cannot be told.",
  "tc.filter": "clsact filters lack pref, handle, chain and protocol; filters that are not BPF cannot be shown.",
  "proc.cgroup": "Pods of processes cannot be told.",
  "proc.netns": "Pods of interfaces cannot be told.",
};

/** @param tailCallsCut true when tail calls were left out because there are too many */
export function readSections(facts: Facts, followUp: Facts | null, tailCallsCut: boolean): SectionState[] {
  const states = [...facts.states, ...(followUp?.states ?? [])];
  const seen = new Set(facts.states.filter((state) => state.scope === "node").map((state) => state.section));
  for (const [section, message] of Object.entries(NEEDED)) {
    if (seen.has(section)) continue;
    states.push({
      section,
      scope: "node",
      ok: false,
      exit: null,
      ms: null,
      bytes: 0,
      truncated: false,
      warnings: [{ code: "missing-section", message: `This section did not arrive. ${message}` }],
    });
  }
  if (!tailCallsCut) return states;
  const warning = { code: "tail-calls-cut", message: "There are too many tail calls to list; some are left out." };
  return states.map((state) =>
    state.section === "bpf.progarrays" ? { ...state, warnings: [...state.warnings, warning] } : state,
  );
}
