/** Columns of a table of records, from what is known of their fields. */
import { type FieldInfo, type RecordInfo, shownOrder } from "../../stores/traces/fields.ts";
import { copiedText, isNumeric, unitText, valueText } from "../../stores/traces/values.ts";
import type { Column } from "../../table/columns.ts";
import { NodeText } from "../../ui/node-text.tsx";

export type Row = readonly unknown[];

const MONO: ReadonlySet<FieldInfo["type"]> = new Set(["ip", "hex", "cgroup", "stack", "time"]);
const LONG: ReadonlySet<FieldInfo["type"]> = new Set(["text", "list", "stack", "cgroup", "object", "enum"]);

/** One column a field. `infos`: of a row's values, in their order. */
export function columnsFor(infos: readonly FieldInfo[], record: RecordInfo): Column<Row>[] {
  return shownOrder(infos, record).flatMap((at): Column<Row>[] => {
    const info = infos[at];
    return info ? [columnFor(info, at)] : [];
  });
}

function columnFor(info: FieldInfo, at: number): Column<Row> {
  const unit = unitText(info);
  return {
    id: info.name,
    title: unit === "" ? info.title : `${info.title}, ${unit}`,
    description: info.description,
    width: info.width,
    grow: LONG.has(info.type),
    ...(isNumeric(info.type) || info.type === "port" || info.type === "ifindex" ? { align: "end" as const } : {}),
    mono: MONO.has(info.type),
    hidden: info.hidden,
    value: (row) => copiedText(info, row[at]),
    render: (row) => <Cell info={info} value={row[at]} />,
  };
}

function Cell({ info, value }: { info: FieldInfo; value: unknown }) {
  if (info.type === "stack" && Array.isArray(value) && value.length > 1) {
    return (
      <>
        <NodeText text={String(value[0])} titled /> <span className="muted">+{value.length - 1}</span>
      </>
    );
  }
  const text = valueText(info, value);
  return text === "" ? null : <NodeText text={text} titled />;
}
