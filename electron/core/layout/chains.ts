/**
 * Tail calls of a whole node: what can be reached from a program, and how far away it is.
 *
 * A tail call goes from a program through a slot of a prog array to another program. Counting what
 * is behind every attached program is asked for each refresh, so it works on strongly connected
 * components with one bit per program; the layers of one pipeline are only made when it is opened.
 */
import type { Key, Program, TailCall } from "../model/types.ts";

export interface TailCalls {
  /** How many different programs can be reached by tail calls, the program itself not counted. */
  count(prog_id: number): number;
  /** Is one of the reachable programs in the set (of program keys)? */
  reachesAny(prog_id: number, programs: ReadonlySet<Key>): boolean;
  /** Calls a program can make, by slot. */
  from(prog_id: number): readonly TailCall[];
}

/** Builds the closure. Calls from or to programs that are not listed are ignored. */
export function tailCalls(programs: readonly Program[], calls: readonly TailCall[]): TailCalls {
  const position = new Map(programs.map((program, at) => [program.id, at]));
  const outgoing = new Map<number, TailCall[]>();
  const next: number[][] = [];
  for (const call of calls) {
    const from = position.get(call.from);
    const to = position.get(call.to);
    if (from === undefined || to === undefined) continue;
    const list = outgoing.get(call.from);
    if (list) list.push(call);
    else outgoing.set(call.from, [call]);
    const targets = next[from];
    if (targets) targets.push(to);
    else next[from] = [to];
  }
  for (const list of outgoing.values()) list.sort((a, b) => a.map_id - b.map_id || a.index - b.index || a.to - b.to);
  const reach = closure(programs.length, next);

  return {
    count(prog_id) {
      const at = position.get(prog_id);
      const bits = at === undefined ? undefined : reach[at];
      if (at === undefined || !bits) return 0;
      let total = 0;
      for (const word of bits) total += popcount(word);
      return total - (hasBit(bits, at) ? 1 : 0);
    },
    reachesAny(prog_id, wanted) {
      const at = position.get(prog_id);
      const bits = at === undefined ? undefined : reach[at];
      if (!bits) return false;
      for (const [word, value] of bits.entries()) {
        if (value === 0) continue;
        for (let bit = 0; bit < 32; bit++) {
          if (((value >>> bit) & 1) === 0) continue;
          const program = programs[word * 32 + bit];
          if (program && wanted.has(program.key)) return true;
        }
      }
      return false;
    },
    from: (prog_id) => outgoing.get(prog_id) ?? [],
  };
}

/**
 * For every node with successors, the set of nodes it reaches in one or more steps, as bits.
 * Tarjan's components without recursion; members of one component share one set.
 */
function closure(size: number, next: readonly (number[] | undefined)[]): (Uint32Array | undefined)[] {
  const words = (size + 31) >> 5;
  const reach: (Uint32Array | undefined)[] = new Array(size);
  const seen = new Int32Array(size);
  const low = new Int32Array(size);
  const stacked = new Uint8Array(size);
  const stack: number[] = [];
  let clock = 0;
  for (let root = 0; root < size; root++) {
    if (seen[root] || !next[root]) continue;
    const path: { at: number; child: number }[] = [{ at: root, child: 0 }];
    while (path.length > 0) {
      const top = path[path.length - 1];
      if (!top) break;
      const { at } = top;
      if (top.child === 0) {
        seen[at] = low[at] = ++clock;
        stack.push(at);
        stacked[at] = 1;
      }
      const child = next[at]?.[top.child];
      if (child !== undefined) {
        top.child += 1;
        if (!seen[child]) path.push({ at: child, child: 0 });
        else if (stacked[child]) low[at] = Math.min(low[at] ?? 0, seen[child] ?? 0);
        continue;
      }
      // A node without successors is visited once: its child counter stays 0 and it is popped here.
      path.pop();
      const parent = path[path.length - 1];
      if (parent) low[parent.at] = Math.min(low[parent.at] ?? 0, low[at] ?? 0);
      if (low[at] !== seen[at]) continue;
      const members: number[] = [];
      for (;;) {
        const member = stack.pop();
        if (member === undefined) break;
        stacked[member] = 0;
        members.push(member);
        if (member === at) break;
      }
      const bits = new Uint32Array(words);
      for (const member of members)
        for (const target of next[member] ?? []) {
          setBit(bits, target);
          const further = reach[target];
          if (further) for (let word = 0; word < words; word++) bits[word] = (bits[word] ?? 0) | (further[word] ?? 0);
        }
      for (const member of members) if (next[member]) reach[member] = bits;
    }
  }
  return reach;
}

function setBit(bits: Uint32Array, at: number): void {
  bits[at >> 5] = (bits[at >> 5] ?? 0) | (1 << (at & 31));
}

function hasBit(bits: Uint32Array, at: number): boolean {
  return (((bits[at >> 5] ?? 0) >>> (at & 31)) & 1) === 1;
}

function popcount(word: number): number {
  let value = word - ((word >>> 1) & 0x55555555);
  value = (value & 0x33333333) + ((value >>> 2) & 0x33333333);
  return (((value + (value >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
