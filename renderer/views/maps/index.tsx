/** Every map of the node. */
import { Database } from "lucide-react";
import type { BpfMap, Datapath } from "../../../electron/core/model/types.ts";
import type { DatapathIndex } from "../../stores/datapath-index.ts";
import type { Column } from "../../table/columns.ts";
import { findingsColumn, holdersColumn, ownerColumn, pinnedColumn } from "../../things/columns.tsx";
import { programName } from "../../things/names.ts";
import { ThingTable } from "../../things/thing-table.tsx";
import { bytesText, countText } from "../../ui/format.ts";
import { defineView } from "../define.ts";

const rowsOf = (datapath: Datapath) => datapath.maps;

function columnsOf(index: DatapathIndex): Column<BpfMap>[] {
  return [
    { id: "name", title: "Name", width: 170, grow: true, mono: true, value: (row) => row.name || `map ${row.id}` },
    { id: "id", title: "Id", width: 64, align: "end", value: (row) => row.id },
    { id: "type", title: "Type", width: 130, value: (row) => row.type },
    { id: "bytes_key", title: "Key", width: 56, align: "end", value: (row) => row.bytes_key },
    { id: "bytes_value", title: "Value", width: 64, align: "end", value: (row) => row.bytes_value },
    {
      id: "max_entries",
      title: "Max entries",
      width: 96,
      align: "end",
      value: (row) => row.max_entries,
      render: (row) => countText(row.max_entries),
    },
    {
      id: "bytes_memlock",
      title: "Memory",
      width: 84,
      align: "end",
      value: (row) => row.bytes_memlock,
      render: (row) => bytesText(row.bytes_memlock),
    },
    {
      id: "used_by",
      title: "Used by",
      width: 170,
      grow: true,
      mono: true,
      value: (row) => row.used_by.map((id) => programName(index, id)).join(", ") || null,
    },
    ownerColumn(),
    findingsColumn(index),
    pinnedColumn(),
    holdersColumn(),
    { id: "frozen", title: "Frozen", width: 60, hidden: true, value: (row) => row.frozen },
    {
      id: "flags",
      title: "Flags",
      width: 64,
      hidden: true,
      mono: true,
      value: (row) => row.flags,
      render: (row) => `0x${row.flags.toString(16)}`,
    },
  ];
}

function Maps() {
  return (
    <ThingTable
      id="maps"
      label="Maps"
      rowsOf={rowsOf}
      columnsOf={columnsOf}
      emptyTitle="No map was seen"
      emptyWhy="Either none exists, or the section that lists them could not be read: see Commands."
    />
  );
}

export default defineView({
  id: "maps",
  title: "Maps",
  icon: Database,
  order: 30,
  scope: "node",
  place: "main",
  Component: Maps,
});
