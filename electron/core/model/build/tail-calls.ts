/**
 * Tail calls: which programs may jump to which through prog arrays.
 *
 * Edges are programs × slots of one array and can be many (a node-wide policy array with a slot a pod,
 * used by every program of every pod), so their number is bounded; reachability is worked out on arrays,
 * not edges, and is not affected by the bound. That an array is used does not prove that a slot is called.
 */
import type { ProgArrayRow } from "../../parsers/bpf.progarrays.ts";
import type { Program, TailCall } from "../types.ts";

const MAX_EDGES = 20_000;

export interface TailCalls {
  edges: TailCall[];
  /** True when the bound was reached and edges are missing. */
  cut: boolean;
  /** Programs in slots of arrays that an attached program can get to. */
  reached: ReadonlySet<number>;
  /** Programs in a slot of any array. */
  inArray: ReadonlySet<number>;
}

export function readTailCalls(rows: readonly ProgArrayRow[], programs: readonly Program[]): TailCalls {
  const arrays = new Map(rows.map((row) => [row.map_id, row.slots]));
  const { edges, cut } = edgesOf(programs, arrays);
  const inArray = new Set([...arrays.values()].flatMap((slots) => slots.map((slot) => slot.prog_id)));
  return { edges, cut, reached: reachedFrom(programs, arrays), inArray };
}

function edgesOf(
  programs: readonly Program[],
  arrays: ReadonlyMap<number, ProgArrayRow["slots"]>,
): Pick<TailCalls, "edges" | "cut"> {
  const edges: TailCall[] = [];
  for (const { id: from, map_ids } of programs) {
    for (const map_id of map_ids) {
      for (const slot of arrays.get(map_id) ?? []) {
        if (edges.length === MAX_EDGES) return { edges, cut: true };
        edges.push({ from, map_id, index: slot.index, to: slot.prog_id });
      }
    }
  }
  return { edges, cut: false };
}

function reachedFrom(programs: readonly Program[], arrays: ReadonlyMap<number, ProgArrayRow["slots"]>): Set<number> {
  const byId = new Map(programs.map((one) => [one.id, one]));
  const pending = programs.filter((one) => one.attached.length > 0);
  const opened = new Set<number>();
  const reached = new Set<number>();
  for (let program = pending.pop(); program !== undefined; program = pending.pop()) {
    for (const map_id of program.map_ids) {
      if (opened.has(map_id)) continue;
      opened.add(map_id);
      for (const { prog_id } of arrays.get(map_id) ?? []) {
        if (reached.has(prog_id)) continue;
        reached.add(prog_id);
        const next = byId.get(prog_id);
        if (next !== undefined) pending.push(next);
      }
    }
  }
  return reached;
}
