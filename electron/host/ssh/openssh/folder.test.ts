import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { makeFolder, type PrivateFolder } from "./folder.ts";
import { runWritten } from "./run-written.ts";

const made: PrivateFolder[] = [];
afterEach(async () => {
  await Promise.all(made.splice(0).map((folder) => folder.remove()));
});

describe.skipIf(process.platform === "win32")("makeFolder", () => {
  it("makes folders for nobody else, with the means to ask", async () => {
    const folder = await makeFolder("node", true);
    made.push(folder);
    expect(fs.statSync(folder.path).mode & 0o777).toBe(0o700);
    expect(fs.statSync(`${folder.path}/ask`).isFIFO()).toBe(true);
  });

  it("runs what it wrote, as soon as nobody holds it open for writing", async () => {
    const folder = await makeFolder("node", true);
    made.push(folder);
    const program = path.join(folder.path, "program");
    fs.writeFileSync(program, '#!/bin/sh\n: >"$0.ran"\n', { mode: 0o700 });
    const held = fs.openSync(program, "r+");
    const running = runWritten(program);
    await delay(100);
    expect(fs.existsSync(`${program}.ran`)).toBe(false);
    fs.closeSync(held);
    await running;
    expect(fs.existsSync(`${program}.ran`)).toBe(true);
  });

  it("removes them while something is still written into them", async () => {
    const folder = await makeFolder("node", true);
    let writing = true;
    const write = () => {
      if (!writing || !fs.existsSync(folder.path)) return;
      for (let index = 0; index < 20; index++) fs.writeFileSync(`${folder.path}/${Math.random()}`, "");
      setImmediate(write);
    };
    write();
    setTimeout(() => {
      writing = false;
    }, 30);
    await folder.remove();
    expect(fs.existsSync(folder.path)).toBe(false);
  });
});
