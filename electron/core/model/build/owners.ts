/**
 * Who loaded or holds a program or map, with the evidence for every claim.
 *
 * Holders come from bpftool (its own iterator) or, where it could not, from descriptors in /proc. Many
 * programs have no holder at all (clsact filters, pins): then pins and maps may still tell the family.
 */
import type { MapRow } from "../../parsers/bpf.map.ts";
import type { ProgRow } from "../../parsers/bpf.prog.ts";
import type { Owner, Pod } from "../types.ts";
import { familyOfMapName, familyOfPin, familyOfProcess, nameFits } from "./families.ts";
import { podKey } from "./keys.ts";
import type { Pods } from "./pods.ts";
import type { Process, Processes } from "./processes.ts";

export interface Holder {
  pid: number;
  comm: string;
}

/** Processes that hold the object: the tool's list, else the one from /proc. */
export function holdersOf(
  row: { id: number; pids: readonly Holder[] },
  kind: "prog" | "map" | "link",
  processes: Processes,
): Holder[] {
  if (row.pids.length > 0) return [...row.pids];
  return (processes.holders[kind].get(row.id) ?? []).map((pid) => ({
    pid,
    comm: processes.byPid.get(pid)?.comm ?? "",
  }));
}

/** A claim about the family and what it rests on; a lower rank is stronger. */
export interface Claim {
  family: string | null;
  rank: number;
  evidence: string;
}

export interface OwnerContext {
  processes: Processes;
  pods: Pods;
}

export function ownerOfMap(row: MapRow, holders: readonly Holder[], context: OwnerContext): Owner | null {
  const claims = [...holderClaims(holders, context), ...pinClaims(row.pinned)];
  const named = row.name === null ? null : familyOfMapName(row.name);
  if (named !== null) claims.push({ family: named, rank: 3, evidence: `map name ${row.name}` });
  return decide(claims, holders, context);
}

/** What using a map says about a program's family; worked out once a map, as hundreds of programs share one. */
export function claimOfMap(map: MapRow): Claim | null {
  for (const path of map.pinned) {
    const family = familyOfPin(path);
    if (family !== null) return { family, rank: 2, evidence: `uses map ${map.id}, pinned at ${path}` };
  }
  const named = map.name === null ? null : familyOfMapName(map.name);
  return named === null ? null : { family: named, rank: 3, evidence: `uses map ${map.id} named ${map.name}` };
}

/**
 * @param mapClaims {@link claimOfMap} of the program's maps
 * @param linkHolders processes that hold a link of the program
 */
export function ownerOfProgram(
  row: ProgRow,
  holders: readonly Holder[],
  linkHolders: readonly Holder[],
  linkPins: readonly string[],
  mapClaims: readonly Claim[],
  context: OwnerContext,
): Owner | null {
  const held = [...holders, ...linkHolders.filter((one) => !holders.some((other) => other.pid === one.pid))];
  const claims = [...holderClaims(held, context), ...pinClaims([...row.pinned, ...linkPins]), ...mapClaims];
  const owner = decide(claims, held, context);
  if (owner?.family != null && row.name !== null && nameFits(owner.family, row.name)) {
    owner.evidence.push(`named ${row.name}, as ${owner.family}'s programs are`);
  }
  return owner;
}

function holderClaims(holders: readonly Holder[], { processes, pods }: OwnerContext): Claim[] {
  return holders.map(({ pid, comm }) => {
    const process = processes.byPid.get(pid);
    const found = familyOfProcess(comm, process?.exe ?? null);
    const pod = podOf(process, pods);
    const where = pod === null ? "" : ` in pod ${pod.name === null ? pod.uid : `${pod.namespace}/${pod.name}`}`;
    const why = found === null ? "" : `, ${found.because}`;
    return { family: found?.family ?? null, rank: 0, evidence: `held by pid ${pid} (${comm})${where}${why}` };
  });
}

function pinClaims(pins: readonly string[]): Claim[] {
  return pins.map((path) => ({ family: familyOfPin(path), rank: 1, evidence: `pinned at ${path}` }));
}

/** How much evidence is listed: a program may use a hundred maps of one family. */
const MAX_EVIDENCE = 6;

function decide(claims: Claim[], holders: readonly Holder[], context: OwnerContext): Owner | null {
  if (claims.length === 0) return null;
  const ranked = claims.toSorted((a, b) => a.rank - b.rank);
  const family = ranked.find((one) => one.family !== null)?.family ?? null;
  // Evidence of another family is left out of the claim, not hidden from the things themselves.
  const fitting = ranked.filter((one) => one.family === family || one.family === null);
  const first = holders.find((one) => familyOfProcess(one.comm, exeOf(one, context)) !== null) ?? holders[0];
  const process = first === undefined ? undefined : context.processes.byPid.get(first.pid);
  const pod = podOf(process, context.pods);
  const container_id = process?.pod?.container_id ?? null;
  return {
    family,
    process: first === undefined ? null : { pid: first.pid, comm: first.comm, exe: process?.exe ?? null },
    pod: pod?.key ?? null,
    container_id,
    image: pod?.containers.find((one) => one.id === container_id)?.image ?? null,
    evidence: fitting.slice(0, MAX_EVIDENCE).map((one) => one.evidence),
  };
}

function exeOf(holder: Holder, { processes }: OwnerContext): string | null {
  return processes.byPid.get(holder.pid)?.exe ?? null;
}

function podOf(process: Process | undefined, pods: Pods): Pod | null {
  return process?.pod == null ? null : (pods.byKey.get(podKey(process.pod.uid)) ?? null);
}
