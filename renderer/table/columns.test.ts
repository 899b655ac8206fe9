import { expect, it } from "vitest";
import { bigintOf, type Column, findRows, nextSort, sortRows, toJson, toTsv } from "./columns.ts";
import { stayingColumn } from "./shown-columns.ts";

interface Row {
  name: string;
  runs: string | null;
}
const columns: Column<Row>[] = [
  { id: "name", title: "Name", width: 100, value: (row) => row.name },
  { id: "run_cnt", title: "Runs", width: 80, value: (row) => row.runs, sortValue: (row) => bigintOf(row.runs) },
];
const rows: Row[] = [
  { name: "lxc10", runs: "18446744073709551615" },
  { name: "lxc2", runs: null },
  { name: "eth0", runs: "9" },
];
const names = (sorted: readonly Row[]) => sorted.map((row) => row.name);

it("sorts names as people count and counts beyond 2^53 exactly", () => {
  expect(names(sortRows(rows, columns, { column: "name", direction: "ascending" }))).toEqual(["eth0", "lxc2", "lxc10"]);
  expect(names(sortRows(rows, columns, { column: "run_cnt", direction: "ascending" }))).toEqual([
    "eth0",
    "lxc10",
    "lxc2",
  ]);
});

it("keeps what is unknown at the end in both directions", () => {
  expect(names(sortRows(rows, columns, { column: "run_cnt", direction: "descending" }))).toEqual([
    "lxc10",
    "eth0",
    "lxc2",
  ]);
});

it("goes from up to down to the order of the node", () => {
  const up = nextSort(null, "name");
  const down = nextSort(up, "name");
  expect([up, down, nextSort(down, "name")]).toEqual([
    { column: "name", direction: "ascending" },
    { column: "name", direction: "descending" },
    null,
  ]);
});

it("keeps one column whatever is hidden: the first that is shown by itself", () => {
  expect(stayingColumn([{ id: "time_us", hidden: true }, { id: "name" }])).toEqual({ id: "name" });
  expect(stayingColumn([{ id: "time_us", hidden: true }])).toEqual({ id: "time_us", hidden: true });
});

it("finds text in any column", () => {
  expect(names(findRows(rows, columns, " LXC "))).toEqual(["lxc10", "lxc2"]);
  expect(names(findRows(rows, columns, "1844"))).toEqual(["lxc10"]);
});

it("copies a hostile name as one cell of one line", () => {
  expect(toTsv([{ name: "a\tb\nc\u001b[2J", runs: null }], columns)).toBe("Name\tRuns\na␉b␊c␛[2J\t");
});

it("copies rows as JSON with the kernel's field names", () => {
  expect(JSON.parse(toJson(rows.slice(1, 2), columns))).toEqual([{ name: "lxc2", run_cnt: null }]);
});
