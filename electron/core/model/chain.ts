/**
 * One hook's entries put in execution order, with what each verdict does next and whether each entry
 * can run at all. Knows the order rules of the kernel; does not know interfaces or findings.
 *
 * Order. XDP: offload, native, generic. Then tcx (or netkit) in the order the kernel lists it, then
 * clsact: sch_handle_ingress() and sch_handle_egress() call tc_run() after tcx_run(). In clsact by chain
 * and pref; within one pref in the order of the listing, which is *not* by handle: cls_bpf_change() adds
 * with list_add_rcu(), so the newest filter of a pref runs first, and cls_bpf_walk() lists the same list
 * (seen on 6.18: handles 5, 2, 9 added in that order run 9, 2, 5; replacing 2 keeps its place).
 */
import { entryLabel, placeOf } from "./label.ts";
import type { HookEntry, Mechanism, Program, Reachability, VerdictStep, XdpMode } from "./types.ts";
import { type Continues, type VerdictTable, verdictOf, verdictRules } from "./verdicts.ts";

/** An entry before its place is known. */
export interface DraftEntry extends Omit<HookEntry, "order" | "verdicts" | "reachable"> {
  /** The filter has tc actions of its own, which decide in place of the program. */
  has_actions: boolean;
  /** Hardware only: cls_bpf_classify() does not run it in software. */
  skip_sw: boolean;
}

/** What is known about the programs of the node while a chain is judged. */
export interface ChainContext {
  programs: ReadonlyMap<number, Program>;
  /** True when this is the only place the program can be run from, so its run count is this entry's. */
  soleUse(progId: number): boolean;
  bpfStatsEnabled: boolean | null;
}

const MECHANISM_ORDER: Record<Mechanism, number> = { xdp: 0, tcx: 1, netkit: 1, clsact: 2 };
const MODE_ORDER: Record<XdpMode, number> = { offload: 0, native: 1, generic: 2 };

/** Orders the entries of one hook and completes them. `drafts` come in the order the tools listed them. */
export function completeChain(drafts: readonly DraftEntry[], context: ChainContext): HookEntry[] {
  const ordered = drafts
    .map((draft, listed) => ({ draft, listed }))
    .sort((a, b) => compareDrafts(a.draft, b.draft) || a.listed - b.listed)
    .map(({ draft }) => draft);
  return ordered.map((draft, index) => {
    const { has_actions: _, skip_sw: __, ...entry } = draft;
    return {
      ...entry,
      order: index + 1,
      verdicts: verdictSteps(draft, ordered, index, context),
      reachable: judge(draft, ordered.slice(0, index), context),
    };
  });
}

function compareDrafts(a: DraftEntry, b: DraftEntry): number {
  return (
    MECHANISM_ORDER[a.mechanism] - MECHANISM_ORDER[b.mechanism] ||
    (a.mode === null || b.mode === null ? 0 : MODE_ORDER[a.mode] - MODE_ORDER[b.mode]) ||
    (a.chain ?? 0) - (b.chain ?? 0) ||
    (a.pref ?? 0) - (b.pref ?? 0)
  );
}

/** The rule table of an entry, null for a filter that is not BPF. */
function verdictTable(entry: Pick<HookEntry, "mechanism" | "kind" | "direct_action">): VerdictTable | null {
  if (entry.mechanism !== "clsact") return entry.mechanism;
  if (entry.kind !== "bpf") return null;
  return entry.direct_action === false ? "clsact_classid" : "clsact_da";
}

function verdictSteps(
  entry: DraftEntry,
  ordered: readonly DraftEntry[],
  index: number,
  context: ChainContext,
): VerdictStep[] {
  const table = verdictTable(entry);
  if (table === null) return [];
  const named = verdictRules(table);
  const known = new Set(named.map((one) => one.value));
  const returned = returnsOf(entry, context)?.values ?? [];
  const unusual = returned.filter((value) => !known.has(value)).map((value) => verdictOf(table, value));
  return [...named, ...unusual].map((rule) => {
    const next = rule.continues === "end" ? null : follower(ordered, index, rule.continues);
    // Going on with nothing behind it is passing.
    const effect = rule.effect === "next" && next === null ? "pass" : rule.effect;
    return { verdict: rule.verdict, value: rule.value, effect, next: next?.key ?? null, text: rule.text };
  });
}

/** The entry that runs after `index` when its verdict goes on. */
function follower(ordered: readonly DraftEntry[], index: number, continues: Continues): DraftEntry | null {
  const entry = ordered[index];
  if (entry === undefined) return null;
  for (const later of ordered.slice(index + 1)) {
    if (later.skip_sw) continue;
    if (later.mechanism === entry.mechanism) {
      if (continues === "clsact") continue;
      if (entry.mechanism === "clsact" && (later.chain ?? 0) !== (entry.chain ?? 0)) continue;
      return later;
    }
    // tcx goes on into chain 0 only; other chains are entered by a goto action.
    if (entry.mechanism === "tcx" && later.mechanism === "clsact" && (later.chain ?? 0) === 0) return later;
  }
  return null;
}

/**
 * What an entry does to the packets that a later one would see: `ends` and `passes` are proven for every
 * verdict; `apart` means it does not stand in the way; the rest depends or is not known.
 */
type Effect = "ends" | "passes" | "apart" | "depends" | "unknown";

function effectOn(front: DraftEntry, later: DraftEntry, context: ChainContext): Effect {
  if (front.skip_sw) return "apart";
  if (front.mechanism === "clsact" && later.mechanism === "clsact") {
    if ((front.chain ?? 0) !== (later.chain ?? 0)) return "apart";
    // Known from bpftool alone, which tells neither protocol nor direct-action.
    if (front.kind === "bpf" && front.direct_action === null) return "unknown";
    // A filter sees packets of its protocol only; `all` sees every one (tcf_classify).
    const protocol = front.protocol ?? "all";
    if (protocol !== "all" && protocol !== (later.protocol ?? "all")) return "apart";
  }
  const table = verdictTable(front);
  const returns = returnsOf(front, context);
  if (table === null || returns === null || !returns.complete || front.has_actions) return "unknown";
  const goesOn = returns.values.map((value) => {
    const { continues } = verdictOf(table, value);
    return continues === "next" || (continues === "clsact" && later.mechanism === "clsact");
  });
  if (goesOn.every((one) => one)) return "passes";
  return goesOn.some((one) => one) ? "depends" : "ends";
}

function judge(entry: DraftEntry, before: readonly DraftEntry[], context: ChainContext): Reachability {
  if (entry.skip_sw) {
    return { value: "cannot_tell", reason: "skip_sw: the kernel leaves this filter to the hardware" };
  }
  const program = entry.prog_id === null ? undefined : context.programs.get(entry.prog_id);
  const effects = before.map((front) => ({ front, effect: effectOn(front, entry, context) }));
  const ender = effects.find(({ effect }) => effect === "ends")?.front;
  const ran = runCount(entry, context);
  if (ender !== undefined) return judgeBehind(ender, program, ran, context);
  if (ran !== null && ran > 0n) return { value: "yes", reason: `run_cnt ${ran}: it has run` };
  if ((entry.chain ?? 0) !== 0) {
    return { value: "cannot_tell", reason: `runs only when a filter sends packets to chain ${entry.chain}` };
  }
  const between = effects.filter(({ effect }) => effect !== "apart");
  if (between.length === 0) return { value: "yes", reason: "nothing runs in front of it on this hook" };
  const doubt = between.find(({ effect }) => effect !== "passes");
  if (doubt === undefined) return { value: "yes", reason: "every program in front of it always goes on" };
  const reasons = [doubtText(doubt.front, doubt.effect, context)];
  const front = runCount(doubt.front, context);
  if (context.bpfStatsEnabled === true && ran === 0n && front !== null && front > 0n) {
    reasons.push(`it has not run while ${placeOf(doubt.front)} ran ${front} times`);
  }
  return { value: "cannot_tell", reason: reasons.join("; ") };
}

/** A proof says never; a run count may still contradict it. */
function judgeBehind(
  ender: DraftEntry,
  program: Program | undefined,
  ran: bigint | null,
  context: ChainContext,
): Reachability {
  const table = verdictTable(ender);
  const values = returnsOf(ender, context)?.values ?? [];
  const verdicts = values.map((value) => (table === null ? "" : verdictOf(table, value).verdict)).join(" or ");
  const proof = `${labelOf(ender, context)} runs first and always returns ${verdicts}, which ends the chain`;
  const enderProgram = ender.prog_id === null ? undefined : context.programs.get(ender.prog_id);
  const cameLater =
    program?.loaded_at != null && enderProgram?.loaded_at != null && enderProgram.loaded_at > program.loaded_at;
  if (ran === null || ran === 0n) return { value: "no", reason: proof };
  // Run counts are never reset: runs from before the other program was put in front stay in them.
  if (cameLater) return { value: "no", reason: `${proof}; its run_cnt ${ran} is from before that program was loaded` };
  return { value: "cannot_tell", reason: `${proof}, but run_cnt ${ran} says that it has run at some time` };
}

function doubtText(front: DraftEntry, effect: Effect, context: ChainContext): string {
  const label = labelOf(front, context);
  if (effect === "depends") return `depends on the packet: ${label} goes on with some verdicts and ends with others`;
  if (verdictTable(front) === null) return `${label} stands in front; what it does to a packet is not known`;
  if (front.mechanism === "clsact" && front.direct_action === null) {
    return `${label} stands in front; its pref, protocol and mode are not known`;
  }
  if (front.has_actions) return `${label} stands in front and leaves the decision to its tc actions`;
  if (returnsOf(front, context) === null) return `${label} stands in front and its code was not read`;
  return `${label} stands in front and its code does not show every verdict it can return`;
}

function labelOf(draft: DraftEntry, context: ChainContext): string {
  const program = draft.prog_id === null ? undefined : context.programs.get(draft.prog_id);
  return entryLabel(draft, program);
}

function returnsOf(entry: DraftEntry, context: ChainContext): Program["returns"] {
  return entry.prog_id === null ? null : (context.programs.get(entry.prog_id)?.returns ?? null);
}

/** How often this entry ran: null when the program also runs elsewhere or nothing is counted. */
function runCount(entry: DraftEntry, context: ChainContext): bigint | null {
  if (entry.prog_id === null || !context.soleUse(entry.prog_id)) return null;
  const program = context.programs.get(entry.prog_id);
  if (program === undefined) return null;
  if (program.run_cnt === null) return context.bpfStatsEnabled === true ? 0n : null;
  return /^\d+$/.test(program.run_cnt) ? BigInt(program.run_cnt) : null;
}
