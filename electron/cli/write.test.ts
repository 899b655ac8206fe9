import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
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

it("writes through a link, which stays a link, also where there is no file yet", async () => {
  const [file, missing] = [join(folder, "of-link"), join(folder, "not-yet")];
  writeFileSync(file, "before");
  for (const [index, target] of [file, missing].entries()) {
    const link = join(folder, `link-${index}`);
    symlinkSync(target, link);
    await writeWhole(link, Buffer.from("a snapshot"));
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, "utf8")).toBe("a snapshot");
  }
  expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
});

it.runIf(process.platform === "linux")("leaves the links of open files alone", async () => {
  const file = join(folder, "open");
  const open = openSync(file, "w+");
  const { ino } = statSync(file);
  const link = `/proc/self/fd/${open}`;
  await writeWhole(link, Buffer.from("a snapshot"));
  expect(statSync(file).ino).toBe(ino);
  rmSync(file);
  await writeWhole(link, Buffer.from("another"));
  const seen = Buffer.alloc(64);
  expect(seen.subarray(0, readSync(open, seen, 0, 64, 0)).toString()).toBe("another");
  closeSync(open);
});

it("says which file could not be written", async () => {
  await expect(writeWhole(join(folder, "none", "file"), Buffer.from("x"))).rejects.toMatchObject({
    data: { code: "write-failed", message: `${join(folder, "none", "file")} could not be written.` },
  });
});
