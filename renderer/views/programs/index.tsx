/** Every loaded program of the node. */
import { Binary } from "lucide-react";
import type { Datapath, Program } from "../../../electron/core/model/types.ts";
import { type DatapathIndex, programLabel } from "../../stores/datapath-index.ts";
import { bigintOf, type Column } from "../../table/columns.ts";
import { findingsColumn, holdersColumn, ownerColumn, pinnedColumn } from "../../things/columns.tsx";
import { attachedTo } from "../../things/names.ts";
import { ThingTable } from "../../things/thing-table.tsx";
import { bytesText, countText, timeText } from "../../ui/format.ts";
import { NodeText } from "../../ui/node-text.tsx";
import { defineView } from "../define.ts";

const rowsOf = (datapath: Datapath) => datapath.programs;

function columnsOf(index: DatapathIndex): Column<Program>[] {
  const attached = (row: Program) => attachedTo(index, row.attached);
  return [
    { id: "name", title: "Name", width: 190, grow: true, mono: true, value: programLabel },
    { id: "id", title: "Id", width: 64, align: "end", value: (row) => row.id },
    { id: "type", title: "Type", width: 120, value: (row) => row.type },
    {
      id: "attached",
      title: "Attached to",
      width: 190,
      grow: true,
      value: (row) => attached(row).join(", ") || null,
      render: (row) => {
        const [first, ...others] = attached(row);
        if (first === undefined) return <span className="muted">{tailCalled(index, row) ? "by tail call" : "–"}</span>;
        return <NodeText text={others.length > 0 ? `${first} +${others.length}` : first} titled />;
      },
    },
    ownerColumn(),
    findingsColumn(index),
    {
      id: "run_cnt",
      title: "Runs",
      width: 96,
      align: "end",
      value: (row) => row.run_cnt,
      sortValue: (row) => bigintOf(row.run_cnt),
      render: (row) => countText(row.run_cnt),
    },
    {
      id: "ns_per_run",
      title: "ns/run",
      width: 72,
      align: "end",
      value: nsPerRun,
      render: (row) => countText(nsPerRun(row)),
    },
    {
      id: "loaded_at",
      title: "Loaded",
      width: 150,
      value: (row) => row.loaded_at,
      render: (row) => timeText(row.loaded_at === null ? null : row.loaded_at * 1000),
    },
    { id: "tag", title: "Tag", width: 140, mono: true, value: (row) => row.tag },
    { id: "map_ids", title: "Maps", width: 56, align: "end", value: (row) => row.map_ids.length },
    {
      id: "bytes_xlated",
      title: "Translated",
      width: 84,
      align: "end",
      value: (row) => row.bytes_xlated,
      render: (row) => bytesText(row.bytes_xlated),
    },
    {
      id: "bytes_memlock",
      title: "Memory",
      width: 84,
      align: "end",
      hidden: true,
      value: (row) => row.bytes_memlock,
      render: (row) => bytesText(row.bytes_memlock),
    },
    { id: "jited", title: "JIT", width: 48, hidden: true, value: (row) => row.jited },
    { id: "uid", title: "uid", width: 56, align: "end", hidden: true, value: (row) => row.uid },
    pinnedColumn(),
    holdersColumn(),
  ];
}

/** Mean run time, or null without statistics. Rounded: it is a mean. */
function nsPerRun(row: Program): number | null {
  const runs = bigintOf(row.run_cnt);
  const time = bigintOf(row.run_time_ns);
  return runs === null || time === null || runs === 0n ? null : Number(time / runs);
}

const tailCalled = (index: DatapathIndex, row: Program) => (index.tailCallsTo.get(row.id)?.length ?? 0) > 0;

function Programs() {
  return (
    <ThingTable
      id="programs"
      label="Programs"
      rowsOf={rowsOf}
      columnsOf={columnsOf}
      emptyTitle="No program was seen"
      emptyWhy="Either none is loaded, or the sections that list them could not be read: see Commands."
    />
  );
}

export default defineView({
  id: "programs",
  title: "Programs",
  icon: Binary,
  order: 20,
  scope: "node",
  place: "main",
  Component: Programs,
});
