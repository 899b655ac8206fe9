import { expect, it } from "vitest";
import { BpfdeskError } from "../errors.ts";
import { type TracerManifest, type TracerParam, tracerManifest, tracerParam } from "./manifest.ts";
import { validateParams } from "./params.ts";

const param = (more: Partial<TracerParam> & Pick<TracerParam, "name" | "type">) =>
  tracerParam.parse({ title: "A title", description: "What it is.", ...more });
const manifest: TracerManifest = tracerManifest.parse({
  name: "some",
  title: "Some",
  question: "What?",
  summary: "It.",
  cost: "low",
  cost_note: "None.",
  needs: [],
  variants: [{ id: "one", title: "One", needs: [], proves: "this" }],
  kernels_tried: [],
  params: [
    param({ name: "ifname", type: "text", required: true, max_length: 15 }),
    param({ name: "seconds", type: "u64", min: 1, max: 60, unit: "s", default: "5" }),
    param({ name: "ratio", type: "f64", min: 0 }),
    param({ name: "direction", type: "enum", values: ["ingress", "egress"], default: "ingress" }),
    param({ name: "all", type: "bool" }),
    param({ name: "kinds", type: "list", values: ["a", "b"] }),
  ],
  records: {
    it: {
      title: "It",
      description: "It.",
      kind: "event",
      fields: [{ name: "x", title: "X", description: "X.", type: "u64" }],
    },
  },
});

function refusal(params: Record<string, string>): string | null {
  try {
    validateParams(manifest, params);
    return null;
  } catch (error) {
    if (!(error instanceof BpfdeskError)) throw error;
    expect(error.data.code).toBe("bad-param");
    return error.data.message;
  }
}

it("takes what the manifest allows", () => {
  const all = { ifname: "eth0", seconds: "60", ratio: "0.5", direction: "egress", all: "true", kinds: "a,b" };
  expect(refusal(all)).toBeNull();
  expect(refusal({ ifname: "eth0" })).toBeNull();
  expect(refusal({ ifname: "eth0", seconds: "", kinds: "" })).toBeNull();
});

it.each([
  [{}, "ifname must be given."],
  [{ ifname: "" }, "ifname must be given."],
  [{ ifname: "an-interface-with-a-name" }, "ifname has 24 bytes; at most 15 are allowed."],
  [{ ifname: "ätherätheräther" }, "ifname has 18 bytes; at most 15 are allowed."],
  [{ ifname: "a\0b" }, 'ifname is "a\\u0000b", which holds a zero byte.'],
  [{ ifname: "a", seconds: "61" }, 'seconds is "61", and must be from 1 to 60 s.'],
  [{ ifname: "a", seconds: "-1" }, 'seconds is "-1", and must be a whole number.'],
  [{ ifname: "a", seconds: "99999999999999999999" }, 'seconds is "99999999999999999999", and must be a whole number.'],
  [{ ifname: "a", ratio: "half" }, 'ratio is "half", and must be a number.'],
  [{ ifname: "a", ratio: "-0.5" }, 'ratio is "-0.5", and must be at least 0.'],
  [{ ifname: "a", direction: "up" }, 'direction is "up", and must be one of ingress, egress.'],
  [{ ifname: "a", all: "1" }, 'all is "1", and must be true or false.'],
  [{ ifname: "a", kinds: "a,c" }, 'kinds holds "c"; each must be one of a, b.'],
  [{ ifname: "a", toString: "x" }, 'some has no parameter "toString".'],
])("says which parameter, what was given and what may be: %j", (params, message) => {
  expect(refusal(params)).toBe(message);
});
