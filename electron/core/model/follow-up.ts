/**
 * Which programs' translated code is worth a second question: those that share a hook with another one,
 * and the programs those may tail call, as their verdicts count too.
 */
import type { Datapath, HookName } from "./types.ts";

/**
 * Programs at most, and bytes of their code: each costs the node one bpftool, which reads all of the
 * kernel's symbols (about 0.1 s), and comes as JSON of about 30 times its size.
 */
const MAX_PROGRAMS = 64;
const MAX_BYTES_XLATED = 512 * 1024;

/** Hooks whose programs run one after another on the same packets. */
const GROUPS: readonly (readonly HookName[])[] = [
  ["xdp"],
  ["netkit_peer", "tc_ingress"],
  ["tc_egress", "netkit_primary"],
];

/**
 * Ids for the follow-up (`bpf.xlated`), most telling first: programs in front of another one, then the
 * last ones, then what the ones in front may tail call. A pipeline that does not fit as a whole is left
 * out, as a part of it proves nothing. Deterministic; empty when no hook has two entries.
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
  const wanted = new Set([...front, ...last].slice(0, MAX_PROGRAMS));
  if (wanted.size > 0) addPipelines(datapath, [...front], wanted);
  return [...wanted];
}

function addPipelines(datapath: Datapath, fronts: readonly number[], wanted: Set<number>): void {
  const bytes = new Map(datapath.programs.map((one) => [one.id, one.bytes_xlated ?? 0]));
  const targets = new Map<number, Set<number>>();
  for (const { from, to } of datapath.tail_calls) {
    const known = targets.get(from);
    if (known === undefined) targets.set(from, new Set([to]));
    else known.add(to);
  }
  const sizeOf = (ids: Iterable<number>): number => [...ids].reduce((sum, id) => sum + (bytes.get(id) ?? 0), 0);
  for (const front of fronts) {
    if (!wanted.has(front)) continue;
    const pipeline = new Set(wanted);
    const pending = [front];
    const visited = new Set(pending);
    for (let id = pending.pop(); id !== undefined && pipeline.size <= MAX_PROGRAMS; id = pending.pop()) {
      for (const to of targets.get(id) ?? []) {
        if (visited.has(to)) continue;
        visited.add(to);
        pipeline.add(to);
        pending.push(to);
      }
    }
    if (pipeline.size > MAX_PROGRAMS || sizeOf(pipeline) > MAX_BYTES_XLATED) continue;
    for (const id of pipeline) wanted.add(id);
  }
}
