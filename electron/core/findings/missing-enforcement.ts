/**
 * A pod interface without the program that its siblings carry: policy is not enforced there.
 *
 * Judged against the same node's other pod interfaces of the same kind and name pattern, so no CNI's
 * layout is assumed: nothing at all where most have something, or one direction empty where nearly all
 * have it (a CNI may attach a direction only for some pods).
 */
import { enforces } from "../model/build/families.ts";
import { hookLabel } from "../model/label.ts";
import type { Datapath, Finding, HookName, Iface, Program } from "../model/types.ts";
import { defineFinding } from "./define.ts";

type Direction = "in" | "out";

const HOOKS: Record<Direction, readonly HookName[]> = {
  in: ["netkit_peer", "tc_ingress"],
  out: ["tc_egress", "netkit_primary"],
};
const WORDS: Record<Direction, string> = { in: "ingress (pod → out)", out: "egress (out → pod)" };
/** What CNIs start the names of their interfaces with; the rest of a name is a hash. */
const NAMING = /^(?:lxc|cali|eni|azv|gke|veth|nk)/;
/** One empty direction counts only where at least this share of the siblings has it. */
const NEARLY_ALL = 0.9;
/** Siblings with a program needed before anything is said. */
const MIN_SIBLINGS = 2;

export default defineFinding({
  id: "missing-enforcement",
  title: "A pod interface without the program its siblings carry",
  examine(datapath) {
    const groups = new Map<string, Iface[]>();
    for (const iface of datapath.interfaces) {
      if (!iface.pod_host_end || !iface.up) continue;
      const group = `${iface.kind} ${NAMING.exec(iface.name)?.[0] ?? ""}`;
      const list = groups.get(group);
      if (list === undefined) groups.set(group, [iface]);
      else list.push(iface);
    }
    const programs = new Map(datapath.programs.map((one) => [one.id, one]));
    return [...groups.values()].flatMap((group) => examineGroup(group, datapath, programs));
  },
});

function carried(iface: Iface, direction: Direction): number[] {
  return iface.hooks
    .filter((hook) => HOOKS[direction].includes(hook.hook))
    .flatMap((hook) => hook.entries.flatMap((entry) => (entry.prog_id === null ? [] : [entry.prog_id])));
}

function examineGroup(group: readonly Iface[], datapath: Datapath, programs: ReadonlyMap<number, Program>): Finding[] {
  const having = { in: 0, out: 0, any: 0 };
  for (const iface of group) {
    const has = { in: carried(iface, "in").length > 0, out: carried(iface, "out").length > 0 };
    if (has.in) having.in++;
    if (has.out) having.out++;
    if (has.in || has.out) having.any++;
  }
  if (having.any < MIN_SIBLINGS) return [];
  return group.flatMap((iface) => {
    const empty = (["in", "out"] as const).filter((one) => carried(iface, one).length === 0);
    const missing =
      empty.length === 2 && having.any * 2 > group.length
        ? empty.filter((one) => having[one] * 2 > having.any)
        : empty.filter((one) => having[one] >= NEARLY_ALL * group.length);
    if (missing.length === 0 || !listsAreWhole(iface, datapath)) return [];
    return [findingOf(iface, missing, group, having, datapath, programs)];
  });
}

/** Without a whole list of attachments an empty hook proves nothing; a missing qdisc does for clsact. */
function listsAreWhole(iface: Iface, datapath: Datapath): boolean {
  const whole = (section: string): boolean =>
    datapath.sections.every((one) => one.section !== section || one.scope !== "node" || one.ok);
  if (!whole("tc.qdisc")) return false;
  const qdisc = iface.hooks.some((hook) => hook.qdisc !== null);
  return whole("bpf.net") && (whole("tc.filter") || !qdisc);
}

function findingOf(
  iface: Iface,
  missing: readonly Direction[],
  group: readonly Iface[],
  having: Record<Direction, number>,
  datapath: Datapath,
  programs: ReadonlyMap<number, Program>,
): Finding {
  const siblings = group.filter((one) => one !== iface);
  const family = familyOf(siblings, missing, programs);
  const enforced = family !== null && enforces(family);
  const qdisc = iface.hooks.some((hook) => hook.qdisc !== null);
  const pod = datapath.pods.find((one) => one.key === iface.pod);
  const where = missing.map((one) => hookLabel(iface, { direction: WORDS[one] }));
  const names = missing.map((one) => {
    const example = siblings.flatMap((sibling) => carried(sibling, one))[0];
    const name = example === undefined ? "" : (programs.get(example)?.name ?? "");
    return `${having[one]} of ${group.length} such interfaces have a program on ${WORDS[one]}, e.g. ${name || "unnamed"}`;
  });
  return {
    id: "missing-enforcement",
    severity: enforced ? "critical" : "warning",
    subject: iface.key,
    subject_name: where.join(" and "),
    evidence: [
      `${iface.name} has ${qdisc ? "a clsact qdisc but no" : "no clsact qdisc and no"} program on ${missing.map((one) => WORDS[one]).join(" and ")}`,
      ...names,
      ...(pod === undefined ? [] : [`pod ${pod.name === null ? pod.uid : `${pod.namespace}/${pod.name}`}`]),
      ...(family === null ? [] : [`the siblings' programs belong to ${family}`]),
    ],
    meaning: enforced
      ? `${family} enforces its policy with these programs; without them nothing is enforced on this pod's traffic in that direction. A pod that was started this second may not have them yet.`
      : "The other pod interfaces of this node carry a program there and this one does not. Who attaches it is not known, so what is missing is not known either.",
    related: [iface.key, ...(pod === undefined ? [] : [pod.key])],
  };
}

/** The family most of the siblings' programs belong to. */
function familyOf(
  siblings: readonly Iface[],
  missing: readonly Direction[],
  programs: ReadonlyMap<number, Program>,
): string | null {
  const votes = new Map<string, number>();
  let all = 0;
  for (const id of siblings.flatMap((one) => missing.flatMap((direction) => carried(one, direction)))) {
    all++;
    const family = programs.get(id)?.owner?.family ?? null;
    if (family !== null) votes.set(family, (votes.get(family) ?? 0) + 1);
  }
  const [family, count] = [...votes].toSorted((a, b) => b[1] - a[1])[0] ?? [null, 0];
  return count * 2 > all ? family : null;
}
