import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BpfdeskError } from "../../core/errors.ts";
import { quoteArgv } from "./quote.ts";

const NASTY = [
  "",
  "plain-1.2_/:@%+,",
  "two words",
  "it's",
  'say "hi"',
  "line\nbreak\n",
  "back\\slash",
  "\\",
  "'\\''",
  "$HOME `id` $(id) $x !! *?[a]~ #;&|<>(){}",
  "-n",
  "--opt=value",
  "A=b",
  "=ls",
  "\t\r\x07\x1b[31m",
  "ünïcödé 🐝",
];

/** What a shell makes of the line: every argument, NUL-terminated. */
function throughShell(shell: string[], argv: string[]): string[] {
  const [program = "", ...args] = shell;
  const line = quoteArgv(["printf", "%s\\0", ...argv]);
  const out = execFileSync(program, [...args, "-c", line], { encoding: "utf8" });
  return out.split("\0").slice(0, -1);
}

describe("quoteArgv", () => {
  it.each([["sh"], ["bash"]])("gives every argument through %s unchanged", (shell) => {
    expect(throughShell([shell], NASTY)).toEqual(NASTY);
  });

  it("gives any text through sh unchanged, twice quoted too", () => {
    const text = fc.string({ unit: "binary-ascii", maxLength: 40 }).filter((value) => !value.includes("\0"));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (argv) => {
        expect(throughShell(["sh"], argv)).toEqual(argv);
        expect(throughShell(["sh"], [quoteArgv(argv)])).toEqual([quoteArgv(argv)]);
      }),
      { numRuns: 60 },
    );
  });

  it("leaves plain words readable and quotes what a shell would take as an assignment", () => {
    expect(quoteArgv(["bpftool", "-j", "--opt=1", "A=b", "x y"])).toBe("bpftool -j --opt=1 'A=b' 'x y'");
  });

  it("keeps backslashes and quotes outside of the quotes, for shells that read them there", () => {
    expect(quoteArgv(["a\\b'c"])).toBe("'a'\\\\'b'\\''c'");
  });

  it("refuses a NUL", () => {
    expect(() => quoteArgv(["a\0b"])).toThrow(BpfdeskError);
  });
});
