/** When an approval is none. Every way to ask for a change ends here. */
import type { PlannedChange } from "../../core/change/plan.ts";
import { BpfdeskError } from "../../core/errors.ts";

/** Null when the plan is the last one, of the last picture, and the word is right. */
export function notApproved(
  { plan_id, typed }: { plan_id: string; typed: string },
  planned: (PlannedChange & { seq: number }) | null,
  pictureSeq: number,
  { host, node }: { host: string; node: string },
): BpfdeskError | null {
  if (planned === null || planned.plan.plan_id !== plan_id) {
    return new BpfdeskError({
      code: "no-such-plan",
      message: `There is no plan of this id for ${host} that could be approved.`,
      hint: "Only the last plan that this connection has made can be, and only once. Make the plan again and read it.",
      node,
    });
  }
  if (planned.seq !== pictureSeq) {
    return new BpfdeskError({
      code: "plan-outdated",
      message: `${host} was looked at again since this plan was made.`,
      hint: "Make the plan again: something may have changed.",
      node,
    });
  }
  if (typed !== planned.plan.confirm) {
    return new BpfdeskError({
      code: "not-confirmed",
      message: `What was typed is not ${JSON.stringify(planned.plan.confirm)}; nothing was done.`,
      hint: "Type it exactly to approve the plan.",
      node,
    });
  }
  return null;
}
