/** The table of nodes: state, kernel, what was found, why not. Enter or a press shows one; from there it is opened. */
import { ServerOff } from "lucide-react";
import { useState } from "react";
import type { NodeState } from "../../electron/core/journal/state.ts";
import { cancelNode, disconnect, refresh, tryAgain } from "../host/intents.ts";
import { showNode } from "../stores/session.ts";
import type { Column } from "../table/columns.ts";
import { DataTable } from "../table/data-table.tsx";
import { Button } from "../ui/button.tsx";
import { timeText } from "../ui/format.ts";
import { EmptyState, ErrorBlock } from "../ui/message.tsx";
import { NodeText } from "../ui/node-text.tsx";
import { ROOT_SHORT } from "../ui/privileges.ts";
import { isOver, reasonText, stateText } from "./state-text.ts";

const findings = (severity: string) => (node: NodeState) =>
  node.datapath?.findings.filter((finding) => finding.severity === severity).length ?? null;

const columns: Column<NodeState>[] = [
  { id: "label", title: "Node", width: 180, grow: true, value: ({ label }) => label },
  { id: "state", title: "State", width: 130, value: stateText },
  { id: "critical", title: "Critical", width: 66, align: "end", value: findings("critical") },
  { id: "warning", title: "Warnings", width: 74, align: "end", value: findings("warning") },
  { id: "hostname", title: "Hostname", width: 120, value: ({ datapath }) => datapath?.node.hostname ?? null },
  { id: "kernel", title: "Kernel", width: 130, mono: true, value: ({ datapath }) => datapath?.node.kernel ?? null },
  {
    id: "programs",
    title: "Programs",
    width: 76,
    align: "end",
    value: ({ datapath }) => datapath?.programs.length ?? null,
  },
  { id: "pods", title: "Pods", width: 56, align: "end", value: ({ datapath }) => datapath?.pods.length ?? null },
  {
    id: "root",
    title: "As",
    width: 110,
    value: ({ privileges }) => (privileges === null ? null : ROOT_SHORT[privileges]),
  },
  { id: "reason", title: "Why", width: 220, grow: true, value: reasonText },
  { id: "group", title: "Opened with", width: 120, hidden: true, value: ({ group }) => group },
  {
    id: "at",
    title: "Picture of",
    width: 150,
    hidden: true,
    value: ({ datapath_at }) => datapath_at,
    render: ({ datapath_at }) => timeText(datapath_at),
  },
];

export function NodesTab({ nodes }: { nodes: readonly NodeState[] }) {
  const [selected, setSelected] = useState<string | null>(null);
  const shown = nodes.find(({ node }) => node === selected) ?? null;
  return (
    <div className="split">
      <div className="split-main">
        <DataTable
          id="nodes"
          label="Nodes"
          rows={nodes}
          columns={columns}
          keyOf={({ node }) => node}
          selected={selected}
          onSelect={({ node }) => setSelected(node)}
          tools={<All nodes={nodes} />}
          empty={
            <EmptyState icon={ServerOff} title="No node was opened in this session">
              Name several on the first screen: a list, a pattern such as node-*, or group:name.
            </EmptyState>
          }
        />
      </div>
      {shown ? <OneNode key={shown.node} node={shown} /> : null}
    </div>
  );
}

function All({ nodes }: { nodes: readonly NodeState[] }) {
  const ready = nodes.filter(({ phase }) => phase === "ready");
  const open = nodes.filter((node) => !isOver(node));
  return (
    <>
      <Button
        isDisabled={ready.length === 0}
        onPress={() => {
          for (const { node } of ready) void refresh(node);
        }}
      >
        Refresh all
      </Button>
      <Button
        isDisabled={open.length === 0}
        onPress={() => {
          for (const { node } of open) void disconnect(node);
        }}
      >
        Disconnect all
      </Button>
    </>
  );
}

function OneNode({ node }: { node: NodeState }) {
  const error = node.error ?? node.collect?.error ?? null;
  return (
    <aside className="split-side" aria-label="Node">
      <h3>
        <NodeText text={node.label} />
      </h3>
      <p className="muted">
        {stateText(node)}
        {node.detail && !isOver(node) ? <NodeText text={`: ${node.detail}`} /> : null}
      </p>
      {error ? <ErrorBlock error={error} /> : null}
      <div className="actions">
        <Button variant="primary" onPress={() => showNode(node.node)}>
          Open
        </Button>
        {isOver(node) ? (
          <Button onPress={() => void tryAgain(node)}>Connect again</Button>
        ) : node.datapath ? (
          <Button onPress={() => void disconnect(node.node)}>Disconnect</Button>
        ) : (
          <Button onPress={() => void cancelNode(node.node)}>Cancel</Button>
        )}
      </div>
    </aside>
  );
}
