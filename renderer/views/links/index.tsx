/** Every BPF link of the node. */
import { Link2 } from "lucide-react";
import type { Datapath, Link } from "../../../electron/core/model/types.ts";
import type { DatapathIndex } from "../../stores/datapath-index.ts";
import type { Column } from "../../table/columns.ts";
import { findingsColumn, holdersColumn, pinnedColumn } from "../../things/columns.tsx";
import { programName } from "../../things/names.ts";
import { ThingTable } from "../../things/thing-table.tsx";
import { defineView } from "../define.ts";

const rowsOf = (datapath: Datapath) => datapath.links;

function columnsOf(index: DatapathIndex): Column<Link>[] {
  return [
    { id: "id", title: "Id", width: 84, value: (row) => row.id },
    { id: "type", title: "Type", width: 120, value: (row) => row.type },
    {
      id: "prog",
      title: "Program",
      width: 190,
      grow: true,
      mono: true,
      value: (row) => programName(index, row.prog_id),
    },
    { id: "prog_id", title: "Program id", width: 80, align: "end", value: (row) => row.prog_id },
    { id: "details", title: "Details", width: 260, grow: true, mono: true, value: detailsText },
    findingsColumn(index),
    pinnedColumn(),
    { ...holdersColumn<Link>(), hidden: false },
  ];
}

function detailsText(row: Link): string {
  return Object.entries(row.details)
    .map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .join(" ");
}

function Links() {
  return (
    <ThingTable
      id="links"
      label="Links"
      rowsOf={rowsOf}
      columnsOf={columnsOf}
      emptyTitle="No link was seen"
      emptyWhy="Programs of older loaders are attached without links; bpftool before 7 lists only some."
    />
  );
}

export default defineView({
  id: "links",
  title: "Links",
  icon: Link2,
  order: 40,
  scope: "node",
  place: "main",
  Component: Links,
});
