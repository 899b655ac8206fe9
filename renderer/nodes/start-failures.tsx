/** On which nodes something could not be started, and why. */
import { useStore } from "zustand";
import type { ErrorData } from "../../electron/core/errors.ts";
import { sessionStore } from "../stores/session.ts";
import { NodeText } from "../ui/node-text.tsx";

export function StartFailures({ failures }: { failures: readonly { node: string; error: ErrorData }[] }) {
  const nodes = useStore(sessionStore, (state) => state.nodes);
  return failures.map(({ node, error }) => (
    <p key={node} className="form-failure" role="alert">
      <NodeText text={nodes[node]?.label ?? node} />: <NodeText text={error.message} /> <NodeText text={error.hint} />
    </p>
  ));
}
