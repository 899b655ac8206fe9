import { expect, it } from "vitest";
import { compareFingerprint } from "./fingerprint.ts";

const shown = "SHA256:k5Nq0ioXrBdqrFkfqJXEvvHzRUsxJjJgKyMrAfeh7xA";

it("accepts the same fingerprint with or without its prefix, blanks and padding", () => {
  expect(compareFingerprint(shown, shown)).toBe("same");
  expect(compareFingerprint("  k5Nq0ioXrBdqrFkfqJXEvvHzRUsxJjJgKyMrAfeh7xA=\n", shown)).toBe("same");
});

it("tells every other text apart, also one in another case", () => {
  expect(compareFingerprint(shown.toLowerCase(), shown)).toBe("different");
  expect(compareFingerprint(shown.slice(0, -1), shown)).toBe("different");
});

it("says nothing while nothing was pasted", () => {
  expect(compareFingerprint("  ", shown)).toBe("empty");
  expect(compareFingerprint("SHA256:", shown)).toBe("empty");
});
