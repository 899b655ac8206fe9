/** Columns of a trace's table on a terminal: as many as its width takes, values as a person reads them. */
import { visibleText } from "../core/text/visible.ts";
import type { TracerField, TracerRecord } from "../core/trace/manifest.ts";
import type { Paint } from "./paint.ts";

export interface PrintedColumn {
  name: string;
  title: string;
  type: TracerField["type"];
  unit: TracerField["unit"];
  /** In characters; the last column of a row takes what it needs. */
  width: number;
  right: boolean;
}

/** A column's width is declared in pixels; a character has about so many. */
const PIXELS = 8;
const GAP = 2;
/** Of its width a text keeps at least so much, and so many characters, on a terminal too narrow for all columns. */
const TEXT_NARROWED = 0.6;
const TEXT_LEAST = 12;
const NUMBERS: ReadonlySet<string> = new Set(["u64", "i64", "f64", "port", "ifindex"]);

/** `longest`: of the nodes' names, when there are several. */
export function columnsOf({ fields }: TracerRecord, width: number, longest: number | null): PrintedColumn[] {
  const node = { name: "node", title: "Node", type: "text" as const, unit: undefined, right: false };
  const pod = { name: "pod", title: "Pod", type: "text" as const, unit: undefined, width: 32, right: false };
  const own = fields.flatMap((field): PrintedColumn[] => {
    if (field.hidden) return [];
    // Pod and container say what a person wants of a cgroup.
    if (field.type === "cgroup") return [pod];
    const { name, title, type, unit } = field;
    return [{ name, title, type, unit, width: widthOf(field), right: NUMBERS.has(type) }];
  });
  const all = [...(longest === null ? [] : [{ ...node, width: Math.min(longest, 24) }]), ...own];
  const narrow = widthOfAll(all) > width ? all.map(narrowed) : all;
  let left = width + GAP;
  return narrow.filter((column, index) => {
    left -= column.width + GAP;
    return index === 0 || left >= 0;
  });
}

const widthOfAll = (columns: readonly PrintedColumn[]) =>
  columns.reduce((sum, column) => sum + column.width + GAP, -GAP);

/** Texts give way, so that more columns have a place; what is cut says so. */
function narrowed(column: PrintedColumn): PrintedColumn {
  const { title, type, width } = column;
  if (type !== "text" && type !== "list" && type !== "stack") return column;
  return { ...column, width: Math.min(width, Math.max(title.length, TEXT_LEAST, Math.round(width * TEXT_NARROWED))) };
}

function widthOf({ title, type, width }: TracerField): number {
  const least = type === "time" ? 12 : type === "ip" ? 15 : 4;
  return Math.max(Math.round(width / PIXELS), title.length, least);
}

export function heading(columns: readonly PrintedColumn[], p: Paint): string {
  return p.bold(joined(columns, (column) => column.title));
}

export function printedRow(columns: readonly PrintedColumn[], values: Readonly<Record<string, unknown>>): string {
  return joined(columns, ({ name, type, unit }) =>
    visibleText(printedValue(Object.hasOwn(values, name) ? values[name] : null, type, unit)),
  );
}

function joined(columns: readonly PrintedColumn[], text: (column: PrintedColumn) => string): string {
  return columns
    .map((column, index) => {
      const whole = text(column);
      const { width, right } = column;
      // The last one may run over the edge rather than lose its end.
      const last = index === columns.length - 1;
      const cut = whole.length <= width || last ? whole : `${whole.slice(0, width - 1)}…`;
      return right ? cut.padStart(width) : last ? cut : cut.padEnd(width);
    })
    .join(" ".repeat(GAP))
    .trimEnd();
}

export function printedValue(value: unknown, type: TracerField["type"], unit: TracerField["unit"]): string {
  if (value === null || value === undefined) return "-";
  if (type === "time") return clock(Number(value));
  if (typeof value === "number" && unit) return withUnit(value, unit);
  if (Array.isArray(value)) return value.map(String).join(type === "stack" ? " < " : ", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Local time with milliseconds. */
function clock(time_us: number): string {
  const at = new Date(time_us / 1000);
  if (Number.isNaN(at.getTime())) return "-";
  const two = (n: number) => String(n).padStart(2, "0");
  const ms = String(at.getMilliseconds()).padStart(3, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`;
}

const NS: Partial<Record<NonNullable<TracerField["unit"]>, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

function withUnit(value: number, unit: NonNullable<TracerField["unit"]>): string {
  const ns = NS[unit];
  if (ns !== undefined) return duration(value * ns);
  if (unit === "percent") return `${trimmed(value)} %`;
  if (unit === "per_second") return `${trimmed(value)}/s`;
  return unit === "bytes" ? `${value} B` : String(value);
}

export function duration(ns: number): string {
  const steps = [
    ["s", 1e9],
    ["ms", 1e6],
    ["µs", 1e3],
  ] as const;
  const [name, size] = steps.find(([, size]) => Math.abs(ns) >= size) ?? ["ns", 1];
  return `${trimmed(ns / size)} ${name}`;
}

/** Three digits that count. */
const trimmed = (value: number) => (Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3))));
