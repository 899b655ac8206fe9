/** What tracers write is JSON in UTF-8 whatever bytes a process, a packet or a file name holds. */
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../..");
let dir = "";
let program = "";

beforeAll(() => {
  dir = fs.mkdtempSync(path.join(tmpdir(), "bpfdesk-out-"));
  program = path.join(dir, "out_text");
  const sources = [path.join(ROOT, "test/support/out_text.c"), path.join(ROOT, "bpf/lib/out.c")];
  const checked = ["-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
  const include = ["-I", path.join(ROOT, "bpf/lib")];
  execFileSync("gcc", ["-std=gnu11", "-O1", "-g", "-D_GNU_SOURCE", ...checked, ...include, ...sources, "-o", program]);
});
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

function written(bytes: Uint8Array): { record: string; value: string; hex: string } {
  const { status, stdout, stderr } = spawnSync(program, { input: bytes });
  expect(stderr.toString()).toBe("");
  expect(status).toBe(0);
  const text = new TextDecoder("utf-8", { fatal: true }).decode(stdout);
  expect(text.endsWith("}\n") && text.indexOf("\n") === text.length - 1).toBe(true);
  return JSON.parse(text);
}

/** Good UTF-8 as it is, each other byte as \xNN. */
function shown(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  let rest = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end));
  let text = "";
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  while (rest.length > 0) {
    const good = [1, 2, 3, 4].find((length) => {
      try {
        return length <= rest.length && [...strict.decode(rest.subarray(0, length))].length === 1;
      } catch {
        return false;
      }
    });
    text += good === undefined ? `\\x${rest.toString("hex", 0, 1)}` : rest.toString("utf8", 0, good);
    rest = rest.subarray(good ?? 1);
  }
  return text;
}

describe("a line of a tracer", () => {
  it.each([
    ["quotes, backslashes and line ends", Buffer.from('a"b\\c\r\n\t\u007f\u001b[31m')],
    ["text of every script", Buffer.from("Grüße, 中文, 🙂, \ufeff\u2028")],
    ["bytes that are no UTF-8", Buffer.from([0x61, 0xff, 0xc3, 0x28, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf5, 0x80])],
    ["a sequence that is cut off", Buffer.from([0x61, 0xe2, 0x82])],
    ["nothing", Buffer.alloc(0)],
  ])("holds %s", (_, bytes) => {
    expect(written(bytes)).toEqual({ record: "text", value: shown(bytes), hex: bytes.toString("hex") });
  });

  it("holds any bytes", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.string({ unit: "binary", maxLength: 20 }).map((text) => new Uint8Array(Buffer.from(text))),
    );
    const bytes = fc.array(piece, { maxLength: 5 }).map((pieces) => new Uint8Array(Buffer.concat(pieces)));
    fc.assert(
      fc.property(bytes, (any) => {
        expect(written(any)).toEqual({ record: "text", value: shown(any), hex: Buffer.from(any).toString("hex") });
      }),
      { numRuns: 150 },
    );
  });
});
