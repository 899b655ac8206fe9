import { expect, it } from "vitest";
import { cellsOf } from "../../../electron/core/trace/cells.ts";
import { compileFilter } from "../../../electron/core/trace/filter.ts";
import { namesOf } from "../../../electron/core/trace/names.ts";
import type { TraceSchema } from "../../../electron/core/trace/protocol.ts";
import { RecordTable } from "../../../electron/core/trace/table.ts";
import { columnInfos, filterOfGroup, keyColumns, type RecordInfo, recordsOf, shownOrder } from "./fields.ts";

const schema: TraceSchema = {
  record: "schema",
  protocol: 1,
  tracer: "gone",
  version: "1",
  arch: "x86_64",
  kernel: "6.1",
  variant: "v",
  proves: "p",
  fallbacks: [],
  params: {},
  records: {
    packet: {
      kind: "event",
      fields: [
        { name: "comm", type: "text" },
        { name: "cgroup", type: "cgroup" },
        { name: "ifindex", type: "ifindex" },
        { name: "len", type: "u64" },
      ],
    },
    flow: {
      kind: "total",
      fields: [
        { name: "saddr", type: "ip", key: true },
        { name: "packets", type: "u64" },
      ],
    },
  },
  started_us: 0,
};
const [flow, packet] = recordsOf(schema, undefined) as [RecordInfo, RecordInfo];

it("puts totals first, and knows fields of a tracer that is not shipped any more by their names", () => {
  expect([flow.name, packet.name]).toEqual(["flow", "packet"]);
  expect(packet.fields.map(({ title }) => title)).toEqual(["comm", "cgroup", "ifindex", "len"]);
});

it("shows what the host joined behind what it belongs to", () => {
  const columns = ["comm", "cgroup", "ifindex", "len", "pod", "container", "ifname"];
  const infos = columnInfos(packet, columns, []);
  expect(shownOrder(infos, packet).map((at) => infos[at]?.title)).toEqual([
    "comm",
    "cgroup",
    "Pod",
    "Container",
    "ifindex",
    "Interface",
    "len",
  ]);
});

it("tells totals apart by their key, groups by their columns, and events not at all", () => {
  expect(keyColumns(flow, ["saddr", "packets"], [])).toEqual([0]);
  expect(keyColumns(packet, ["comm", "count", "first", "last"], ["comm"])).toEqual([0]);
  expect(keyColumns(packet, ["comm", "len"], [])).toEqual([]);
});

it.each([
  ["a plain text", { comm: "curl", len: 60 }],
  ["a text with spaces", { comm: "kworker 0:1", len: 60 }],
  ["a text with quotes", { comm: 'say "hi" now', len: 60 }],
  ["an empty text", { comm: "", len: 60 }],
  ["no text at all", { comm: null, len: 60 }],
  ["no number at all", { comm: "curl", len: null }],
])("finds the rows of a group again: %s", (_what, wanted) => {
  const record = schema.records.packet;
  if (!record) throw new Error("the schema has a packet");
  const table = new RecordTable(record);
  table.add(wanted);
  for (const other of [{ comm: "node", len: 1 }, { comm: "x", len: 0 }, {}]) table.add(other);
  const infos = packet.fields.filter(({ name }) => name === "comm" || name === "len");
  const filter = filterOfGroup("", infos, [wanted.comm, wanted.len]);
  const view = table.view();
  const test = compileFilter(filter, cellsOf(view, namesOf(null)));
  expect([0, 1, 2, 3].filter((row) => test?.(row))).toEqual([0]);
});
