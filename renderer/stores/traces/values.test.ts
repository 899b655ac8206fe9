import { expect, it } from "vitest";
import { copiedText, unitText, valueText } from "./values.ts";

const time = 1_795_230_000_123_456;

it("shows times of a run as the time of day, and copies them whole", () => {
  expect(valueText({ type: "time" }, time)).toMatch(/^\d\d:\d\d:\d\d\.123$/);
  expect(copiedText({ type: "time" }, time)).toBe("2026-11-21T03:00:00.123456Z");
  expect(valueText({ type: "time" }, "nonsense")).toBe("nonsense");
});

it("shows every time span of a column in one unit, so that a column can be read from top to bottom", () => {
  const kind = { type: "u64", unit: "ns" } as const;
  expect([1500, 1_250_000_000, "25000"].map((value) => valueText(kind, value))).toEqual([
    "0.002",
    "1\u202f250.000",
    "0.025",
  ]);
  expect(unitText(kind)).toBe("ms");
  expect(valueText({ type: "u64", unit: "us" }, 1500)).toBe("1.500");
});

it("keeps numbers beyond 2^53 exact", () => {
  expect(valueText({ type: "u64" }, "18446744073709551615")).toBe(
    "18\u202f446\u202f744\u202f073\u202f709\u202f551\u202f615",
  );
  expect(copiedText({ type: "u64" }, "18446744073709551615")).toBe("18446744073709551615");
});

it("does not group the digits of a number that names something", () => {
  expect(valueText({ type: "u64", names: true }, 4_026_531_840)).toBe("4026531840");
});

it("shows bytes as the tracer wrote them, whatever digits they are, and a number as what it is", () => {
  expect(valueText({ type: "hex" }, "00000010")).toBe("00000010");
  expect(valueText({ type: "hex" }, 16)).toBe("0x10");
});

it("shows sizes, shares, signs and flags", () => {
  expect(valueText({ type: "u64", unit: "bytes" }, 1536)).toBe("1.5 KiB");
  expect(valueText({ type: "f64", unit: "percent" }, 2.345)).toBe("2.35");
  expect(valueText({ type: "i64" }, -12345)).toBe("−12\u202f345");
  expect(valueText({ type: "bool" }, false)).toBe("no");
  expect(valueText({ type: "bool" }, "true")).toBe("yes");
});

it("shows nothing for nothing, and what does not fit its type as it is", () => {
  expect(valueText({ type: "u64" }, null)).toBe("");
  expect(valueText({ type: "u64" }, "many")).toBe("many");
  expect(valueText({ type: "object" }, "{cut")).toBe("{cut");
});

it("shows an object as its members", () => {
  expect(valueText({ type: "object" }, '{"TC_ACT_OK":12000,"TC_ACT_SHOT":3}')).toBe(
    "TC_ACT_OK 12\u202f000, TC_ACT_SHOT 3",
  );
});

it("shows lists with commas and stacks from the top", () => {
  expect(valueText({ type: "list" }, ["10.0.0.1", "10.0.0.2"])).toBe("10.0.0.1, 10.0.0.2");
  expect(valueText({ type: "stack" }, ["tcp_sendmsg", "sock_sendmsg"])).toBe("tcp_sendmsg ← sock_sendmsg");
});
