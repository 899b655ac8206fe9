/** What an incident's runbook proposes: done by who types its word, verified by the runbook itself, and taken back. */
import type { RunbookVerdict } from "../../../electron/core/runbook/types.ts";
import type { Desk } from "./desk.ts";
import type { Remedy } from "./incidents.ts";
import type { Machine } from "./machine.ts";

/**
 * What was not as it should be, in words.
 * @param verdicts of the run that found what is the matter, which changed nothing
 * @param again the same run once more
 */
export async function tryRemedy(
  { machine, desk }: { machine: Machine; desk: Desk },
  { kind, typed, same }: Remedy,
  verdicts: readonly RunbookVerdict[],
  again: () => Promise<readonly RunbookVerdict[]>,
): Promise<string[]> {
  const look = async () => (await machine.script(`echo SEEN=$({ ${same}; } | base64 -w 0)`, {})).SEEN;
  const [found, ...more] = verdicts.filter((verdict) => verdict.kind === kind);
  if (!found || more.length > 0) return [`there are ${more.length + (found ? 1 : 0)} verdicts ${kind} to remedy`];
  if (found.proposal?.kind !== "detach") return [`${kind} proposes no change: ${JSON.stringify(found.proposal)}`];
  const before = await look();
  const { plan } = await desk.plan(found.proposal.attachment.entry);
  if (plan.confirm !== typed) return [`its plan is approved by ${plan.confirm} instead of ${typed}`];
  const refused = await desk.approve(plan.plan_id, `${typed}x`).then(
    () => ["another word approved it"],
    () => [],
  );
  const made = await desk.approve(plan.plan_id, typed);
  if (made.phase !== "confirmed") return [...refused, `the change was not confirmed: ${told(made)}`];
  const wrong = made.exact === true ? [] : [`more or less than this attachment is gone: ${told(made)}`];
  let still: readonly RunbookVerdict[] = [];
  const gone = await look();
  try {
    still = (await again()).filter((verdict) => verdict.kind === kind && verdict.verdict !== "ruled_out");
  } finally {
    const back = await desk.undo(plan.plan_id);
    if (back.restored?.reason !== "undo" || !back.restored.same) wrong.push(`it was not put back: ${told(back)}`);
  }
  return [
    ...refused,
    ...wrong,
    ...(gone === before ? ["what is attached is the same with the change made"] : []),
    ...still.map((verdict) => `with the change made it is still ${verdict.verdict}: ${verdict.meaning}`),
    ...((await look()) === before ? [] : ["what is attached is not what was there before"]),
  ];
}

const told = (change: Awaited<ReturnType<Desk["undo"]>>) =>
  JSON.stringify({ ...change, plan: change.plan.command }).slice(0, 2000);
