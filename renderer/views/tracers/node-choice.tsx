/** On which of the connected nodes a tracer is to run, and what each one's kernel offers it. */
import { Checkbox, CheckboxGroup, Label } from "react-aria-components";
import { useStore } from "zustand";
import type { NodeState } from "../../../electron/core/journal/state.ts";
import type { TracerManifest } from "../../../electron/core/trace/manifest.ts";
import { sessionStore } from "../../stores/session.ts";
import { askCheck, useCheck } from "../../stores/traces/checks.ts";
import { formStore } from "../../stores/traces/form-store.ts";
import { offeredTo } from "../../stores/traces/offered.ts";
import { whyNot } from "../../stores/traces/run-state.ts";
import { Button } from "../../ui/button.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import { OfferedLine } from "./list.tsx";

export function NodeChoice({ manifest, chosen }: { manifest: TracerManifest; chosen: readonly string[] }) {
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const order = useStore(sessionStore, (state) => state.order);
  const all = order.flatMap((id) => nodes[id] ?? []);
  const able = all.filter((node) => whyNot(node) === null);
  return (
    <CheckboxGroup
      className="check-group node-choice"
      value={[...chosen]}
      onChange={(value) => formStore.setState({ nodes: value })}
    >
      <div className="with-icon">
        <Label>Run on</Label>
        {able.length > 1 ? (
          <Button variant="quiet" onPress={() => formStore.setState({ nodes: able.map(({ node }) => node) })}>
            All {able.length} that can
          </Button>
        ) : null}
      </div>
      <div className="node-choices">
        {all.map((node) => (
          <NodeItem key={node.node} node={node} manifest={manifest} />
        ))}
      </div>
    </CheckboxGroup>
  );
}

function NodeItem({ node, manifest }: { node: NodeState; manifest: TracerManifest }) {
  const check = useCheck(node.node);
  const reason = whyNot(node);
  return (
    <div className="node-item">
      <Checkbox className="check" value={node.node} isDisabled={reason !== null}>
        <NodeText text={node.datapath?.node.hostname || node.label} />
      </Checkbox>
      {reason !== null ? (
        <span className="muted">{reason}</span>
      ) : check ? (
        <OfferedLine offered={offeredTo(manifest, check)} />
      ) : (
        <Button variant="quiet" onPress={() => void askCheck(node.node)}>
          Ask what it offers
        </Button>
      )}
    </div>
  );
}
