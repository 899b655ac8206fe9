/** On which of the session's nodes a runbook is to run; of each that cannot, why. */
import { Checkbox, CheckboxGroup, Label } from "react-aria-components";
import { useStore } from "zustand";
import type { NodeState } from "../../../electron/core/journal/state.ts";
import { chooseNodes } from "../../stores/runbooks/form-store.ts";
import { lessSeen, whyNoRun } from "../../stores/runbooks/run-state.ts";
import { sessionStore } from "../../stores/session.ts";
import { Button } from "../../ui/button.tsx";
import { NodeText } from "../../ui/node-text.tsx";

export function NodeChoice({ chosen }: { chosen: readonly string[] }) {
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const order = useStore(sessionStore, (state) => state.order);
  const all = order.flatMap((id) => nodes[id] ?? []);
  const able = all.filter((node) => whyNoRun(node) === null);
  return (
    <CheckboxGroup className="check-group node-choice" value={[...chosen]} onChange={chooseNodes}>
      <div className="with-icon">
        <Label>Run on</Label>
        {able.length > 1 ? (
          <Button variant="quiet" onPress={() => chooseNodes(able.map(({ node }) => node))}>
            All {able.length} that can
          </Button>
        ) : null}
      </div>
      <div className="node-choices">
        {all.map((node) => (
          <NodeItem key={node.node} node={node} />
        ))}
      </div>
    </CheckboxGroup>
  );
}

function NodeItem({ node }: { node: NodeState }) {
  const reason = whyNoRun(node);
  return (
    <div className="node-item">
      <Checkbox className="check" value={node.node} isDisabled={reason !== null}>
        <NodeText text={node.datapath?.node.hostname || node.label} />
      </Checkbox>
      <span className="muted">{reason ?? lessSeen(node)}</span>
    </div>
  );
}
