/** Evidence in words: one line an entry, program or mount, the same wording in every rule. */
import { entryLabel } from "../../model/label.ts";
import type { Datapath, Program } from "../../model/types.ts";
import type { StackedEntry } from "./stacks.ts";

/** Subject of findings about the node itself. */
export const NODE_KEY = "node";

/** `1. pref 1 handle 0x1: cil_to_container (id 12), tag …, loaded 2026-11-21T03:00:00Z, run_cnt 5`. */
export function stackEvidence(entries: readonly StackedEntry[], datapath: Datapath): string[] {
  return entries.map(({ entry, program }, index) => {
    const facts = [`${index + 1}. ${entryLabel(entry, program)}`];
    if (program !== undefined) facts.push(...programFacts(program, datapath));
    if (entry.reachable.value === "no") facts.push(`never runs: ${entry.reachable.reason}`);
    return facts.join(", ");
  });
}

function programFacts(program: Program, datapath: Datapath): string[] {
  const facts = [`tag ${program.tag}`];
  if (program.loaded_at !== null) facts.push(`loaded ${isoTime(program.loaded_at)}`);
  if (program.run_cnt !== null) facts.push(`run_cnt ${program.run_cnt}`);
  if (program.owner?.family != null) facts.push(`owner ${program.owner.family} (${program.owner.evidence[0] ?? ""})`);
  const agent = olderThanAgent(program, datapath);
  if (agent !== null) facts.push(`loaded before ${agent.comm} (pid ${agent.pid}) started at ${agent.at}`);
  return facts;
}

/**
 * Load times are whole seconds and starts of processes are rounded too; below this many seconds nothing
 * is said about which came first.
 */
const CLOCK_GRAIN_S = 2;

/** The agent of the program's family that started after the program was loaded, null when there is none. */
export function olderThanAgent(program: Program, datapath: Datapath): { comm: string; pid: number; at: string } | null {
  const family = program.owner?.family ?? null;
  const loaded = program.loaded_at;
  if (family === null || loaded === null) return null;
  const own = datapath.node.agents.filter((one) => one.family === family);
  // With several processes of one family (an agent and its helpers) any of them may be the loader.
  const starts = own.map((one) => one.started_at);
  if (own.length === 0 || starts.some((start) => start === null || loaded > start - CLOCK_GRAIN_S)) return null;
  const first = own.toSorted((a, b) => (a.started_at ?? 0) - (b.started_at ?? 0))[0];
  return first === undefined ? null : { comm: first.comm, pid: first.pid, at: isoTime(first.started_at ?? 0) };
}

export function isoTime(epochSeconds: number): string {
  // Years beyond what Date can hold come from broken input.
  if (!Number.isFinite(epochSeconds) || Math.abs(epochSeconds) > 8.64e12) return `${epochSeconds} s`;
  return new Date(epochSeconds * 1000).toISOString().replace(".000Z", "Z");
}
