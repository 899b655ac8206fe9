/** Programs, maps and links as rows of the model, each with its holders and owner. Joined by id only: names repeat. */
import type { Facts } from "../../facts/facts.ts";
import type { LinkRow } from "../../parsers/bpf.link.ts";
import type { MapRow } from "../../parsers/bpf.map.ts";
import type { ProgRow } from "../../parsers/bpf.prog.ts";
import { analyseReturns, type Returns } from "../returns.ts";
import { returnsThroughTailCalls } from "../tail-returns.ts";
import type { BpfMap, Key, Link, Program } from "../types.ts";
import { linkKey, mapKey, programKey } from "./keys.ts";
import { claimOfMap, type Holder, holdersOf, type OwnerContext, ownerOfMap, ownerOfProgram } from "./owners.ts";
import { push } from "./processes.ts";

/** The kernel keeps 16 bytes of a name, the last one zero (BPF_OBJ_NAME_LEN). */
const NAME_KEPT = 15;

export interface Objects {
  programs: Program[];
  maps: BpfMap[];
  links: Link[];
}

export function readObjects(facts: Facts, followUp: Facts | null, context: OwnerContext): Objects {
  const progRows = facts.node["bpf.prog"] ?? [];
  const mapRows = facts.node["bpf.map"] ?? [];
  const linkRows = facts.node["bpf.link"] ?? [];
  const { processes } = context;

  const usedBy = new Map<number, number[]>();
  for (const row of progRows) for (const id of new Set(row.map_ids)) push(usedBy, id, row.id);
  const claims = new Map(mapRows.map((row) => [row.id, claimOfMap(row)]));
  const linksOf = new Map<number, LinkRow[]>();
  for (const row of linkRows) if (row.prog_id !== null) push(linksOf, row.prog_id, row);
  const returns = returnsByProgram(facts, followUp);

  const programs = progRows.map((row): Program => {
    const own = holdersOf(row, "prog", processes);
    const links = linksOf.get(row.id) ?? [];
    const linkHolders = links.flatMap((link) => holdersOf(link, "link", processes));
    const pins = links.flatMap((link) => link.pinned);
    const mapClaims = row.map_ids.flatMap((id) => claims.get(id) ?? []);
    const owner = ownerOfProgram(row, own, linkHolders, pins, mapClaims, context);
    return program(row, own, returns.get(row.id) ?? null, owner);
  });
  const maps = mapRows.map((row) => {
    const holders = holdersOf(row, "map", processes);
    return map(row, holders, usedBy.get(row.id) ?? [], ownerOfMap(row, holders, context));
  });
  return { programs, maps, links: linkRows.map((row) => link(row, holdersOf(row, "link", processes))) };
}

function program(row: ProgRow, pids: Holder[], returns: Program["returns"], owner: Program["owner"]): Program {
  const name = row.name ?? "";
  return {
    key: programKey(row.id),
    id: row.id,
    type: row.type ?? "",
    name,
    name_cut: name.length === NAME_KEPT,
    tag: row.tag ?? "",
    loaded_at: row.loaded_at,
    uid: row.uid,
    gpl_compatible: row.gpl_compatible,
    bytes_xlated: row.bytes_xlated,
    bytes_jited: row.bytes_jited,
    jited: row.jited,
    bytes_memlock: row.bytes_memlock,
    btf_id: row.btf_id,
    map_ids: row.map_ids,
    run_cnt: row.run_cnt,
    run_time_ns: row.run_time_ns,
    pinned: row.pinned,
    pids,
    owner,
    returns,
    attached: [],
    origin: { section: "bpf.prog", scope: "node", raw: row.raw },
  };
}

function map(row: MapRow, pids: Holder[], used_by: number[], owner: BpfMap["owner"]): BpfMap {
  return {
    key: mapKey(row.id),
    id: row.id,
    type: row.type ?? "",
    name: row.name ?? "",
    flags: row.flags ?? 0,
    bytes_key: row.bytes_key,
    bytes_value: row.bytes_value,
    max_entries: row.max_entries,
    bytes_memlock: row.bytes_memlock,
    frozen: row.frozen ?? false,
    btf_id: row.btf_id,
    pinned: row.pinned,
    pids,
    owner,
    used_by,
    origin: { section: "bpf.map", scope: "node", raw: row.raw },
  };
}

function link(row: LinkRow, pids: Holder[]): Link {
  return {
    key: linkKey(row.id),
    id: row.id,
    type: row.type ?? "",
    prog_id: row.prog_id,
    details: row.details,
    pinned: row.pinned,
    pids,
    origin: { section: "bpf.link", scope: "node", raw: row.raw },
  };
}

/**
 * Return analysis of the programs whose code was asked for. A program that another one may replace
 * (freplace: an `ext` program linked to it) is never complete.
 */
function returnsByProgram(facts: Facts, followUp: Facts | null): Map<number, NonNullable<Program["returns"]>> {
  const replaced = new Set<number>();
  const extensions = new Set((facts.node["bpf.prog"] ?? []).filter((row) => row.type === "ext").map((row) => row.id));
  for (const row of facts.node["bpf.link"] ?? []) {
    const replaces = row.prog_id !== null && extensions.has(row.prog_id);
    if (replaces && row.target_obj_id !== null) replaced.add(row.target_obj_id);
  }
  const own = new Map<number, Returns>();
  for (const row of [...(facts.node["bpf.xlated"] ?? []), ...(followUp?.node["bpf.xlated"] ?? [])]) {
    if (row.error !== null || row.insns.length === 0) continue;
    const returns = analyseReturns(row.insns);
    own.set(row.prog_id, { ...returns, complete: returns.complete && row.complete && !replaced.has(row.prog_id) });
  }
  const arrays = new Map(
    (facts.node["bpf.progarrays"] ?? []).flatMap((row) =>
      row.error === null ? [[row.map_id, row.slots] as const] : [],
    ),
  );
  const result = new Map<number, NonNullable<Program["returns"]>>();
  for (const id of own.keys()) {
    const returns = returnsThroughTailCalls(id, { own, arrays });
    if (returns !== null) result.set(id, returns);
  }
  return result;
}

/** Marks on each program where it is attached. */
export function markAttached(programs: readonly Program[], attachments: Iterable<readonly [number | null, Key]>): void {
  const byId = new Map(programs.map((one) => [one.id, one]));
  for (const [id, key] of attachments) if (id !== null) byId.get(id)?.attached.push(key);
}
