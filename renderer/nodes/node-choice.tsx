/** On which of the session's nodes something is to run; of each that cannot, why. */
import type { ReactNode } from "react";
import { Checkbox, CheckboxGroup, Label } from "react-aria-components";
import { useStore } from "zustand";
import type { NodeState } from "../../electron/core/journal/state.ts";
import { nodeName } from "../stores/node-name.ts";
import { sessionStore } from "../stores/session.ts";
import { Button } from "../ui/button.tsx";
import { NodeText } from "../ui/node-text.tsx";

interface NodeChoiceProps {
  chosen: readonly string[];
  onChange(nodes: string[]): void;
  /** Why it cannot run there, or null. */
  whyNot(node: NodeState): string | null;
  /** Stands beside a node that can. */
  about(node: NodeState): ReactNode;
}

export function NodeChoice({ chosen, onChange, whyNot, about }: NodeChoiceProps) {
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const order = useStore(sessionStore, (state) => state.order);
  const all = order.flatMap((id) => nodes[id] ?? []);
  const able = all.filter((node) => whyNot(node) === null);
  return (
    <CheckboxGroup className="check-group node-choice" value={[...chosen]} onChange={onChange}>
      <div className="with-icon">
        <Label>Run on</Label>
        {able.length > 1 ? (
          <Button variant="quiet" onPress={() => onChange(able.map(({ node }) => node))}>
            All {able.length} that can
          </Button>
        ) : null}
      </div>
      <div className="node-choices">
        {all.map((node) => {
          const reason = whyNot(node);
          return (
            <div className="node-item" key={node.node}>
              <Checkbox className="check" value={node.node} isDisabled={reason !== null}>
                <NodeText text={nodeName(node)} />
              </Checkbox>
              {reason === null ? about(node) : <span className="muted">{reason}</span>}
            </div>
          );
        })}
      </div>
    </CheckboxGroup>
  );
}
