import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { writeWhole } from "./write.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfdesk-write-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("replaces a file as a whole", async () => {
  const file = join(folder, "file");
  await writeWhole(file, Buffer.from("first"));
  await writeWhole(file, Buffer.from("second"));
  expect(readFileSync(file, "utf8")).toBe("second");
});

it("writes into what is no regular file, which stays what it is", async () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  await writeWhole(pipe, Buffer.from("a snapshot"));
  const seen = Buffer.alloc(64);
  expect(seen.subarray(0, readSync(reader, seen)).toString()).toBe("a snapshot");
  closeSync(reader);
  expect(statSync(pipe).isFIFO()).toBe(true);
});

it("says which file could not be written", async () => {
  await expect(writeWhole(join(folder, "none", "file"), Buffer.from("x"))).rejects.toMatchObject({
    data: { code: "write-failed", message: `${join(folder, "none", "file")} could not be written.` },
  });
});
