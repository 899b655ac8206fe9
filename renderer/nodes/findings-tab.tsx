/** What was found on any node, once: which rule, about what, on how many nodes and which. */
import { ShieldCheck } from "lucide-react";
import { useRef, useState } from "react";
import { type FleetFinding, type FleetNode, fleetFindings } from "../../electron/core/fleet/findings.ts";
import type { NodeState } from "../../electron/core/journal/state.ts";
import { findingKey } from "../stores/datapath-index.ts";
import { select } from "../stores/selection.ts";
import { showNode } from "../stores/session.ts";
import type { Column } from "../table/columns.ts";
import { DataTable } from "../table/data-table.tsx";
import { plural } from "../ui/format.ts";
import { EmptyState } from "../ui/message.tsx";
import { NodeText } from "../ui/node-text.tsx";
import { SEVERITIES, SeverityMark } from "../ui/severity.tsx";

interface Seen {
  pictures: FleetNode[];
  rows: FleetFinding[];
}

/** Pictures are told apart by identity, so a node that only changed its state costs nothing. */
function useFleetFindings(nodes: readonly NodeState[]): Seen {
  const last = useRef<Seen>({ pictures: [], rows: [] });
  const pictures = nodes.flatMap(({ node, label, datapath }) => (datapath ? [{ node, label, datapath }] : []));
  const same =
    pictures.length === last.current.pictures.length &&
    pictures.every(({ datapath }, at) => datapath === last.current.pictures[at]?.datapath);
  if (!same) last.current = { pictures, rows: fleetFindings(pictures) };
  return last.current;
}

const columns: Column<FleetFinding>[] = [
  {
    id: "severity",
    title: "Severity",
    width: 90,
    value: ({ severity }) => severity,
    sortValue: ({ severity }) => SEVERITIES.indexOf(severity),
    render: ({ severity }) => <SeverityMark severity={severity} />,
  },
  { id: "title", title: "Finding", width: 220, grow: true, value: ({ title }) => title },
  { id: "subject", title: "About", width: 220, grow: true, value: ({ subject }) => subject },
  { id: "count", title: "Nodes", width: 60, align: "end", value: ({ nodes }) => nodes.length },
  {
    id: "nodes",
    title: "On",
    width: 260,
    grow: true,
    value: ({ nodes }) => nodes.map(({ label }) => label).join(", "),
  },
  { id: "id", title: "Rule", width: 150, mono: true, hidden: true, value: ({ id }) => id },
];

export function FindingsTab({ nodes }: { nodes: readonly NodeState[] }) {
  const { rows, pictures } = useFleetFindings(nodes);
  const [selected, setSelected] = useState<string | null>(null);
  const shown = rows.find(({ key }) => key === selected) ?? null;
  const unseen = nodes.length - pictures.length;
  return (
    <div className="split">
      <div className="split-main">
        {unseen > 0 ? (
          <p className="strong-note">
            {plural(unseen, "node has", "nodes have")} no picture: what is found there is not in this table.
          </p>
        ) : null}
        <DataTable
          id="fleet-findings"
          label="Findings of all nodes"
          rows={rows}
          columns={columns}
          keyOf={({ key }) => key}
          selected={selected}
          onSelect={({ key }) => setSelected(key)}
          empty={
            <EmptyState icon={ShieldCheck} title="No findings">
              {pictures.length === 0
                ? "No node has been seen yet."
                : `None of the rules found anything on ${plural(pictures.length, "node")}.`}
            </EmptyState>
          }
        />
      </div>
      {shown ? <OneFinding key={shown.key} finding={shown} /> : null}
    </div>
  );
}

function OneFinding({ finding }: { finding: FleetFinding }) {
  const open = (node: string, key: string) => {
    showNode(node);
    select(key);
  };
  return (
    <aside className="split-side" aria-label="Finding">
      <h3>
        <SeverityMark severity={finding.severity} /> {finding.title}
      </h3>
      <ul className="links">
        {finding.nodes.map(({ node, label, findings }) => (
          <li key={node}>
            <NodeText text={label} />
            <ul className="links">
              {findings.map((one) => (
                <li key={findingKey(one)}>
                  <button type="button" className="thing-link" onClick={() => open(node, findingKey(one))}>
                    <NodeText text={one.subject_name} />
                  </button>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </aside>
  );
}
