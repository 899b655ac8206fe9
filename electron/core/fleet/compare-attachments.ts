/**
 * Which programs run where, in which order, as two nodes can share it: without ids, handles of links, tags
 * (those are compared on their own) and the names that are given anew on every node.
 */
import { directionOf } from "../model/label.ts";
import type { Datapath, Hook, HookEntry, HookName, Iface, Program } from "../model/types.ts";
import { Values } from "./compare-sets.ts";
import { rolesIn } from "./roles.ts";

const NOTHING = "no programs";

/** Chains by `eth0 ingress (out → host)`, `pod interfaces egress (out → pod)`. */
export function chainsOf(datapath: Datapath, other: Datapath): Values {
  const values = new Values();
  const programs = programsOf(datapath);
  const roleOf = rolesIn(datapath);
  const used = new Map<string, Set<HookName>>();
  for (const one of [datapath, other]) noteHooks(one, used);
  for (const iface of datapath.interfaces) {
    const { name, many } = roleOf(iface);
    for (const hook of used.get(name) ?? []) {
      const found = iface.hooks.find((one) => one.hook === hook);
      const chain = chainText(found?.entries ?? [], programs);
      // One interface without programs on a hook is a row of the other node; one among many is a difference.
      if (chain === NOTHING && !many) continue;
      values.add(
        `${name} ${found?.direction ?? direction(iface, hook)}`,
        chain,
        many ? { many, where: iface.name } : {},
      );
    }
  }
  return values;
}

/** `kprobe tcp_connect`: the names of the programs there. */
export function tracingOf(datapath: Datapath): Values {
  const programs = programsOf(datapath);
  const values = new Values();
  for (const { kind, target, prog_id } of datapath.tracing) {
    values.add(target === "" ? kind : `${kind} ${target}`, programName(prog_id, programs), { many: true });
  }
  return values;
}

/** `/system.slice/kubelet.service cgroup_device`: the programs there in their order. Pods' cgroups as one. */
export function cgroupsOf(datapath: Datapath): Values {
  const programs = programsOf(datapath);
  const places = Map.groupBy(
    datapath.cgroups,
    ({ cgroup, attach_type }) => `${cgroup === "" ? "/" : cgroup} ${attach_type}`,
  );
  const values = new Values();
  for (const [place, attached] of places) {
    const [first] = attached;
    const chain = attached
      .toSorted((a, b) => a.order - b.order)
      .map(({ prog_id, attach_flags }) => [programName(prog_id, programs), attach_flags].filter(Boolean).join(" "));
    const inPod = first !== undefined && first.pod !== null;
    values.add(
      inPod ? `pods' cgroups ${first.attach_type}` : place,
      chain.join(", "),
      inPod ? { many: true, where: first.cgroup } : {},
    );
  }
  return values;
}

const programsOf = (datapath: Datapath) => new Map(datapath.programs.map((one) => [one.id, one]));

/** Which hooks have a program somewhere, by role. */
function noteHooks(datapath: Datapath, used: Map<string, Set<HookName>>): void {
  const roleOf = rolesIn(datapath);
  for (const iface of datapath.interfaces) {
    for (const { hook, entries } of iface.hooks) {
      if (entries.length === 0) continue;
      const { name } = roleOf(iface);
      used.set(name, (used.get(name) ?? new Set()).add(hook));
    }
  }
}

/** Of an interface that has nothing on that hook. */
function direction(iface: Iface, hook: HookName): Hook["direction"] {
  if (iface.pod_host_end) return directionOf(hook, "pod_host_end");
  if (iface.host_netns) return directionOf(hook, "uplink");
  return directionOf(hook, iface.pod === null ? "in_namespace" : "in_pod");
}

function chainText(entries: readonly HookEntry[], programs: ReadonlyMap<number, Program>): string {
  if (entries.length === 0) return NOTHING;
  return entries
    .toSorted((a, b) => a.order - b.order)
    .map((entry) => `${entry.order}. ${placeText(entry)} ${entryName(entry, programs)}`)
    .join(", ");
}

/** Handles are the kernel's choice unless a filter was given one; the order says what matters of them. */
function placeText({ mechanism, mode, pref, chain, protocol, direct_action }: HookEntry): string {
  const parts = [
    mechanism,
    mode,
    chain ? `chain ${chain}` : null,
    pref === null ? null : `pref ${pref}`,
    protocol === null || protocol === "all" ? null : protocol,
    direct_action === false ? "without direct-action" : null,
  ];
  return parts.filter((part) => part !== null).join(" ");
}

function entryName(entry: HookEntry, programs: ReadonlyMap<number, Program>): string {
  return entry.kind === "bpf" ? programName(entry.prog_id, programs) : `${entry.kind} filter`;
}

function programName(id: number | null, programs: ReadonlyMap<number, Program>): string {
  return (id === null ? "" : programs.get(id)?.name) || "(no name)";
}
