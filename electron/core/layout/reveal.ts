/**
 * Which folds have to be opened so that a thing can be seen.
 */
import type { Datapath, Key } from "../model/types.ts";
import { tailCalls } from "./chains.ts";
import { FOLD } from "./types.ts";

/**
 * Folds that hide `key`, outermost first; empty when none does or the key is unknown.
 * For a program that is only tail called this is the pipeline of one attachment that reaches it.
 */
export function foldsToShow(datapath: Datapath, key: Key): Key[] {
  const iface = datapath.interfaces.find((candidate) => candidate.key === key);
  if (iface) return iface.hooks.some((hook) => hook.entries.length > 0) ? [] : [FOLD.idle];
  const map = datapath.maps.find((candidate) => candidate.key === key);
  if (map) {
    const holder = entryOf(datapath, (prog_id) => map.used_by.includes(prog_id));
    return holder === null ? [] : [FOLD.maps(holder)];
  }
  const program = datapath.programs.find((candidate) => candidate.key === key);
  if (!program || program.attached.length > 0) return [];
  const calls = tailCalls(datapath.programs, datapath.tail_calls);
  const wanted = new Set([key]);
  const holder = entryOf(datapath, (prog_id) => calls.reachesAny(prog_id, wanted));
  return holder === null ? [] : [FOLD.tails(holder)];
}

function entryOf(datapath: Datapath, suits: (prog_id: number) => boolean): Key | null {
  for (const iface of datapath.interfaces)
    for (const hook of iface.hooks)
      for (const entry of hook.entries) if (entry.prog_id !== null && suits(entry.prog_id)) return entry.key;
  return null;
}
