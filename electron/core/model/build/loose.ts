/**
 * Programs and maps that hang loose: loaded, but with nothing that runs or uses them.
 *
 * Says so only for program types whose every attachment is in a list that was read: a kprobe attached
 * through a perf descriptor, say, is in none, so nothing is said about kprobes.
 */
import type { Facts } from "../../facts/facts.ts";
import type { BpfMap, Loose, Program } from "../types.ts";
import type { TailCalls } from "./tail-calls.ts";

/** Program type → sections that together list all its attachments. */
const LISTED: Record<string, readonly (keyof Facts["node"])[]> = {
  sched_cls: ["bpf.net", "bpf.link", "tc.filter"],
  xdp: ["net.link", "bpf.net", "bpf.link"],
  cgroup_skb: ["bpf.cgroup", "bpf.link"],
  cgroup_sock: ["bpf.cgroup", "bpf.link"],
  cgroup_sock_addr: ["bpf.cgroup", "bpf.link"],
  cgroup_sockopt: ["bpf.cgroup", "bpf.link"],
  cgroup_sysctl: ["bpf.cgroup", "bpf.link"],
  cgroup_device: ["bpf.cgroup", "bpf.link"],
  sock_ops: ["bpf.cgroup", "bpf.link"],
};

export function readLoose(
  facts: Facts,
  programs: readonly Program[],
  maps: readonly BpfMap[],
  tailCalls: TailCalls,
  holdersKnown: boolean,
): Loose[] {
  const complete = completeSections(facts);
  const loose: Loose[] = [];
  for (const one of programs) {
    if (!(LISTED[one.type] ?? ["?"]).every((section) => complete.has(section))) continue;
    const found = looseProgram(one, tailCalls, complete.has("bpf.progarrays"), holdersKnown);
    if (found !== null) loose.push({ what: one.key, ...found });
  }
  if (holdersKnown && complete.has("bpf.prog")) {
    for (const one of maps) {
      if (one.pinned.length === 0 || one.used_by.length > 0 || one.pids.length > 0) continue;
      const text = `pinned at ${one.pinned[0]}; no program uses it and no process holds it`;
      loose.push({ what: one.key, why: "pinned_not_attached", text });
    }
  }
  return loose;
}

/** Sections that arrived whole in every scope they were run in. */
function completeSections(facts: Facts): Set<string> {
  const seen = new Set(facts.states.map((state) => state.section));
  for (const state of facts.states) if (!state.ok) seen.delete(state.section);
  return seen;
}

function looseProgram(
  one: Program,
  { reached, inArray }: TailCalls,
  arraysKnown: boolean,
  holdersKnown: boolean,
): Omit<Loose, "what"> | null {
  if (one.attached.length > 0) {
    const held = one.pinned.length > 0 || one.pids.length > 0 || (one.owner?.evidence.length ?? 0) > 0;
    if (held || !holdersKnown) return null;
    return { why: "attached_no_holder", text: "attached, but no process holds it and nothing is pinned" };
  }
  if (!arraysKnown || reached.has(one.id)) return null;
  if (inArray.has(one.id)) {
    return { why: "in_unreached_prog_array", text: "in a prog array that no attached program uses" };
  }
  if (one.pinned.length > 0) {
    return { why: "pinned_not_attached", text: `pinned at ${one.pinned[0]}, attached nowhere` };
  }
  if (one.pids.length > 0) {
    const [holder] = one.pids;
    return { why: "held_only", text: `held by pid ${holder?.pid} (${holder?.comm}), attached nowhere` };
  }
  return null;
}
