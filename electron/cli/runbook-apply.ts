/**
 * `bpfdesk runbook … --apply PLAN_ID`: shows the change that has this id, and makes it when the person at the terminal
 * types what it asks for. The word is never taken from an option, a pipe or a file.
 */
import type { ChangePlan } from "../core/change/types.ts";
import { BpfdeskError } from "../core/errors.ts";
import type { ChangeState } from "../core/journal/changes.ts";
import type { RunbookRunState } from "../core/journal/runbooks.ts";
import { visibleText as text } from "../core/text/visible.ts";
import { report } from "./report.ts";
import type { Run } from "./run.ts";
import { plansOf } from "./runbook-plans.ts";
import type { Terminal } from "./terminal.ts";

export interface Apply {
  /** While the run waits at a proposal. Never rejects: what went wrong is said. */
  decide(on: Run, run: RunbookRunState): Promise<void>;
  /** After the run: the change may be put back, or left as it is. Never rejects. */
  end(on: Run): Promise<void>;
  /** It was asked for and did not come about, although there was such a plan. */
  readonly failed: boolean;
}

/** Throws `nobody-there` when there is no terminal to type at. */
export function applyPlan(plan_id: string, terminal: Pick<Terminal, "interactive">): Apply {
  if (!terminal.interactive) {
    throw new BpfdeskError({
      code: "nobody-there",
      message: "A change is approved by a person at a terminal, and there is none here.",
      hint: "Run it without --apply to see the plans, and with it on a terminal.",
    });
  }
  let made: ChangeState | null = null;
  let found = false;
  let failed = false;
  /** Why others of its proposals have no plan: one of them may be the one that was meant. */
  const problems = new Set<string>();

  async function approve(on: Run, plan: ChangePlan): Promise<void> {
    const { terminal: person, client, signal, target } = on;
    const { session_id, node } = on.opened;
    // A name that breaks the line must not say something of its own in the plan.
    for (const line of planLines(plan)) person.say(text(line));
    const question = `Type ${text(plan.confirm)} to make this change, anything else to leave it: `;
    const typed = (await person.ask(question, { secret: false, signal }))?.trim() ?? "";
    if (typed !== plan.confirm) {
      failed = true;
      person.say("It was not approved; nothing was changed.");
      return;
    }
    await client.call("change.approve", { session_id, node, plan_id, typed });
    made = await target.change(plan_id, ({ phase }) => SETTLED.includes(phase));
    failed = made.phase !== "confirmed";
    for (const line of outcomeLines(made)) person.say(text(line));
  }

  return {
    async decide(on, run) {
      if (found) return;
      try {
        const plans = await plansOf(on, run.verdicts, (plan) => plan.plan_id === plan_id);
        let plan: ChangePlan | undefined;
        for (const one of plans.values()) {
          if (typeof one === "string") problems.add(one);
          else if (one.plan_id === plan_id) plan = one;
        }
        if (plan) {
          found = true;
          await approve(on, plan);
        }
      } catch (error) {
        failed = true;
        report(error, on.terminal);
      }
    },
    async end(on) {
      const { terminal: person, client, signal, target } = on;
      const { session_id, node } = on.opened;
      if (!found) {
        const why = [...problems].map((problem) => ` No plan could be made of another proposal: ${problem}`).join("");
        failed ||= problems.size > 0;
        const nothing = problems.size > 0 ? "nothing was changed" : "there is nothing to do, and nothing was changed";
        person.say(`No proposal of this run has the plan ${plan_id}: ${nothing}.${why}`);
      }
      if (!made?.can_undo || signal.aborted) return;
      const question =
        "It can be put back until this connection ends. Enter leaves it as it is now; type undo to put it back: ";
      const said = await person.ask(question, { secret: false, signal });
      if (said?.trim() !== "undo") return person.say("It was left as it is now.");
      try {
        await client.call("change.undo", { session_id, node, plan_id });
        const after = await target.change(plan_id, ({ phase }) => phase !== "confirmed");
        for (const line of outcomeLines(after)) person.say(text(line));
      } catch (error) {
        failed = true;
        report(error, person);
      }
    },
    get failed() {
      return failed;
    },
  };
}

const SETTLED: readonly ChangeState["phase"][] = ["confirmed", "restored", "left", "failed", "unsure"];

function planLines({
  plan_id,
  command,
  by_hand,
  affects,
  owner,
  risks,
  undo,
  verification,
  lease_s,
}: ChangePlan): string[] {
  const { packets_per_s } = affects;
  const rate =
    packets_per_s === null
      ? "; how often it runs here was not measured"
      : `; it runs ${Number(packets_per_s.toFixed(1))} times a second now`;
  return [
    `Plan ${plan_id}: ${command}`,
    `  by hand: ${by_hand}`,
    `  affects: ${affects.hook}${affects.pod ? `, pod ${affects.pod}` : ""}${rate}`,
    `  remains: ${affects.remains.length > 0 ? affects.remains.join(", then ") : "nothing on this hook"}`,
    `  owner: ${owner.text}; ${owner.will_probably}`,
    ...risks.map(({ text }) => `  risk: ${text}`),
    `  undo: ${undo}`,
    `  verification: ${verification}`,
    `  put back by itself unless the checks pass within ${lease_s} s`,
  ];
}

function outcomeLines({ phase, checks, restored, error, chain_after }: ChangeState): string[] {
  const chain = chain_after.map((line) => `  ${line}`);
  switch (phase) {
    case "confirmed":
      return ["The change was made and the checks passed.", ...checks.map((check) => `  ${check}`), ...chain];
    case "restored": {
      const same = restored?.same ? "exactly as it was" : "but not exactly as it was: look at it";
      return [`It was put back (${restored?.reason ?? "for a reason that was not told"}), ${same}.`, ...chain];
    }
    case "unsure":
      return [`It is not known whether it was put back. ${error?.message ?? ""} ${error?.hint ?? ""}`.trim()];
    case "left":
      return ["It was left as it is, and cannot be put back by bpfdesk any more."];
    default:
      return [`The change failed: ${error?.message ?? "no reason was told"} ${error?.hint ?? ""}`.trim()];
  }
}
