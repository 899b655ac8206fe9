/**
 * Directions on which several BPF programs run one after another, judged once for all rules, so that one
 * fault gives one finding:
 *   `same-name`    two of them carry the same name: what an agent leaves behind when it attaches twice;
 *   `never-runs`   one cannot run because another in front of it always ends the chain;
 *   `several`      they differ and may all run.
 * The most telling one wins. tc and netkit count together, XDP does not: a program at XDP and one at tc
 * are often one pipeline. Filters that can never see the same packet (other protocol, other chain) do not.
 */
import { hookLabel } from "../../model/label.ts";
import type { Datapath, Hook, HookEntry, HookName, Iface, Program } from "../../model/types.ts";

export interface StackedEntry {
  entry: HookEntry;
  hook: Hook;
  program: Program | undefined;
}

export interface Stack {
  iface: Iface;
  /** `lxc1a2b3c egress (out → pod)`. */
  label: string;
  /** In execution order; only entries that share packets with another one. */
  entries: StackedEntry[];
  verdict: "same-name" | "never-runs" | "several";
}

const DIRECTIONS: readonly (readonly HookName[])[] = [
  ["netkit_peer", "tc_ingress"],
  ["tc_egress", "netkit_primary"],
];

/** One model is examined by several rules in turn. */
const known = new WeakMap<Datapath, Stack[]>();

export function stacksOf(datapath: Datapath): Stack[] {
  const stacks = known.get(datapath) ?? findStacks(datapath);
  known.set(datapath, stacks);
  return stacks;
}

function findStacks(datapath: Datapath): Stack[] {
  const programs = new Map(datapath.programs.map((one) => [one.id, one]));
  return datapath.interfaces.flatMap((iface) =>
    DIRECTIONS.flatMap((names) => {
      const entries = names.flatMap((name) =>
        iface.hooks.filter((hook) => hook.hook === name).flatMap((hook) => stackedEntries(hook, programs)),
      );
      const sharing = entries.filter((one) => entries.some((other) => other !== one && sharePackets(one, other)));
      const [first] = sharing;
      if (first === undefined) return [];
      const label = hookLabel(iface, first.hook);
      return [{ iface, label, entries: sharing, verdict: judge(sharing) }];
    }),
  );
}

function stackedEntries(hook: Hook, programs: ReadonlyMap<number, Program>): StackedEntry[] {
  return hook.entries.flatMap((entry) =>
    entry.prog_id === null ? [] : [{ entry, hook, program: programs.get(entry.prog_id) }],
  );
}

/** False for filters that can never see the same packet. */
export function sharePackets(a: StackedEntry, b: StackedEntry): boolean {
  if (a.entry.mechanism !== "clsact" || b.entry.mechanism !== "clsact") return true;
  const [one, two] = [a.entry.protocol ?? "all", b.entry.protocol ?? "all"];
  return (a.entry.chain ?? 0) === (b.entry.chain ?? 0) && (one === two || one === "all" || two === "all");
}

function judge(entries: readonly StackedEntry[]): Stack["verdict"] {
  if (sameNamed(entries).length > 0) return "same-name";
  return neverRun(entries).length > 0 ? "never-runs" : "several";
}

/** Entries whose program has the same name, or is the same, as another one that sees the same packets. */
export function sameNamed(entries: readonly StackedEntry[]): StackedEntry[] {
  return entries.filter((one) =>
    entries.some(
      (other) =>
        other !== one &&
        sharePackets(one, other) &&
        (one.entry.prog_id === other.entry.prog_id ||
          (one.program !== undefined && one.program.name !== "" && one.program.name === other.program?.name)),
    ),
  );
}

export function neverRun(entries: readonly StackedEntry[]): StackedEntry[] {
  return entries.filter((one) => one.entry.reachable.value === "no");
}

/** Keys of every entry that one of the rules on stacks speaks about, for rules that would repeat it. */
export function spokenFor(datapath: Datapath): Set<string> {
  const reported = stacksOf(datapath).filter((stack) => stack.verdict !== "several" || stack.iface.pod_host_end);
  return new Set(reported.flatMap((stack) => stack.entries.map((one) => one.entry.key)));
}
