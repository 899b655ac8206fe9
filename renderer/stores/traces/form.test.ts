import { expect, it } from "vitest";
import { type TracerManifest, tracerManifest } from "../../../electron/core/trace/manifest.ts";
import { boundsText, firstValues, isSound, problemsOf, startInput } from "./form.ts";

const param = (name: string, type: string, more: object = {}) => ({
  name,
  title: name,
  description: name,
  type,
  ...more,
});

const manifest = (params: object[]): TracerManifest =>
  tracerManifest.parse({
    name: "probe",
    title: "Probe",
    question: "?",
    summary: "s",
    cost: "low",
    cost_note: "c",
    needs: [],
    variants: [{ id: "one", title: "One", needs: [], proves: "p" }],
    kernels_tried: [],
    params,
    records: {},
  });

const all = manifest([
  param("ifname", "text", { max_length: 15 }),
  param("mode", "enum", { values: ["tc", "xdp"], default: "tc" }),
  param("prog_ids", "list", { suggests: "prog_id" }),
  param("sample", "u64", { min: 1, max: 100, default: "10" }),
  param("ratio", "f64", { min: 0, max: 1 }),
  param("ipv6", "bool", { default: "true" }),
  param("name", "text", { required: true }),
]);

it("stands at first as the manifest says, with what was prefilled", () => {
  expect(firstValues(all, { ifname: "lxc1", mode: "xdp" })).toEqual({
    params: { ifname: "lxc1", mode: "xdp", prog_ids: "", sample: "10", ratio: "", ipv6: "true", name: "" },
    for_s: "30",
    events: "",
    budget_pct: "3",
  });
});

it("says at each field what is wrong with it", () => {
  const values = firstValues(all, {
    ifname: "a-name-that-is-too-long",
    mode: "tcx",
    sample: "101",
    ratio: "much",
    name: " ",
  });
  expect(problemsOf(all, { ...values, for_s: "0", events: "1.5", budget_pct: "" })).toEqual({
    params: {
      ifname: "At most 15 characters.",
      mode: "One of tc, xdp.",
      sample: "At most 100.",
      ratio: "A number, such as 0.5.",
      name: "This is needed.",
    },
    limits: { for_s: "At least 1 s.", events: "A whole number, without sign.", budget_pct: "This is needed." },
  });
});

it("takes whole numbers as large as 64 bits and no larger", () => {
  const one = manifest([param("cookie", "u64")]);
  expect(isSound(problemsOf(one, firstValues(one, { cookie: "18446744073709551615" })))).toBe(true);
  expect(problemsOf(one, firstValues(one, { cookie: "18446744073709551616" })).params).toEqual({
    cookie: "That is more than 64 bits hold.",
  });
});

it("asks only for what differs from the manifest, and for nothing where a default was taken out", () => {
  const values = firstValues(all, { prog_ids: " 102 ,, 105 ,", sample: "", ipv6: "false", name: " web " });
  expect(startInput(all, { ...values, for_s: " 5 ", events: "100" })).toEqual({
    tracer: "probe",
    params: { prog_ids: "102,105", sample: "", ipv6: "false", name: "web" },
    for_s: 5,
    events: 100,
    budget_pct: 3,
  });
});

it("names the bounds of a number with its unit", () => {
  const [low, high, both] = manifest([
    param("a", "u64", { min: 1 }),
    param("b", "f64", { max: 5, unit: "ms" }),
    param("c", "u64", { min: 1, max: 5, unit: "s" }),
  ]).params.map(boundsText);
  expect([low, high, both]).toEqual(["at least 1", "at most 5 ms", "1 to 5 s"]);
});
