import fc from "fast-check";
import { expect, it } from "vitest";
import { formatTag, parseTag } from "./tag.ts";

const part = fc.stringMatching(/^[0-9a-f]{12}$/);

it("reads back every tag it writes", () => {
  fc.assert(
    fc.property(part, part, (installation, connection) => {
      expect(parseTag(formatTag({ installation, connection }))).toEqual({ installation, connection });
    }),
  );
});

it("takes nothing for a tag that it would not write", () => {
  const nearly = fc.oneof(
    fc.string(),
    fc.tuple(part, part, fc.string({ minLength: 1 })).map(([a, b, more]) => `bpfdesk.${a}.${b}${more}`),
    part.map((a) => `bpfdesk.${a}`),
  );
  fc.assert(
    fc.property(nearly, (text) => {
      expect(parseTag(text)).toBeNull();
    }),
  );
});

it("refuses parts that no tag can have", () => {
  expect(() => formatTag({ installation: "0123456789AB", connection: "000000000000" })).toThrow(RangeError);
});
