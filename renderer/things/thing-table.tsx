/** A table of things of the picture: follows the shared filter and selection, marks what changed. */
import { SearchX } from "lucide-react";
import { useMemo } from "react";
import type { Datapath, Key } from "../../electron/core/model/types.ts";
import { useChangedKeys } from "../stores/changes.ts";
import { type DatapathIndex, indexOf } from "../stores/datapath-index.ts";
import { clearFilter, useVisibleKeys } from "../stores/filter.ts";
import { select, useReveal, useSelected } from "../stores/selection.ts";
import { useDatapath, usePreviousDatapath } from "../stores/use-node.ts";
import type { Column } from "../table/columns.ts";
import { DataTable } from "../table/data-table.tsx";
import { Button } from "../ui/button.tsx";
import { EmptyState } from "../ui/message.tsx";

export interface ThingTableProps<Row extends { key: Key }> {
  id: string;
  label: string;
  rowsOf: (datapath: Datapath) => readonly Row[];
  /** Must keep its identity between renders. */
  columnsOf: (index: DatapathIndex) => readonly Column<Row>[];
  emptyTitle: string;
  emptyWhy: string;
}

export function ThingTable<Row extends { key: Key }>(props: ThingTableProps<Row>) {
  const datapath = useDatapath();
  return datapath ? <Filled {...props} datapath={datapath} /> : null;
}

function Filled<Row extends { key: Key }>(props: ThingTableProps<Row> & { datapath: Datapath }) {
  const { datapath, rowsOf, columnsOf } = props;
  const visible = useVisibleKeys();
  const selected = useSelected();
  const reveal = useReveal();
  const changes = useChangedKeys();
  const previous = usePreviousDatapath();
  const columns = useMemo(() => columnsOf(indexOf(datapath)), [columnsOf, datapath]);
  const rows = useMemo(() => {
    const gone = previous && changes ? rowsOf(previous).filter((row) => changes.get(row.key) === "gone") : [];
    // What is gone is shown whatever the filter says: nothing in the new picture could match it.
    return [...rowsOf(datapath).filter((row) => visible === null || visible.has(row.key)), ...gone];
  }, [datapath, previous, changes, visible, rowsOf]);
  return (
    <DataTable
      id={props.id}
      label={props.label}
      rows={rows}
      columns={columns}
      keyOf={keyOf}
      selected={selected}
      onSelect={(row) => select(row.key)}
      reveal={reveal}
      markOf={(row) => changes?.get(row.key) ?? null}
      empty={
        visible === null ? (
          <EmptyState icon={SearchX} title={props.emptyTitle}>
            {props.emptyWhy}
          </EmptyState>
        ) : (
          <EmptyState
            icon={SearchX}
            title="The filter hides everything here"
            actions={<Button onPress={clearFilter}>Show everything</Button>}
          />
        )
      }
    />
  );
}

const keyOf = (row: { key: Key }) => row.key;
