/**
 * What every verdict does next, per mechanism, as data.
 *
 * The numbers are the same in tc, tcx and netkit, their meaning is not. Sources: net/sched/cls_bpf.c,
 * net/sched/cls_api.c, include/net/tcx.h, net/core/dev.c, net/core/filter.c, drivers/net/netkit.c.
 * The rows of tc and tcx were also run on a 6.18 kernel, one program per value in front of another.
 * Does not know entries or chains: `chain.ts` puts these rules onto a hook.
 */
import type { VerdictStep } from "./types.ts";

/** `clsact` is split: with direct-action the return value is a verdict, without it a classid. */
export type VerdictTable = "xdp" | "tcx" | "netkit" | "clsact_da" | "clsact_classid";

/**
 * What runs after the verdict:
 * `next`: the next program of the same chain; `clsact`: no further tcx program, but the clsact chain;
 * `end`: nothing further on this hook.
 */
export type Continues = "next" | "clsact" | "end";

export interface VerdictRule {
  verdict: string;
  value: number;
  effect: VerdictStep["effect"];
  continues: Continues;
  /** What happens, without the name of the entry that follows. */
  text: string;
}

interface Table {
  rules: readonly VerdictRule[];
  /** What any value without a rule does. */
  other: Omit<VerdictRule, "value">;
}

const rule = (
  verdict: string,
  value: number,
  effect: VerdictRule["effect"],
  continues: Continues,
  text: string,
): VerdictRule => ({ verdict, value, effect, continues, text });

/**
 * One XDP program per mode; dispatchers that run several inside one program are one program to the kernel.
 * Native: the driver's switch; generic: do_xdp_generic(). An unknown value warns
 * (bpf_warn_invalid_xdp_action) and falls through to XDP_ABORTED.
 * "next" is the later mode, offload → native → generic.
 */
const XDP: Table = {
  rules: [
    rule("XDP_ABORTED", 0, "abort", "end", "drops the packet and fires the xdp:xdp_exception tracepoint"),
    rule("XDP_DROP", 1, "drop", "end", "drops the packet before the stack sees it"),
    rule("XDP_PASS", 2, "next", "next", "the packet goes on towards the stack"),
    rule("XDP_TX", 3, "transmit", "end", "sends the packet back out of the same interface"),
    rule("XDP_REDIRECT", 4, "redirect", "end", "sends the packet to another interface, CPU or socket"),
  ],
  other: {
    verdict: "unknown XDP action",
    effect: "abort",
    continues: "end",
    text: "unknown action: dropped like XDP_ABORTED",
  },
};

/**
 * tcx (6.6, commit e420bed02507). tcx_run() leaves its loop at the first value that is not TCX_NEXT;
 * tcx_action_code() then turns every value it does not know into TCX_NEXT. So an unknown value skips
 * the rest of the tcx programs and still lets the clsact chain run (sch_handle_ingress/egress call
 * tc_run() when tcx_run() gave TC_ACT_UNSPEC). That includes tc's own STOLEN, TRAP, PIPE, RECLASSIFY.
 */
const TCX: Table = {
  rules: [
    rule("TCX_NEXT", -1, "next", "next", "goes on to the next tcx program, after the last one to the clsact chain"),
    rule("TCX_PASS", 0, "pass", "end", "ends tcx and clsact: the packet goes on"),
    rule("TCX_DROP", 2, "drop", "end", "drops the packet"),
    rule("TCX_REDIRECT", 7, "redirect", "end", "sends the packet to another interface"),
  ],
  other: {
    verdict: "not a tcx action",
    effect: "next",
    continues: "clsact",
    text: "not a tcx action: skips the other tcx programs, the clsact chain still runs",
  },
};

/**
 * netkit (6.7, commit 35dfaad7188c). netkit_run() leaves at the first value that is not NETKIT_NEXT;
 * in netkit_xmit() NEXT of the last program passes like PASS, any unknown value drops.
 */
const NETKIT: Table = {
  rules: [
    rule("NETKIT_NEXT", -1, "next", "next", "goes on to the next netkit program; after the last one the packet passes"),
    rule("NETKIT_PASS", 0, "pass", "end", "ends the chain: the packet goes to the other end of the pair"),
    rule("NETKIT_DROP", 2, "drop", "end", "drops the packet"),
    rule("NETKIT_REDIRECT", 7, "redirect", "end", "sends the packet to another interface"),
  ],
  other: { verdict: "not a netkit action", effect: "drop", continues: "end", text: "not a netkit action: dropped" },
};

/**
 * clsact, direct-action (4.4, commit 045efa82ff56). cls_bpf_exec_opcode() passes OK, SHOT, STOLEN,
 * TRAP, REDIRECT and UNSPEC on and turns everything else into UNSPEC. So RECLASSIFY, PIPE, QUEUED and
 * REPEAT, which end the chain when an action returns them, go on to the next filter when a
 * direct-action program does.
 */
const CLSACT_DA: Table = {
  rules: [
    rule("TC_ACT_UNSPEC", -1, "next", "next", "goes on to the next filter; after the last one the packet passes"),
    rule("TC_ACT_OK", 0, "pass", "end", "ends the chain: the packet goes on, later filters do not run"),
    rule("TC_ACT_RECLASSIFY", 1, "next", "next", "ignored from a direct-action program: same as TC_ACT_UNSPEC"),
    rule("TC_ACT_SHOT", 2, "drop", "end", "drops the packet"),
    rule("TC_ACT_PIPE", 3, "next", "next", "ignored from a direct-action program: same as TC_ACT_UNSPEC"),
    rule("TC_ACT_STOLEN", 4, "stolen", "end", "the packet is consumed without being counted as a drop"),
    rule("TC_ACT_QUEUED", 5, "next", "next", "ignored from a direct-action program: same as TC_ACT_UNSPEC"),
    rule("TC_ACT_REPEAT", 6, "next", "next", "ignored from a direct-action program: same as TC_ACT_UNSPEC"),
    rule("TC_ACT_REDIRECT", 7, "redirect", "end", "sends the packet to another interface"),
    rule("TC_ACT_TRAP", 8, "stolen", "end", "in software the packet is consumed, as with TC_ACT_STOLEN"),
  ],
  other: {
    verdict: "not a tc action",
    effect: "next",
    continues: "next",
    text: "not a tc action: same as TC_ACT_UNSPEC",
  },
};

/**
 * clsact without direct-action: cls_bpf_classify() reads the value as a classid. 0 does not match;
 * -1 matches with the filter's own classid, another value with itself; the filter's actions then
 * decide. Without actions tcf_exts_exec() gives TC_ACT_OK. With actions the end is theirs to say,
 * which `chain.ts` accounts for.
 */
const CLSACT_CLASSID: Table = {
  rules: [
    rule("no match", 0, "next", "next", "does not match: goes on to the next filter"),
    rule(
      "match (default classid)",
      -1,
      "pass",
      "end",
      "matches: the filter's actions decide, without any the packet goes on",
    ),
  ],
  other: {
    verdict: "match (classid)",
    effect: "pass",
    continues: "end",
    text: "matches with this classid: the filter's actions decide, without any the packet goes on",
  },
};

const TABLES: Record<VerdictTable, Table> = {
  xdp: XDP,
  tcx: TCX,
  netkit: NETKIT,
  clsact_da: CLSACT_DA,
  clsact_classid: CLSACT_CLASSID,
};

/** The named verdicts of a mechanism, in ascending order of their numbers as the kernel lists them. */
export function verdictRules(table: VerdictTable): readonly VerdictRule[] {
  return TABLES[table].rules;
}

/**
 * What one returned value does. Total: a value without a name gets the mechanism's rule for unknown
 * values. `value` is taken as the kernel takes it, a signed 32-bit number (4294967295 is -1).
 */
export function verdictOf(table: VerdictTable, value: number): VerdictRule {
  const { rules, other } = TABLES[table];
  const signed = value | 0;
  return rules.find((one) => one.value === signed) ?? { ...other, value: signed };
}
