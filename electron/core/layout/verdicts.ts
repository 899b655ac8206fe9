/**
 * Verdicts in few words: what goes on an arrow and what goes on a box.
 *
 * Says nothing of its own about mechanisms: the model's verdict steps already hold what each verdict
 * does. Where the program's code was read completely, verdicts it cannot return are left out.
 */
import type { HookEntry, HookName, Program, VerdictStep } from "../model/types.ts";

export interface VerdictWords {
  /** Verdicts that run the next program, e.g. `UNSPEC`; "" when none of its verdicts do. */
  next: string;
  /** The rest, e.g. `OK → stack · SHOT → drop`. */
  line: string;
  /** Where a packet that passes goes; "" when none of its verdicts let it pass. */
  exit: string;
  /** The verdict that lets a packet pass, e.g. `OK`. */
  pass: string;
  /** True when the program's code says which verdicts it returns; else they are all the mechanism has. */
  known: boolean;
  /** All steps in full, those that do the same on one line, e.g. `TC_ACT_OK (0): ends the chain …`. */
  details: string[];
}

const TARGETS: Readonly<Record<VerdictStep["effect"], string>> = {
  next: "next",
  pass: "",
  drop: "drop",
  redirect: "redirect",
  transmit: "send back",
  stolen: "stolen",
  reclassify: "again",
  goto_chain: "chain",
  abort: "abort",
};

/** Verdicts that only mean the same as another: named where the program is known to return them. */
const ALIASES: ReadonlySet<string> = new Set(["RECLASSIFY", "PIPE", "QUEUED", "REPEAT"]);

const PLAIN: ReadonlySet<string> = new Set(["OK", "PASS", "SHOT", "DROP"]);

/** Effects worth a word on the box when nothing is known about the program; the card has all. */
const SHOWN: readonly VerdictStep["effect"][] = ["pass", "drop"];

/** Where a packet goes that passes this hook. */
function exitOf(hook: HookName): string {
  if (hook === "tc_egress") return "device";
  return hook === "netkit_primary" ? "peer" : "stack";
}

/** `TC_ACT_OK` → `OK`. */
function shortVerdict(verdict: string): string {
  return verdict.replace(/^(?:TC_ACT_|TCX_|XDP_|NETKIT_)/, "");
}

/** Words for one entry; `program` tells which verdicts it can return, when that is known. */
export function verdictWords(entry: HookEntry, program: Program | undefined, hook: HookName): VerdictWords {
  const known = program?.returns?.complete ? new Set(program.returns.values) : null;
  const steps = known ? entry.verdicts.filter((step) => known.has(step.value)) : entry.verdicts;
  const exit = exitOf(hook);
  const groups = new Map<string, string[]>();
  const next: string[] = [];
  const passes: string[] = [];
  for (const step of steps) {
    const name = shortVerdict(step.verdict);
    if (!known && step.effect === "next" && ALIASES.has(name)) continue;
    if (step.effect === "next" && step.next !== null) {
      next.push(name);
      continue;
    }
    // With nothing behind it, "next" lets the packet go on.
    const effect = step.effect === "next" ? "pass" : step.effect;
    if (effect === "pass") passes.push(name);
    if (!known && !SHOWN.includes(effect)) continue;
    const target = effect === "pass" ? exit : TARGETS[effect];
    const names = groups.get(target);
    if (names) names.push(name);
    else groups.set(target, [name]);
  }
  const parts = [...groups]
    .sort(byWeight(exit))
    .map(([target, names]) => `${known ? briefly(names) : plainest(names)} → ${target}`);
  return {
    next: briefly(next),
    line: parts.join(" · "),
    exit: passes.length > 0 ? exit : "",
    pass: plainest(passes),
    known: known !== null,
    details: [...Map.groupBy(steps, (step) => step.text)].map(
      ([text, same]) => `${same.map((step) => `${step.verdict} (${step.value})`).join(", ")}: ${text}`,
    ),
  };
}

/** The usual name for an effect, e.g. `OK` of `OK, UNSPEC`. */
function plainest(names: readonly string[]): string {
  return names.find((name) => PLAIN.has(name)) ?? names[0] ?? "";
}

/** The plainest first, and not more than two names. */
function briefly(names: readonly string[]): string {
  const first = plainest(names);
  const sorted = [first, ...names.filter((name) => name !== first)];
  return sorted.length > 2 ? `${first} +${sorted.length - 1}` : sorted.join(", ");
}

function byWeight(exit: string): (a: [string, string[]], b: [string, string[]]) => number {
  const weight = (target: string) => (target === exit ? 0 : target === "drop" ? 1 : 2);
  return ([a], [b]) => weight(a) - weight(b);
}
