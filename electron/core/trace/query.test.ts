import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { namesOf, type TraceNames } from "./names.ts";
import { queryRows, type RowQuery } from "./query.ts";
import { type RecordSchema, RecordTable } from "./table.ts";

const nobody = namesOf(null);
const field = (name: string, type: RecordSchema["fields"][number]["type"], key = false) => ({ name, type, key });
const events: RecordSchema = {
  kind: "event",
  fields: [
    field("time_us", "time"),
    field("name", "text"),
    field("port", "port"),
    field("ip", "ip"),
    field("list", "list"),
  ],
};

function filled(rows: readonly Record<string, unknown>[], schema = events, limits = { rows: 1000, text: 1e6 }) {
  const table = new RecordTable(schema, limits);
  for (const row of rows) table.add(row);
  return table;
}
function ask(table: RecordTable, query: Partial<RowQuery> = {}, names: TraceNames = nobody) {
  return queryRows(table, { from: 0, count: 5000, sort: [], filter: "", group_by: [], ...query }, names);
}
const column = (table: RecordTable, name: string, query: Partial<RowQuery> = {}) => {
  const { columns, rows } = ask(table, query);
  return rows.map((row) => row[columns.indexOf(name)]);
};
const some = [
  { time_us: 10, name: "Alpha one", port: 53, ip: "10.0.0.10", list: ["a", "b"] },
  { time_us: 20, name: "beta", port: 443, ip: "10.0.0.9", list: [] },
  { time_us: 30, name: null, port: 53, ip: "fe80::1", list: null },
  { time_us: 40, name: "alpha two", ip: "10.0.0.9" },
];

describe("rows", () => {
  it("come as they came, with what is missing as null", () => {
    expect(ask(filled(some))).toEqual({
      columns: ["time_us", "name", "port", "ip", "list"],
      rows: [
        [10, "Alpha one", 53, "10.0.0.10", ["a", "b"]],
        [20, "beta", 443, "10.0.0.9", []],
        [30, null, 53, "fe80::1", null],
        [40, "alpha two", null, "10.0.0.9", null],
      ],
      total: 4,
      matching: 4,
      dropped: 0,
    });
  });

  it("keep values that do not fit their column's type as far as they can", () => {
    const schema: RecordSchema = {
      kind: "event",
      fields: [field("u", "u64"), field("t", "text"), field("o", "object")],
    };
    const rows = [
      { u: "18446744073709551615", t: 5, o: { a: [1] } },
      { u: "many", t: true, o: "x" },
      { u: { deep: 1 }, t: ["a", 1], o: null },
    ];
    expect(ask(filled(rows, schema)).rows).toEqual([
      ["18446744073709551615", "5", '{"a":[1]}'],
      [null, true, "x"],
      [null, ["a", "1"], null],
    ]);
  });

  it("are the newest when there are more than are held, and what went is counted", () => {
    const rows = Array.from({ length: 25 }, (_, n) => ({ time_us: n, name: `row ${n}` }));
    const table = filled(rows, events, { rows: 10, text: 1e6 });
    expect(column(table, "name")).toEqual(rows.slice(-10).map(({ name }) => name));
    expect(ask(table)).toMatchObject({ total: 10, dropped: 15 });
  });

  it("give way when their texts are too large together", () => {
    const table = filled([], events, { rows: 100_000, text: 50_000 });
    for (let n = 0; n < 20_000; n++) table.add({ time_us: n, name: `a text of some length, number ${n}` });
    const { total, dropped } = ask(table);
    expect(total + dropped).toBe(20_000);
    expect(total).toBeLessThan(4000);
    expect(column(table, "time_us").at(-1)).toBe(19_999);
    expect(column(table, "name").at(-1)).toBe("a text of some length, number 19999");
  });

  it("are those of before, while the table is paused", () => {
    const table = filled(some, events, { rows: 5, text: 1e6 });
    for (let n = 0; n < 3; n++) table.add({ time_us: 50 + n });
    expect(column(table, "time_us", { until: 4 })).toEqual([30, 40]);
    expect(column(table, "time_us", { until: 0 })).toEqual([]);
    expect(column(table, "time_us", { until: 99 })).toEqual([30, 40, 50, 51, 52]);
  });
});

describe("totals", () => {
  const totals: RecordSchema = {
    kind: "total",
    fields: [field("ip", "ip", true), field("port", "port", true), field("sent", "u64")],
  };
  const rows = [
    { ip: "10.0.0.1", port: 1, sent: 1 },
    { ip: "10.0.0.1", port: 2, sent: 5 },
    { ip: "10.0.0.1", port: 1, sent: 2 },
    { ip: null, port: 1, sent: 9 },
    { ip: "", port: 1, sent: 8 },
  ];

  it("replace the earlier one with the same key", () => {
    expect(ask(filled(rows, totals)).rows).toEqual([
      ["10.0.0.1", 1, 2],
      ["10.0.0.1", 2, 5],
      [null, 1, 9],
      ["", 1, 8],
    ]);
  });

  it("stay as they were while the table is paused", () => {
    const table = filled(rows, totals);
    expect(column(table, "sent", { until: 5 })).toEqual([2, 5, 9, 8]);
    table.add({ ip: "10.0.0.1", port: 1, sent: 3 });
    expect(column(table, "sent", { until: 5 })).toEqual([2, 5, 9, 8]);
    expect(column(table, "sent")).toEqual([3, 5, 9, 8]);
  });

  it("that find no place are counted", () => {
    const table = filled(rows, totals, { rows: 2, text: 1e6 });
    expect(ask(table)).toMatchObject({ total: 2, dropped: 2 });
    expect(column(table, "sent")).toEqual([2, 5]);
  });
});

describe("the filter", () => {
  it.each([
    ["alpha", [10, 40]],
    ["ALPHA two", [40]],
    ['"alpha two"', [40]],
    ["53", [10, 30]],
    ["-alpha", [20, 30]],
    ["name:a -name:two", [10, 20]],
    ["name=beta", [20]],
    ["name!=beta", [10, 30, 40]],
    ["port=53", [10, 30]],
    ["port!=53", [20, 40]],
    ["port>53", [20]],
    ["port>=53 port<443", [10, 30]],
    ["port<=53", [10, 30]],
    ["-port>53", [10, 30, 40]],
    ["time_us>20", [30, 40]],
    ["fe80::1", [30]],
    ["b", [10, 20]],
    ["list:b", [10]],
    ["10.0.0.9", [20, 40]],
    ["nowhere", []],
    ['name:"alpha one"', [10]],
    ["  ", [10, 20, 30, 40]],
    ['"', [10, 20, 30, 40]],
    ["-", [10, 20, 30, 40]],
  ])("%s", (filter, times) => {
    expect(column(filled(some), "time_us", { filter })).toEqual(times);
  });

  it("takes any text", () => {
    fc.assert(fc.property(fc.string(), (filter) => void ask(filled(some), { filter })));
  });
});

describe("the order", () => {
  it("is of one column or more, what is null last in both directions, equal rows as they came", () => {
    const table = filled(some);
    const by = (column: string, descending = false) => ({ column, descending });
    expect(column(table, "time_us", { sort: [by("port")] })).toEqual([10, 30, 20, 40]);
    expect(column(table, "time_us", { sort: [by("port", true)] })).toEqual([20, 10, 30, 40]);
    expect(column(table, "time_us", { sort: [by("port"), by("time_us", true)] })).toEqual([30, 10, 20, 40]);
    expect(column(table, "time_us", { sort: [by("ip")] })).toEqual([20, 40, 10, 30]);
    expect(column(table, "time_us", { sort: [by("none")] })).toEqual([10, 20, 30, 40]);
  });

  it("of any part is that part of the whole order", () => {
    const row = fc.record({ time_us: fc.nat(20), name: fc.option(fc.constantFrom("a", "b", "c")), port: fc.nat(3) });
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 60 }),
        fc.nat(60),
        fc.nat(20),
        fc.boolean(),
        (rows, from, count, descending) => {
          const table = filled(rows);
          const sort = [
            { column: "name", descending },
            { column: "port", descending: !descending },
          ];
          const whole = ask(table, { sort, count: 5000 }).rows;
          expect(whole.map(String).sort()).toEqual(ask(table).rows.map(String).sort());
          expect(ask(table, { sort, from, count }).rows).toEqual(whole.slice(from, from + count));
        },
      ),
    );
  });
});

describe("groups", () => {
  it("have their columns, how many, the first and the last; the largest come first", () => {
    const table = filled([...some, { time_us: 50, name: "beta", port: 53 }]);
    expect(ask(table, { group_by: ["port"] })).toMatchObject({
      columns: ["port", "count", "first", "last"],
      rows: [
        [53, 3, 10, 50],
        [443, 1, 20, 20],
        [null, 1, 40, 40],
      ],
      total: 5,
      matching: 3,
    });
    expect(
      ask(table, { group_by: ["name", "port"], filter: "beta", sort: [{ column: "first", descending: true }] }).rows,
    ).toEqual([
      ["beta", 53, 1, 50, 50],
      ["beta", 443, 1, 20, 20],
    ]);
  });

  it("hold every row once", () => {
    const row = fc.record({ time_us: fc.nat(20), name: fc.option(fc.constantFrom("a", "b", "c")), port: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const { rows: groups } = ask(filled(rows), { group_by: ["name", "port"] });
        const expected = new Map<string, number>();
        for (const { name, port } of rows) expected.set(`${name} ${port}`, (expected.get(`${name} ${port}`) ?? 0) + 1);
        expect(new Map(groups.map(([name, port, count]) => [`${name} ${port}`, count]))).toEqual(expected);
      }),
    );
  });
});

describe("what is joined", () => {
  const uid = "0f0e0d0c-1111-2222-3333-444444444444";
  const id = "a".repeat(64);
  const path = `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid.replaceAll("-", "_")}.slice/cri-containerd-${id}.scope`;
  const schema: RecordSchema = {
    kind: "event",
    fields: [field("cgroup", "cgroup"), field("ifindex", "ifindex"), field("netns", "u64")],
  };
  const rows = [
    { cgroup: path, ifindex: 2, netns: 4026531840 },
    { cgroup: "/system.slice/sshd.service", ifindex: 3, netns: 4026531840 },
    { cgroup: null, ifindex: 2, netns: null },
  ];
  const pod = {
    key: "pod:1",
    uid,
    namespace: "shop",
    name: "cart-1",
    name_source: null,
    qos: null,
    pids: [],
    netns: null,
  };
  const picture = {
    pods: [
      { ...pod, host_network: false, cgroups: [], containers: [{ id, runtime: null, name: "cart", image: null }] },
    ],
    interfaces: [{ name: "eth0", ifindex: 2, netns: "4026531840" }],
  };
  const names = namesOf(picture as unknown as Parameters<typeof namesOf>[0]);

  it("names the pod, its container and the interface, where the picture knows them", () => {
    const { columns, rows: read } = ask(filled(rows, schema), {}, names);
    expect(columns).toEqual(["cgroup", "ifindex", "netns", "pod", "container", "ifname"]);
    expect(read.map((row) => row.slice(3))).toEqual([
      ["shop/cart-1", "cart", "eth0"],
      [null, null, null],
      [null, null, null],
    ]);
    expect(ask(filled(rows, schema), { filter: "pod:shop" }, names).matching).toBe(1);
    expect(ask(filled(rows, schema), { group_by: ["pod"] }, names).rows[0]?.slice(0, 2)).toEqual([null, 2]);
  });

  it("shows the uid of a pod that nobody has named", () => {
    const { rows: read } = ask(filled(rows, schema), {}, nobody);
    expect(read[0]?.slice(3)).toEqual([uid, "a".repeat(12), null]);
  });

  it("does not stand in the place of what the record says itself", () => {
    const own: RecordSchema = {
      kind: "event",
      fields: [...schema.fields, field("ifname", "text"), field("pod", "text")],
    };
    const { columns, rows: read } = ask(filled([{ ...rows[0], ifname: "lxc1", pod: "its own" }], own), {}, names);
    expect(columns.filter((name) => name === "ifname" || name === "pod")).toEqual(["ifname", "pod"]);
    expect(read[0]?.[3]).toBe("lxc1");
  });
});
