/** What the last refresh found different from the picture before. */
import { Diff } from "lucide-react";
import { useMemo } from "react";
import type { Change, Changes } from "../../../electron/core/model/compare.ts";
import { useChanges } from "../../stores/changes.ts";
import { reveal, useSelected } from "../../stores/selection.ts";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import type { Mark } from "../../table/rows.tsx";
import { EmptyState } from "../../ui/message.tsx";
import { defineView } from "../define.ts";

type Row = Change & { mark: Mark };

const columns: Column<Row>[] = [
  { id: "mark", title: "Change", width: 84, value: (row) => row.mark, render: () => null },
  { id: "what", title: "What", width: 110, value: (row) => row.what },
  { id: "name", title: "Name", width: 240, grow: true, mono: true, value: (row) => row.name },
  {
    id: "fields",
    title: "Fields",
    width: 280,
    grow: true,
    mono: true,
    value: (row) => row.fields.map(({ field, before, after }) => `${field}: ${before} → ${after}`).join("; ") || null,
  },
];

function ChangesView() {
  const changes = useChanges();
  const selected = useSelected();
  const rows = useMemo(() => (changes ? rowsOf(changes) : []), [changes]);
  if (!changes) {
    return (
      <EmptyState icon={Diff} title="Nothing to compare with yet">
        Refresh the picture: what came, went or changed since is listed here.
      </EmptyState>
    );
  }
  return (
    <DataTable
      id="changes"
      label="Changes"
      rows={rows}
      columns={columns}
      keyOf={(row) => row.key}
      selected={selected}
      onSelect={(row) => reveal(row.key)}
      markOf={(row) => row.mark}
      empty={<EmptyState icon={Diff} title="The last refresh changed nothing" />}
    />
  );
}

function rowsOf(changes: Changes): Row[] {
  const marked = (list: readonly Change[], mark: Mark) => list.map((change) => ({ ...change, mark }));
  return [...marked(changes.came, "new"), ...marked(changes.changed, "changed"), ...marked(changes.went, "gone")];
}

export default defineView({
  id: "changes",
  title: "Changes",
  icon: Diff,
  order: 20,
  scope: "node",
  place: "bottom",
  Component: ChangesView,
});
