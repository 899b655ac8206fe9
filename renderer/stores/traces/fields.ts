/**
 * The columns of a record: what the run itself said of its fields (schema), with titles and widths of the manifest
 * where this version has one, and what the host added. Pure.
 */
import type { FieldType, TracerField, TracerManifest } from "../../../electron/core/trace/manifest.ts";
import type { TraceSchema } from "../../../electron/core/trace/protocol.ts";
import type { ValueKind } from "./values.ts";

export interface FieldInfo extends ValueKind {
  name: string;
  title: string;
  description: string;
  width: number;
  hidden: boolean;
  key: boolean;
}

export interface RecordInfo {
  name: string;
  title: string;
  description: string;
  kind: "event" | "total";
  fields: readonly FieldInfo[];
}

/** Records of a run: totals first, for they answer the question; then events. */
export function recordsOf(schema: TraceSchema, manifest: TracerManifest | undefined): RecordInfo[] {
  const records = Object.entries(schema.records).map(([name, { kind, fields }]): RecordInfo => {
    const known = manifest?.records[name];
    return {
      name,
      title: known?.title ?? name,
      description: known?.description ?? "",
      kind,
      fields: fields.map((field) =>
        fieldInfo(
          field,
          known?.fields.find((one) => one.name === field.name),
        ),
      ),
    };
  });
  return [...records.filter(({ kind }) => kind === "total"), ...records.filter(({ kind }) => kind === "event")];
}

/** Numbers that are looked up, not counted. */
const NAMING = /(^|_)(id|pid|tid|tgid|ppid|uid|gid|netns|inode|ino|cookie|mark|line|position)$/;

function fieldInfo(field: TraceSchema["records"][string]["fields"][number], known: TracerField | undefined): FieldInfo {
  return {
    name: field.name,
    type: field.type,
    unit: field.unit,
    names: NAMING.test(field.name),
    title: known?.title ?? field.name,
    description: known?.description ?? "",
    width: known?.width ?? 110,
    hidden: known?.hidden ?? false,
    key: field.key ?? false,
  };
}

const added = (name: string, title: string, description: string, kind: ValueKind, width: number): FieldInfo => ({
  name,
  title,
  description,
  width,
  hidden: false,
  key: false,
  ...kind,
});

/** What the host joins: behind which type of field, under which name. Of a second cgroup its name stands in front. */
const JOINED = [
  {
    type: "cgroup",
    info: added("pod", "Pod", "Pod of the cgroup, as the node's picture knows it.", { type: "text" }, 180),
  },
  { type: "cgroup", info: added("container", "Container", "Container of the cgroup.", { type: "text" }, 110) },
  {
    type: "ifindex",
    info: added("ifname", "Interface", "Name of the interface, as the node's picture knows it.", { type: "text" }, 110),
  },
] as const;

function joinedInfo(record: RecordInfo, name: string): FieldInfo | undefined {
  const plain = JOINED.find(({ info }) => info.name === name);
  if (plain) return plain.info;
  const of = record.fields.find((field) => JOINED.some(({ info }) => name === `${field.name}_${info.name}`));
  const what = JOINED.find(({ info }) => name === `${of?.name}_${info.name}`)?.info;
  return of && what ? { ...what, name, title: `${what.title} (${of.title})` } : undefined;
}

/** Places of the columns as they are shown: what the host joined stands behind what it belongs to. */
export function shownOrder(infos: readonly FieldInfo[], record: RecordInfo): number[] {
  const own = new Set(record.fields.map(({ name }) => name));
  const rank = ({ name }: FieldInfo, at: number): number => {
    const join = own.has(name) ? undefined : JOINED.find(({ info }) => name.endsWith(info.name));
    const source = infos.findIndex(
      (info) => info.type === join?.type && (name === join.info.name || name.startsWith(`${info.name}_`)),
    );
    return join === undefined || source < 0 ? at : source + 0.5;
  };
  return infos
    .map((info, at) => ({ at, rank: rank(info, at) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ at }) => at);
}

/** What a group has beside the columns it is grouped by. */
const OF_GROUPS: readonly FieldInfo[] = [
  added("count", "Rows", "Records in this group.", { type: "u64" }, 90),
  added("first", "First", "Time of the first record.", { type: "time" }, 110),
  added("last", "Last", "Time of the last record.", { type: "time" }, 110),
];

/** Information on the columns of an answer, in its order. A column nobody described is text. */
export function columnInfos(record: RecordInfo, columns: readonly string[], group_by: readonly string[]): FieldInfo[] {
  const grouped = group_by.length > 0;
  return columns.map((name, at) => {
    const ofGroup = grouped && at >= group_by.length ? OF_GROUPS.find((info) => info.name === name) : undefined;
    return (
      ofGroup ??
      record.fields.find((info) => info.name === name) ??
      joinedInfo(record, name) ??
      added(name, name, "", { type: "text" }, 110)
    );
  });
}

/** Places of the columns that tell rows apart: the key of a total, or what is grouped by. Empty: none do. */
export function keyColumns(record: RecordInfo, columns: readonly string[], group_by: readonly string[]): number[] {
  const names =
    group_by.length > 0
      ? group_by
      : record.kind === "total"
        ? record.fields.filter(({ key }) => key).map(({ name }) => name)
        : [];
  return names.map((name) => columns.indexOf(name)).filter((at) => at >= 0);
}

/** A filter that finds the rows of a group: what was filtered before, and each column as it is in the group. */
export function filterOfGroup(filter: string, columns: readonly FieldInfo[], values: readonly unknown[]): string {
  return [filter.trim(), ...columns.map((info, at) => termOf(info, values[at]))].filter(Boolean).join(" ");
}

/** One column's value in the words of the filter (electron/core/trace/filter.ts), which knows no escapes. */
function termOf({ name, type }: FieldInfo, value: unknown): string {
  // Nothing is what is neither a text that holds nothing, nor a number above all that is below.
  if (value === null || value === undefined) return NUMBERS.has(type) ? `-${name}>=-1e308` : `-${name}:`;
  const text = Array.isArray(value) ? value.join(" ") : String(value);
  if (!text.includes('"')) return /^\S*$/.test(text) ? `${name}=${text}` : `${name}="${text}"`;
  return text
    .split('"')
    .filter((part) => part !== "")
    .map((part) => `${name}:"${part}"`)
    .join(" ");
}

const NUMBERS: ReadonlySet<FieldType> = new Set(["time", "u64", "i64", "f64", "port", "ifindex"]);
