/** The cases of the kernel matrix can be read and can fail, without a virtual machine. */
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import type { Runbook } from "../../electron/core/runbook/types.ts";
// @ts-expect-error the scripts run before anything is installed and are plain JavaScript
import { loadOrder } from "../../scripts/kernels/initramfs.mjs";
import { type Expectation, parseCase, readCases } from "../kernels/lib/cases.ts";
import { readIncidents } from "../kernels/lib/incidents.ts";
import { variablesOf } from "../kernels/lib/machine.ts";
import { checkFields, checkLines, fill } from "../kernels/lib/match.ts";

const tracers = path.resolve(import.meta.dirname, "../../bpf/tracers");

describe("a case of the kernel matrix", () => {
  it("is readable, and of a tracer that there is, with its variants", async () => {
    const { readFileSync } = await import("node:fs");
    const { parse } = await import("yaml");
    for (const one of readCases()) {
      const manifest = parse(readFileSync(path.join(tracers, one.tracer, "tracer.yaml"), "utf8")) as {
        variants: { id: string }[];
        params: { name: string }[];
        records: Record<string, unknown>;
      };
      const ways = [...manifest.variants.map(({ id }) => id), "refused"];
      expect(ways, one.file).toEqual(expect.arrayContaining(Object.keys(one.variants)));
      const params = manifest.params.map(({ name }) => name);
      expect(params, one.file).toEqual(expect.arrayContaining(Object.keys(one.params)));
      const expectations = [one, ...Object.values(one.variants)].flatMap(({ expect: all }) => all);
      const records = Object.keys(manifest.records);
      expect(records, one.file).toEqual(expect.arrayContaining(expectations.map(({ record }) => record)));
    }
  });

  it("or an incident is readable, and of a runbook that there is, with its inputs", async () => {
    for (const one of readIncidents()) {
      const found = await import(`../../electron/core/runbook/books/${one.runbook}/index.ts`);
      const book = found.default as Runbook;
      expect(
        book.inputs.map(({ name }) => name),
        one.file,
      ).toEqual(expect.arrayContaining(Object.keys(one.inputs)));
    }
  });

  it.each([
    ["title: a\nvariants:\n  one: {}\nsetpu: ip link\n", /cases\/x\.yaml:1: .*setpu/],
    [
      "title: a\nvariants:\n  one:\n    expect:\n      - { record: r, lines: [] }\n",
      /cases\/x\.yaml:5: variants\.one\.expect\.0/,
    ],
    ["title: a\nvariants:\n  one: { expect: [ { record: r } ] }\n", /cases\/x\.yaml:3: .*expects nothing/],
    ["title: [\n", /cases\/x\.yaml:\d: /],
    ["title: a\nvariants: {}\n", /cases\/x\.yaml:2: variants: at least one/],
  ])("that is none is refused with file and line: %j", (text, message) => {
    expect(() => parseCase(text, "cases/x.yaml")).toThrow(message);
  });
});

describe("what a tracer told", () => {
  const lines = [
    { record: "flow", dst: "10.7.0.1", packets: 20, pid: null },
    { record: "flow", dst: "10.7.0.9", packets: "3", pid: 7 },
  ];
  const check = (expectation: Partial<Expectation>, variables = {}) =>
    checkLines({ record: "flow", where: {}, ...expectation }, lines, variables).length;

  it.each<[Partial<Expectation>, number]>([
    [{ lines: 2 }, 0],
    [{ lines: 3 }, 1],
    [{ lines: { at_least: 3 } }, 1],
    [{ sum: { packets: "$SENT" } }, 0],
    [{ sum: { packets: 24 } }, 1],
    [{ sum: { packets: { within: [24, 1] } } }, 0],
    [{ sum: { packets: { within: [25, 1] } } }, 1],
    [{ where: { dst: "10.7.0.1" }, each: { packets: 20, pid: null } }, 0],
    [{ each: { packets: { at_most: 19 } } }, 1],
    [{ where: { dst: "10.7.0.3" }, each: { packets: 20 } }, 1],
    [{ each: { dst: { matches: "^10\\.7\\." } } }, 0],
    [{ each: { dst: { not: "10.7.0.9" } } }, 1],
    [{ each: { pid: { one_of: [7, null] } } }, 0],
    [{ are: [{ dst: "10.7.0.9" }, { packets: 20 }] }, 0],
    [{ are: [{ dst: "10.7.0.9" }] }, 1],
    [{ are: [{ dst: "10.7.0.9" }, { packets: 20 }, {}] }, 1],
  ])("is held against %j", (expectation, wrong) => {
    expect(check(expectation, { SENT: "23" })).toBe(wrong);
  });

  it("is compared member by member in the summary", () => {
    const summary = { ended: "signal", totals: { events: 3 } };
    expect(checkFields("summary", summary, { ended: "signal", "totals.events": 3 }, {})).toEqual([]);
    expect(checkFields("summary", summary, { "totals.events": "$N", "no.where": 1 }, { N: "4" })).toEqual([
      "summary: totals.events is 3 instead of 4 ($N)",
      "summary: no.where is undefined instead of 1",
    ]);
  });

  it("is never held against a variable that nothing has set", () => {
    expect(() => fill("$IF", {})).toThrow("$IF was set by no script of the case");
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the case, as shell writes it
    expect(fill("${IF}:$N", { IF: "pod0", N: "1" })).toBe("pod0:1");
  });
});

it("takes variables from what scripts and the loader print", () => {
  expect(variablesOf("LOST=6\nprog 12 drops_some\nlink 3 -\n# no=1\nready\n")).toEqual({
    LOST: "6",
    prog_drops_some: "12",
  });
});

it("loads modules after those they need, and none that is built in", () => {
  const dependencies = [
    "kernel/drivers/net/virtio_net.ko.xz: kernel/net/core/failover.ko.xz kernel/drivers/virtio/virtio_ring.ko.xz",
    "kernel/net/core/failover.ko.xz:",
    "kernel/drivers/virtio/virtio_ring.ko.xz:",
    "kernel/drivers/block/virtio_blk.ko.xz: kernel/drivers/virtio/virtio_ring.ko.xz",
  ].join("\n");
  expect(loadOrder(dependencies, ["virtio_blk", "virtio_net", "ext4"])).toEqual([
    "kernel/drivers/virtio/virtio_ring.ko.xz",
    "kernel/drivers/block/virtio_blk.ko.xz",
    "kernel/net/core/failover.ko.xz",
    "kernel/drivers/net/virtio_net.ko.xz",
  ]);
});
