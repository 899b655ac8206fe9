/** Two nodes side by side: what differs is marked in words and by sign; what is the same can be left out. */
import { Columns2, Equal, EqualNot, MoveLeft, MoveRight } from "lucide-react";
import { useMemo, useState } from "react";
import { Switch } from "react-aria-components";
import { type ComparedPart, compareNodes } from "../../electron/core/fleet/compare-nodes.ts";
import type { ComparedRow, Difference, Side } from "../../electron/core/fleet/compare-sets.ts";
import type { NodeState } from "../../electron/core/journal/state.ts";
import type { Column } from "../table/columns.ts";
import { DataTable } from "../table/data-table.tsx";
import { Choice } from "../ui/choice.tsx";
import { plural } from "../ui/format.ts";
import { EmptyState } from "../ui/message.tsx";
import { NodeText } from "../ui/node-text.tsx";

interface Row extends ComparedRow {
  part: string;
}

const STATES: Record<Difference, { text: string; icon: typeof Equal }> = {
  different: { text: "different", icon: EqualNot },
  only_left: { text: "only on the left", icon: MoveLeft },
  only_right: { text: "only on the right", icon: MoveRight },
  same: { text: "same", icon: Equal },
};

const sideText = (side: Side | null) =>
  side === null ? null : side.count > 1 ? `${side.value} (${side.count} times)` : side.value;
const whereText = (side: Side | null) => (side === null || side.where.length === 0 ? null : side.where.join(", "));

export function CompareTab({ nodes }: { nodes: readonly NodeState[] }) {
  const seen = nodes.filter(({ datapath }) => datapath !== null);
  const [left, setLeft] = useState<string | null>(seen[0]?.node ?? null);
  const [right, setRight] = useState<string | null>(seen[1]?.node ?? null);
  const options = seen.map(({ node, label, datapath }) => ({
    id: node,
    text: [label, datapath?.node.hostname].filter(Boolean).join(" · "),
  }));
  const a = seen.find(({ node }) => node === left);
  const b = seen.find(({ node }) => node === right);
  if (seen.length < 2) {
    return (
      <EmptyState icon={Columns2} title="Two pictures are needed">
        Open two nodes, or a node and a record of another one.
      </EmptyState>
    );
  }
  return (
    <div className="compare-nodes">
      <div className="filter-bar">
        <Choice label="Left" value={left} options={options} onChange={setLeft} />
        <Choice label="Right" value={right} options={options} onChange={setRight} />
      </div>
      {a?.datapath && b?.datapath && a !== b ? (
        <Comparison key={`${left} ${right}`} left={a} right={b} />
      ) : (
        <EmptyState icon={Columns2} title="Choose two different nodes" />
      )}
    </div>
  );
}

function Comparison({ left, right }: { left: NodeState; right: NodeState }) {
  const [all, setAll] = useState(false);
  const [selected, setSelected] = useState<string | null>(null);
  const comparison = useMemo(
    () => (left.datapath && right.datapath ? compareNodes(left.datapath, right.datapath) : null),
    [left.datapath, right.datapath],
  );
  const columns = useMemo(() => columnsFor(left.label, right.label), [left.label, right.label]);
  if (!comparison) return null;
  const rows: Row[] = comparison.parts.flatMap(({ title, rows }) => rows.map((row) => ({ ...row, part: title })));
  const differing = rows.filter(({ state }) => state !== "same");
  return (
    <>
      <Unread parts={comparison.parts} left={left.label} right={right.label} />
      <DataTable
        id="compare-nodes"
        label="Comparison of two nodes"
        rows={all ? rows : differing}
        columns={columns}
        keyOf={rowKey}
        selected={selected}
        onSelect={(row) => setSelected(rowKey(row))}
        tools={
          <>
            <span className="muted" role="status">
              {plural(differing.length, "difference")} in {plural(rows.length, "thing")}
            </span>
            <Switch className="check" isSelected={all} onChange={setAll}>
              Also what is the same
            </Switch>
          </>
        }
        empty={
          <EmptyState icon={Equal} title="No difference">
            Everything that is compared is the same on both nodes.
          </EmptyState>
        }
      />
    </>
  );
}

const rowKey = ({ part, name, left, right }: Row) => `${part} ${name} ${left?.value ?? ""} ${right?.value ?? ""}`;

function columnsFor(left: string, right: string): Column<Row>[] {
  return [
    { id: "part", title: "What", width: 170, value: ({ part }) => part },
    { id: "name", title: "Name", width: 200, grow: true, value: ({ name }) => name },
    {
      id: "state",
      title: "Difference",
      width: 130,
      value: ({ state }) => STATES[state].text,
      render: ({ state }) => <State state={state} />,
    },
    { id: "left", title: left, width: 220, grow: true, mono: true, value: (row) => sideText(row.left) },
    { id: "right", title: right, width: 220, grow: true, mono: true, value: (row) => sideText(row.right) },
    { id: "left_where", title: `Where on ${left}`, width: 140, hidden: true, value: (row) => whereText(row.left) },
    { id: "right_where", title: `Where on ${right}`, width: 140, hidden: true, value: (row) => whereText(row.right) },
  ];
}

function State({ state }: { state: Difference }) {
  const { text, icon: Icon } = STATES[state];
  return (
    <span className={state === "same" ? "with-icon muted" : "with-icon severity-warning"}>
      <Icon size={13} aria-hidden /> {text}
    </span>
  );
}

/** What could not be read on one side must not look like a difference of the nodes. */
function Unread({ parts, left, right }: { parts: readonly ComparedPart[]; left: string; right: string }) {
  const of = (side: "left" | "right") => [...new Set(parts.flatMap(({ unread }) => unread[side]))];
  const sides = [
    { label: left, sections: of("left") },
    { label: right, sections: of("right") },
  ].filter(({ sections }) => sections.length > 0);
  if (sides.length === 0) return null;
  return (
    <ul className="limits" aria-label="Not read">
      {sides.map(({ label, sections }) => (
        <li key={label}>
          <NodeText text={label} />: {plural(sections.length, "section")} could not be read ({sections.join(", ")});
          what is missing there may be there.
        </li>
      ))}
    </ul>
  );
}
