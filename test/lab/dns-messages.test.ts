/** The dns tracer's parser and its TCP streams, built with sanitizers, under messages that are random, spoiled, cut and torn. */
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../..");
const DNS = path.join(ROOT, "bpf/tracers/dns");
const ROUNDS = 8000;
let dir = "";
let program = "";

beforeAll(() => {
  dir = fs.mkdtempSync(path.join(tmpdir(), "bpfdesk-fuzz-"));
  program = path.join(dir, "dns_fuzz");
  const parts = ["message.c", "rdata.c", "streams.c"].map((name) => path.join(DNS, name));
  const checked = ["-Wall", "-Wextra", "-Werror", "-Wno-sign-compare", "-Wno-unused-parameter"];
  const sanitized = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
  const include = ["-I", DNS, "-I", path.join(ROOT, "bpf/include")];
  const source = path.join(ROOT, "test/support/dns_fuzz.c");
  const words = ["-std=gnu11", "-O1", "-g", "-D_GNU_SOURCE", ...checked, ...sanitized, ...include];
  execFileSync("gcc", [...words, source, ...parts, "-o", program]);
});
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

describe("messages from anybody", () => {
  it("are read without a wrong step, and streams put together as they were sent", () => {
    for (const seed of ["1", `${Date.now()}`]) {
      const { status, stdout, stderr } = spawnSync(program, [seed, `${ROUNDS}`], { encoding: "utf8" });
      expect({ seed, status, stderr }).toEqual({ seed, status: 0, stderr: "" });
      expect(Number(stdout)).toBeGreaterThan(ROUNDS / 4);
    }
  });
});
