/**
 * What a program can return including the programs it tail calls, from each one's own analysis and the
 * slots of the prog arrays at the time they were read. A slot filled later changes the answer, as an
 * attached program replaced later does.
 */

import type { Returns } from "./returns.ts";
import type { Program } from "./types.ts";

export interface TailContext {
  /** Own analysis by program id; absent when its code was not read. */
  own: ReadonlyMap<number, Returns>;
  /** Occupied slots by map id; absent when the array could not be read. */
  arrays: ReadonlyMap<number, readonly { index: number; prog_id: number }[]>;
}

/** Programs looked at for one answer; a pipeline beyond it stays unknown. */
const MAX_PROGRAMS = 4096;

/**
 * The values `progId` can return: its own and those of every program its tail calls can end in. Complete
 * only when each of those is and every array is known. Loops of tail calls end after 33 (MAX_TAIL_CALL_CNT)
 * by going on behind the call, so they add nothing. Null when the program's own code was not read.
 */
export function returnsThroughTailCalls(progId: number, { own, arrays }: TailContext): Program["returns"] {
  if (!own.has(progId)) return null;
  const values = new Set<number>();
  const seen = new Set([progId]);
  const pending = [progId];
  let complete = true;
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    const returns = own.get(id);
    if (returns === undefined || seen.size > MAX_PROGRAMS) {
      complete = false;
      continue;
    }
    complete &&= returns.complete;
    for (const value of returns.values) values.add(value);
    for (const call of returns.tail_calls) {
      const slots = call.map_id === null ? undefined : arrays.get(call.map_id);
      if (slots === undefined) complete = false;
      for (const { index, prog_id } of slots ?? []) {
        if ((call.index !== null && call.index !== index) || seen.has(prog_id)) continue;
        seen.add(prog_id);
        pending.push(prog_id);
      }
    }
  }
  return { values: [...values].sort((a, b) => a - b), complete };
}
