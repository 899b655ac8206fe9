/** What a runbook's proposals would change on the node, worked out by the host. Nothing is changed by it. */
import type { ChangePlan } from "../core/change/types.ts";
import type { ProposedPlans } from "../core/runbook/export.ts";
import type { RunbookVerdict } from "../core/runbook/types.ts";
import { errorData } from "./report.ts";
import type { Run } from "./run.ts";

/** Working one out asks the node; a runbook rarely proposes more than one or two changes. */
const PLANS = 8;

/** By the key of the hook's entry; why there is none otherwise. Ends early with `until`, whose plan is the host's last then. */
export async function plansOf(
  on: Run,
  verdicts: readonly RunbookVerdict[],
  until: (plan: ChangePlan) => boolean = () => false,
): Promise<ProposedPlans> {
  const { session_id, node } = on.opened;
  const plans = new Map<string, ChangePlan | string>();
  for (const { proposal } of verdicts) {
    if (proposal?.kind !== "detach" || plans.has(proposal.attachment.entry)) continue;
    const { entry } = proposal.attachment;
    if (plans.size >= PLANS) {
      plans.set(entry, `Only the first ${PLANS} are worked out: run it again after those.`);
      continue;
    }
    try {
      const { plan_id } = await on.client.call("change.plan", { session_id, node, entry });
      const { plan } = await on.target.change(plan_id, () => true);
      plans.set(entry, plan);
      if (until(plan)) return plans;
    } catch (error) {
      plans.set(entry, errorData(error).message);
    }
  }
  return plans;
}
