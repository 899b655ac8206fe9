/** Columns that several tables share. */
import type { Finding, Key, Owner } from "../../electron/core/model/types.ts";
import type { DatapathIndex } from "../stores/datapath-index.ts";
import type { Column } from "../table/columns.ts";
import { SeverityMark, worst } from "../ui/severity.tsx";

/** Number of findings that concern the row, with the worst severity. */
export function findingsColumn<Row extends { key: Key }>(index: DatapathIndex): Column<Row> {
  const of = (row: Row): readonly Finding[] => index.findingsOf.get(row.key) ?? [];
  return {
    id: "findings",
    title: "Findings",
    width: 84,
    value: (row) => of(row).length || null,
    render: (row) => {
      const severity = worst(of(row).map((finding) => finding.severity));
      return severity === null ? null : (
        <span className="with-icon">
          <SeverityMark severity={severity} iconOnly /> {of(row).length}
        </span>
      );
    },
  };
}

/** Family of the owner, or the process when no family is known. */
export function ownerColumn<Row extends { owner: Owner | null }>(): Column<Row> {
  return { id: "owner", title: "Owner", width: 110, value: (row) => ownerText(row.owner) };
}

/** `cilium`, `falco (pid 42)`, or null. */
export function ownerText(owner: Owner | null): string | null {
  if (!owner) return null;
  if (owner.family !== null) return owner.family;
  return owner.process ? owner.process.comm : null;
}

/** Paths under the bpf filesystem. */
export function pinnedColumn<Row extends { pinned: string[] }>(): Column<Row> {
  return {
    id: "pinned",
    title: "Pinned",
    width: 160,
    grow: true,
    mono: true,
    value: (row) => row.pinned.join(", ") || null,
  };
}

/** Processes that hold it. */
export function holdersColumn<Row extends { pids: { pid: number; comm: string }[] }>(): Column<Row> {
  return {
    id: "pids",
    title: "Held by",
    width: 130,
    hidden: true,
    value: (row) => row.pids.map(({ pid, comm }) => `${comm} (${pid})`).join(", ") || null,
  };
}
