/**
 * Which values a loaded program can return, read from its translated code.
 *
 * A small abstract interpretation: every register holds a set of at most 16 constants or "anything".
 * Sound, not clever: memory, stack, helpers and subprograms give "anything", and `complete` is true only
 * when every reachable exit returns known constants and no exception or unknown jump is reachable.
 * A tail call that succeeds replaces the program's verdict by the callee's; which slots may be called is
 * reported here, and joined with the slots' programs in `tail-returns.ts`.
 */

import type { Insn as XlatedInsn } from "../parsers/bpf.xlated.ts";
import { alu, MAP_TAG, type Values } from "./alu.ts";
import { decodeInsns, type Insn } from "./insn.ts";

type State = Values[];

export interface Returns {
  /** Signed 32-bit values, ascending: how the kernel reads a verdict. */
  values: number[];
  /** True when nothing else can be returned by the program itself. */
  complete: boolean;
  /** Slots of prog arrays it may jump to; an index of null is any slot, a map of null is any array. */
  tail_calls: { map_id: number | null; index: number | null }[];
}

const MAX_SET = 16;
/** Executed instructions per program before giving up; a million-instruction program stays under a second. */
const MAX_STEPS = 2_000_000;

/**
 * What these helpers return is fixed by their code (net/core/filter.c: bpf_redirect, bpf_redirect_neigh,
 * bpf_redirect_peer give TC_ACT_REDIRECT or TC_ACT_SHOT; bpf_xdp_redirect gives XDP_REDIRECT or XDP_ABORTED).
 * The name is the kernel's own symbol, resolved by bpftool from the call's address.
 */
const HELPER_RETURNS: Record<string, readonly bigint[]> = {
  bpf_redirect: [2n, 7n],
  bpf_redirect_neigh: [2n, 7n],
  bpf_redirect_peer: [2n, 7n],
  bpf_xdp_redirect: [0n, 4n],
};

/**
 * The values a program can return.
 * @param rows all rows of the program's dump in order, subprograms behind the main one included.
 */
export function analyseReturns(rows: readonly XlatedInsn[]): Returns {
  const insns = decodeInsns(rows);
  if (insns === null || insns.length === 0 || insns.some(mayThrow)) {
    return { values: [], complete: false, tail_calls: [] };
  }
  return new Walk(insns).run();
}

/**
 * bpf_throw() leaves the program from any depth with a value of its own. A kfunc call (src_reg 2) without
 * a name may be it.
 */
function mayThrow(insn: Insn | null): boolean {
  return insn !== null && insn.code === 0x85 && insn.src === 2 && (insn.callee === "" || insn.callee === "bpf_throw");
}

/** One run over one program. States are kept at jump targets only; straight code is walked through. */
class Walk {
  private readonly insns: (Insn | null)[];
  private readonly targets = new Set<number>();
  private readonly at = new Map<number, State>();
  private readonly pending: { pc: number; state: State }[] = [];
  private readonly found = new Set<number>();
  private readonly calls = new Map<string, { map_id: number | null; index: number | null }>();
  private complete = true;
  private exits = 0;
  private steps = 0;

  constructor(insns: (Insn | null)[]) {
    this.insns = insns;
    for (const [pc, insn] of insns.entries()) {
      const target = insn === null ? null : jumpTarget(pc, insn);
      if (target !== null) this.targets.add(target);
    }
  }

  run(): Returns {
    this.pending.push({ pc: 0, state: new Array<Values>(12).fill(null) });
    for (let next = this.pending.pop(); next !== undefined; next = this.pending.pop()) {
      this.walk(next.pc, next.state);
      // Once incomplete, the walk goes on for the values' sake, but not beyond the work limit.
      if (this.steps > MAX_STEPS) {
        this.complete = false;
        break;
      }
    }
    return {
      values: [...this.found].sort((a, b) => a - b),
      complete: this.complete && this.exits > 0,
      tail_calls: [...this.calls.values()],
    };
  }

  /** Walks straight on from `pc` until an exit, a known join or a dead end. Owns and changes `state`. */
  private walk(start: number, state: State): void {
    for (let pc = start; ; pc++) {
      if (++this.steps > MAX_STEPS) return;
      if (this.targets.has(pc) && !this.join(pc, state)) return;
      const insn = this.insns[pc];
      if (insn === undefined || insn === null) {
        // Out of the program, or into a 64-bit immediate: the dump is cut or not understood.
        this.complete = false;
        return;
      }
      const kind = insn.code & 0x07;
      if (kind === 0x05 || kind === 0x06) {
        const next = this.jump(pc, insn, state);
        if (next === null) return;
        pc = next - 1;
      } else {
        // The packet loads of classic BPF end the program with 0 when they reach beyond the packet.
        if (kind === 0x00 && insn.imm64 === null) this.found.add(0);
        step(insn, state);
      }
      if (insn.imm64 !== null) pc++;
    }
  }

  /** Merges into the state kept at `pc` and loads the result; false when nothing new arrived. */
  private join(pc: number, state: State): boolean {
    const kept = this.at.get(pc);
    if (kept === undefined) {
      this.at.set(pc, state.slice());
      return true;
    }
    let grew = false;
    for (let reg = 0; reg < kept.length; reg++) {
      const merged = union(kept[reg] ?? null, state[reg] ?? null);
      if (merged !== kept[reg] && !sameSet(merged, kept[reg] ?? null)) {
        kept[reg] = merged;
        grew = true;
      }
      state[reg] = kept[reg] ?? null;
    }
    return grew;
  }

  /** Jump classes: returns where to walk on, null at an exit. A second way is put on the list. */
  private jump(pc: number, insn: Insn, state: State): number | null {
    const op = insn.code & 0xf0;
    if (insn.code === 0x95) {
      this.leave(state[0] ?? null);
      return null;
    }
    if (insn.code === 0x85) {
      this.call(insn, state);
      return pc + 1;
    }
    if (insn.code === 0x05 || insn.code === 0x06) return jumpTarget(pc, insn);
    const target = jumpTarget(pc, insn);
    if (target === null || op === 0x80 || op === 0x90) {
      // callx, gotox and whatever comes later: control goes where this walk cannot follow.
      this.complete = false;
      return null;
    }
    const taken = branch(insn, state, true);
    const passed = branch(insn, state, false);
    if (taken !== null && passed !== null) {
      this.pending.push({ pc: target, state: taken });
    } else if (taken !== null) {
      state.splice(0, state.length, ...taken);
      return target;
    }
    if (passed === null) return null;
    state.splice(0, state.length, ...passed);
    return pc + 1;
  }

  private call(insn: Insn, state: State): void {
    // bpf_tail_call is helper 12. Where the kernel hides addresses (kptr_restrict, no CAP_SYSLOG) it prints
    // every helper as 0 (bpf_insn_prepare_dump), so a call to 0 may be one too.
    if (insn.src === 0 && (insn.imm === 12 || insn.imm === 0)) this.tailCall(state[2] ?? null, state[3] ?? null);
    for (let reg = 0; reg <= 5; reg++) state[reg] = null;
    if (insn.src === 0 && Object.hasOwn(HELPER_RETURNS, insn.callee)) state[0] = HELPER_RETURNS[insn.callee] ?? null;
  }

  /** bpf_tail_call(ctx, r2 = prog array, r3 = index). It goes on behind the call when the slot is empty. */
  private tailCall(map: Values, index: Values): void {
    const maps = map?.every((value) => value >= MAP_TAG) ? map.map((value) => Number(value - MAP_TAG)) : [null];
    // The helper takes the index as 32 bits.
    const indexes = index?.every((value) => value < MAP_TAG)
      ? index.map((value) => Number(value & 0xffffffffn))
      : [null];
    for (const map_id of maps) {
      for (const one of indexes) this.calls.set(`${map_id} ${one}`, { map_id, index: one });
    }
  }

  private leave(r0: Values): void {
    this.exits++;
    if (r0 === null || r0.some((value) => value >= MAP_TAG)) {
      this.complete = false;
      return;
    }
    for (const value of r0) this.found.add(Number(BigInt.asIntN(32, value)));
  }
}

/** Where a jump goes when taken; null for everything that is not a relative jump. */
function jumpTarget(pc: number, insn: Insn): number | null {
  const kind = insn.code & 0x07;
  const op = insn.code & 0xf0;
  if (kind !== 0x05 && kind !== 0x06) return null;
  if (insn.code === 0x06) return pc + 1 + insn.imm; // gotol, commit 4cd58e9af8b9
  if (insn.code === 0x05) return pc + 1 + insn.off;
  if (op === 0x00 || op === 0x80 || op === 0x90) return null;
  return pc + 1 + insn.off;
}

/** All instructions that are not jumps: changes the registers they write. */
function step(insn: Insn, state: State): void {
  switch (insn.code & 0x07) {
    case 0x00: // LD: 64-bit immediate, or the packet loads of classic BPF
      if (typeof insn.imm64 === "bigint" && insn.src === 0) state[insn.dst] = [insn.imm64];
      // BPF_PSEUDO_MAP_FD: the kernel prints the map's id in place of its address (bpf_insn_prepare_dump).
      else if (insn.imm64 !== null && insn.src === 1) state[insn.dst] = [MAP_TAG + BigInt(insn.imm)];
      else if (insn.imm64 !== null) state[insn.dst] = null;
      else for (let reg = 0; reg <= 5; reg++) state[reg] = null;
      return;
    case 0x01: // LDX
      state[insn.dst] = null;
      return;
    case 0x03: // STX: atomics may write the source, r0 (cmpxchg) or the destination (load_acquire)
      if ((insn.code & 0xe0) === 0xc0) {
        state[insn.dst] = null;
        state[insn.src] = null;
        state[0] = null;
      }
      return;
    case 0x04: // ALU, 32 bits
    case 0x07: // ALU64
      state[insn.dst] = alu(insn, state[insn.dst] ?? null, state[insn.src] ?? null, MAX_SET);
      return;
    default: // ST writes memory only
      return;
  }
}

/** The state on one side of a conditional jump, null when that side cannot be reached. */
function branch(insn: Insn, state: State, taken: boolean): State | null {
  const result = state.slice();
  const left = state[insn.dst] ?? null;
  const right: Values = (insn.code & 0x08) !== 0 ? (state[insn.src] ?? null) : [BigInt.asUintN(64, BigInt(insn.imm))];
  const narrow = (insn.code & 0x07) === 0x06;
  const op = insn.code & 0xf0;
  if (op === 0xe0) return result; // may_goto: either way, no register read
  if (right === null || right.length !== 1) return result;
  const [other] = right;
  if (other === undefined) return result;
  if (left === null && other < MAP_TAG) {
    // Equality teaches the value itself, but only when all 64 bits were compared.
    if (!narrow && ((op === 0x10 && taken) || (op === 0x50 && !taken))) result[insn.dst] = [other];
    return result;
  }
  // Addresses cannot be compared with anything known.
  if (left === null || other >= MAP_TAG || left.some((value) => value >= MAP_TAG)) return result;
  const kept = left.filter((value) => {
    const holds = compare(op, value, other, narrow);
    return holds === null || holds === taken;
  });
  if (kept.length === 0) return null;
  result[insn.dst] = kept;
  return result;
}

/** Whether a condition holds for two values; null for a condition this file does not know. */
function compare(op: number, left: bigint, right: bigint, narrow: boolean): boolean | null {
  const bits = narrow ? 32 : 64;
  const a = BigInt.asUintN(bits, left);
  const b = BigInt.asUintN(bits, right);
  const sa = BigInt.asIntN(bits, left);
  const sb = BigInt.asIntN(bits, right);
  switch (op) {
    case 0x10:
      return a === b;
    case 0x20:
      return a > b;
    case 0x30:
      return a >= b;
    case 0x40:
      return (a & b) !== 0n;
    case 0x50:
      return a !== b;
    case 0x60:
      return sa > sb;
    case 0x70:
      return sa >= sb;
    case 0xa0:
      return a < b;
    case 0xb0:
      return a <= b;
    case 0xc0:
      return sa < sb;
    case 0xd0:
      return sa <= sb;
    default:
      return null;
  }
}

function union(a: Values, b: Values): Values {
  if (a === null || b === null) return null;
  if (a === b) return a;
  const merged = new Set([...a, ...b]);
  return merged.size > MAX_SET ? null : merged.size === a.length ? a : [...merged];
}

function sameSet(a: Values, b: Values): boolean {
  return a === b || (a !== null && b !== null && a.length === b.length);
}
