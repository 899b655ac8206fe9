/** The collector's sections with what came of each: what could not be seen is told here. */
import { CircleAlert, ListChecks } from "lucide-react";
import { useMemo, useState } from "react";
import type { SectionState } from "../../../electron/core/model/types.ts";
import type { SectionInfo } from "../../../electron/shared/contract.ts";
import { useSections } from "../../stores/sections.ts";
import { useNode } from "../../stores/use-node.ts";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { bytesText, durationText } from "../../ui/format.ts";
import { EmptyState, Loading } from "../../ui/message.tsx";
import { NodeText } from "../../ui/node-text.tsx";

interface Row {
  key: string;
  id: string;
  info: SectionInfo | null;
  state: SectionState | null;
}

const problem = (row: Row) => row.state?.warnings.map((warning) => warning.message).join(" ") || null;

const columns: Column<Row>[] = [
  { id: "title", title: "Section", width: 190, value: (row) => row.info?.title ?? row.id },
  {
    id: "result",
    title: "Result",
    width: 96,
    value: (row) =>
      row.state === null
        ? "not run"
        : !row.state.ok
          ? "failed"
          : row.state.warnings.length > 0
            ? "with remarks"
            : "read",
  },
  { id: "problem", title: "What could not be seen", width: 260, grow: true, value: problem },
  { id: "why", title: "Why it is asked", width: 260, grow: true, value: (row) => row.info?.why ?? null },
  { id: "scope", title: "Where", width: 130, value: (row) => row.state?.scope ?? row.info?.scope ?? null },
  { id: "needs_root", title: "Root", width: 48, value: (row) => row.info?.needs_root ?? null },
  {
    id: "ms",
    title: "Time",
    width: 72,
    align: "end",
    value: (row) => row.state?.ms ?? null,
    render: (row) => durationText(row.state?.ms ?? null),
  },
  {
    id: "bytes",
    title: "Size",
    width: 80,
    align: "end",
    value: (row) => row.state?.bytes ?? null,
    render: (row) => bytesText(row.state?.bytes ?? null),
  },
  { id: "exit", title: "Exit", width: 48, align: "end", value: (row) => row.state?.exit ?? null },
  { id: "id", title: "Id", width: 130, mono: true, hidden: true, value: (row) => row.id },
];

export function SectionsPanel() {
  const sections = useSections();
  const node = useNode();
  const [selected, setSelected] = useState<string | null>(null);
  const states = node?.datapath?.sections;
  const rows = useMemo(() => rowsOf(sections.byId, states ?? []), [sections.byId, states]);
  const shown = rows.find((row) => row.key === selected) ?? null;
  if (sections.state === "loading" && rows.length === 0) return <Loading what="Asking what the collector runs…" />;
  return (
    <div className="split">
      <div className="split-main">
        {node && node.limits.length > 0 ? (
          <ul className="limits" aria-label="Seen less because of missing privileges">
            {node.limits.map((limit) => (
              <li key={limit}>
                <CircleAlert size={13} aria-hidden /> <NodeText text={limit} />
              </li>
            ))}
          </ul>
        ) : null}
        <DataTable
          id="sections"
          label="Sections"
          rows={rows}
          columns={columns}
          keyOf={(row) => row.key}
          selected={selected}
          onSelect={(row) => setSelected(row.key)}
          empty={<EmptyState icon={ListChecks} title={sections.trouble || "No section"} />}
        />
      </div>
      {shown ? (
        <aside className="split-side" aria-label="Section">
          <h3>{shown.info?.title ?? shown.id}</h3>
          <p className="muted">{shown.info?.why}</p>
          {problem(shown) ? (
            <p className="strong-note">
              <NodeText text={problem(shown) ?? ""} />
            </p>
          ) : null}
          {shown.info ? (
            <>
              <p className="muted">
                At most {shown.info.timeout_s} s and {bytesText(shown.info.max_bytes)}
                {shown.info.needs_root ? ", as root" : ""}. <CopyButton text={shown.info.command} what="command" />
              </p>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard */}
              <pre className="code" tabIndex={0}>
                {shown.info.command}
              </pre>
            </>
          ) : null}
        </aside>
      ) : null}
    </div>
  );
}

/** A section that ran in several namespaces has a row for each; trouble first. */
function rowsOf(infos: ReadonlyMap<string, SectionInfo>, states: readonly SectionState[]): Row[] {
  const ran = states.map((state) => ({
    key: `${state.section} ${state.scope}`,
    id: state.section,
    info: infos.get(state.section) ?? null,
    state,
  }));
  const seen = new Set(states.map((state) => state.section));
  const others = [...infos.values()]
    .filter((info) => !seen.has(info.id))
    .map((info) => ({ key: info.id, id: info.id, info, state: null }));
  const rank = (row: Row) => (row.state === null ? 2 : !row.state.ok ? 0 : row.state.warnings.length > 0 ? 1 : 2);
  return [...ran, ...others].sort((a, b) => rank(a) - rank(b));
}
