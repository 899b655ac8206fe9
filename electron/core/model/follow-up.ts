/** Which programs' translated code is worth a second question: those that share a hook with another one. */
import type { Datapath, HookName } from "./types.ts";

/** Ids asked for at most: code is large and the question is about the few hooks with several programs. */
const MAX_PROGRAMS = 64;

/** Hooks whose programs run one after another on the same packets. */
const GROUPS: readonly (readonly HookName[])[] = [
  ["xdp"],
  ["tc_ingress", "netkit_peer"],
  ["tc_egress", "netkit_primary"],
];

/**
 * Ids of programs whose `bpf.xlated` decides what can be reached, most telling first: those in front of
 * another one. Deterministic; at most 64; empty when no hook has two entries.
 */
export function followUpPrograms(datapath: Datapath): number[] {
  const front = new Set<number>();
  const last = new Set<number>();
  for (const iface of datapath.interfaces) {
    for (const group of GROUPS) {
      const entries = iface.hooks.filter((one) => group.includes(one.hook)).flatMap((one) => one.entries);
      if (entries.length < 2) continue;
      for (const [index, { prog_id }] of entries.entries()) {
        if (prog_id !== null) (index === entries.length - 1 ? last : front).add(prog_id);
      }
    }
  }
  return [...new Set([...front, ...last])].slice(0, MAX_PROGRAMS);
}
