import { expect, it } from "vitest";
import { tracerRecord } from "../core/trace/manifest.ts";
import { columnsOf, heading, printedRow, printedValue } from "./trace-columns.ts";

const plain = { bold: String, dim: String, alarm: String, severity: (_: unknown, text: string) => text };
const field = (name: string, type: string, more: object = {}) => ({
  name,
  title: name,
  description: name,
  type,
  ...more,
});
const record = tracerRecord.parse({
  title: "Seen",
  description: "Seen.",
  kind: "event",
  fields: [
    field("time", "time"),
    field("name", "text", { width: 160 }),
    field("bytes", "u64", { unit: "bytes", width: 64 }),
    field("secret", "text", { hidden: true }),
    field("cgroup", "cgroup"),
    field("last", "text", { width: 80 }),
  ],
});
const titles = (width: number, longest: number | null = null) =>
  columnsOf(record, width, longest).map(({ title }) => title);

it("shows as many columns as have a place, texts narrower where it is tight, never none", () => {
  expect(titles(Number.POSITIVE_INFINITY)).toEqual(["time", "name", "bytes", "Pod", "last"]);
  expect(titles(60)).toEqual(["time", "name", "bytes", "Pod"]);
  expect(titles(10)).toEqual(["time"]);
  expect(titles(60, 9)).toEqual(["Node", "time", "name", "bytes"]);
});

it("prints a row below its heading, cut where a column ends, with control characters shown", () => {
  const columns = columnsOf(record, 60, null);
  const row = { time: 0, name: "a name that is longer than twelve", bytes: 7, pod: "\x1b[31mshop/cart", cgroup: "/x" };
  const [above = "", below = ""] = [heading(columns, plain), printedRow(columns, row)];
  expect(above).toBe("time          name             bytes  Pod");
  expect(below).toMatch(/^\d\d:\d\d:00\.000 {2}a name that… {7}7 B {2}␛\[31mshop\/cart$/);
});

it.each([
  [null, "u64", undefined, "-"],
  [1_500_000, "u64", "ns", "1.5 ms"],
  [2, "u64", "us", "2 µs"],
  [90, "u64", "s", "90 s"],
  [0.123456, "f64", "percent", "0.123 %"],
  [4, "f64", "per_second", "4/s"],
  ["18446744073709551615", "u64", "bytes", "18446744073709551615"],
  [["a", "b"], "list", undefined, "a, b"],
  [["f", "g"], "stack", undefined, "f < g"],
  [true, "bool", undefined, "true"],
] as const)("prints %j of type %s in %s as %s", (value, type, unit, printed) => {
  expect(printedValue(value, type, unit)).toBe(printed);
});
