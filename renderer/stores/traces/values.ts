/** Values of a tracer's records as a person reads them, by type and unit. Pure; texts may hold text of the node. */
import type { FieldType, TracerField } from "../../../electron/core/trace/manifest.ts";
import { bytesText, countText } from "../../ui/format.ts";

export type Unit = NonNullable<TracerField["unit"]>;

export interface ValueKind {
  type: FieldType;
  unit?: Unit | undefined;
  /** A number that names something: its digits are not grouped. */
  names?: boolean;
}

const PER_MS: Partial<Record<Unit, number>> = { ns: 1e6, us: 1e3, ms: 1 };

/** A value as a cell shows it; nothing is an empty text. */
export function valueText(kind: ValueKind, value: unknown): string {
  if (value === null || value === undefined) return "";
  switch (kind.type) {
    case "time":
      return clockText(value);
    case "u64":
    case "i64":
    case "f64":
      return numberText(kind, value);
    case "bool":
      return flagText(value);
    case "hex":
      return hexText(value);
    case "list":
      return Array.isArray(value) ? value.map(plainText).join(", ") : plainText(value);
    case "stack":
      return Array.isArray(value) ? value.map(plainText).join(" ← ") : plainText(value);
    case "port":
    case "ifindex":
    case "text":
    case "ip":
    case "enum":
    case "cgroup":
      return plainText(value);
    case "object":
      return objectText(value);
  }
}

/** A value as it is copied into a table: times as ISO with microseconds, numbers without grouping. */
export function copiedText(kind: ValueKind, value: unknown): string {
  if (kind.type === "time") return isoText(value);
  if (kind.type === "hex" || kind.type === "bool" || Array.isArray(value)) return valueText(kind, value);
  return plainText(value);
}

/** The unit as it stands in a column's title: what {@link valueText} converts to. */
export function unitText({ type, unit }: ValueKind): string {
  if (unit === undefined || !isNumeric(type)) return "";
  if (PER_MS[unit] !== undefined) return "ms";
  if (unit === "percent") return "%";
  if (unit === "per_second") return "/s";
  return unit === "bytes" || unit === "packets" || unit === "segments" ? "" : unit;
}

/** Whether values are numbers, which stand at the right. */
export function isNumeric(type: FieldType): boolean {
  return type === "u64" || type === "i64" || type === "f64";
}

function numberText({ type, unit, names }: ValueKind, value: unknown): string {
  const number = typeof value === "number" ? value : Number(value);
  if (!Number.isFinite(number)) return plainText(value);
  const perMs = unit === undefined ? undefined : PER_MS[unit];
  if (perMs !== undefined) return grouped((number / perMs).toFixed(3));
  if (unit === "bytes") return bytesText(number);
  if (unit === "percent" || unit === "s") return number.toFixed(2);
  if (names) return plainText(value);
  if (type === "f64" || unit === "per_second")
    return grouped(Number.isInteger(number) ? String(number) : number.toFixed(2));
  // Beyond 2^53 it comes as text, which is exact.
  return grouped(typeof value === "string" ? value : String(number));
}

function grouped(text: string): string {
  const [whole = "", fraction] = text.split(".");
  const sign = whole.startsWith("-") ? "−" : "";
  return `${sign}${countText(whole.replace("-", ""))}${fraction === undefined ? "" : `.${fraction}`}`;
}

/** Tracers write bytes as their digits; a number is no bytes and is told apart by its 0x. */
function hexText(value: unknown): string {
  return typeof value === "number" ? `0x${value.toString(16)}` : plainText(value);
}

/** Local time of day with milliseconds: runs are short, the day stands in the heading. */
function clockText(value: unknown): string {
  const date = dateOf(value);
  if (!date) return plainText(value);
  const two = (part: number) => String(part).padStart(2, "0");
  const ms = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

/** `2026-11-21T03:07:09.123456Z`. */
function isoText(value: unknown): string {
  const date = dateOf(value);
  if (!date) return plainText(value);
  const micros = String(Math.trunc(Number(value)) % 1000).padStart(3, "0");
  return date.toISOString().replace("Z", `${micros}Z`);
}

function dateOf(value: unknown): Date | null {
  const micros = Number(value);
  const date = new Date(Math.floor(micros / 1000));
  return Number.isFinite(micros) && !Number.isNaN(date.getTime()) ? date : null;
}

function plainText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** An object comes as JSON text: its members side by side, or the text when it is none. */
function objectText(value: unknown): string {
  try {
    const object: unknown = typeof value === "string" ? JSON.parse(value) : value;
    if (typeof object !== "object" || object === null || Array.isArray(object)) return plainText(value);
    return Object.entries(object)
      .map(([name, member]) => `${name} ${typeof member === "number" ? grouped(String(member)) : plainText(member)}`)
      .join(", ");
  } catch {
    return plainText(value);
  }
}

/** The host keeps what is no number as text. */
function flagText(value: unknown): string {
  const text = plainText(value);
  return text === "true" || text === "1" ? "yes" : text === "false" || text === "0" ? "no" : text;
}
