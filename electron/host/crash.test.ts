import { expect, it } from "vitest";
import { describeBug } from "./crash.ts";

const SECRET = `s3cret "'\` ö`;

/** What Node and V8 throw when a secret is where something else was wanted. */
const bugs: [string, () => unknown][] = [
  ["text that is no JSON", () => JSON.parse(SECRET)],
  ["an argument of the wrong type", () => Buffer.alloc(SECRET as unknown as number)],
  ["an argument of the wrong value", () => Buffer.from("x", SECRET as BufferEncoding)],
  ["a path with a zero byte", () => process.chdir(`${SECRET}\0`)],
  ["a property of the error", () => throwing(Object.assign(new Error("failed"), { password: SECRET, code: "E1" }))],
  ["the error itself", () => throwing(SECRET)],
];
const throwing = (error: unknown) => {
  throw error;
};

it.each(bugs)("tells of a bug without the value it choked on: %s", (_what, act) => {
  let told = "";
  try {
    act();
  } catch (error) {
    told = describeBug(error);
  }
  expect(told).not.toBe("");
  expect(told).not.toContain("s3cret");
});

it("says what it is and where", () => {
  const [first, second] = describeBug(Object.assign(new TypeError("x is not a function"), { code: "E1" })).split("\n");
  expect([first, second]).toEqual(["TypeError [E1]: x is not a function", expect.stringContaining("crash.test.ts")]);
});
