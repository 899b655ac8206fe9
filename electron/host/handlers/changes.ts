/** Changing something on a node: work out what it would mean, approve it as a person, take it back. */
import type { Handlers } from "../../shared/rpc/server.ts";
import type { HostContext } from "./context.ts";

export function changeHandlers(host: HostContext) {
  const changing = ({ session_id, node }: { session_id: string; node: string }) =>
    host.session(session_id).node(node).changing();
  return {
    "change.plan": async (input) => changing(input).plan(input.entry),
    "change.approve": (input) => {
      changing(input).approve(input.plan_id, input.typed);
      return null;
    },
    "change.undo": (input) => {
      changing(input).undo(input.plan_id);
      return null;
    },
  } satisfies Partial<Handlers>;
}
