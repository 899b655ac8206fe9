/**
 * The folder says what code may touch: bad imports are planted in a copy of the layout and the check
 * must name each of them, and must not object to the good ones.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const made: string[] = [];

afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** Writes the files below a folder of the checkout (so that npm packages resolve) and runs the check there. */
function check(files: Record<string, string>): { status: number | null; output: string } {
  mkdirSync(join(root, ".cache"), { recursive: true });
  const dir = mkdtempSync(join(root, ".cache/layers-"));
  made.push(dir);
  for (const [path, text] of Object.entries({ "renderer/empty.ts": "export {};", ...files })) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  const done = spawnSync("node", [join(root, "scripts/lib/layers.mjs"), "--root", dir], { encoding: "utf8" });
  return { status: done.status, output: done.stderr };
}

const bad: [string, string, string, string][] = [
  ["core reading a file", "electron/core/a.ts", 'import "node:fs";', "core-imports-only"],
  ["core using the host", "electron/core/a.ts", 'import "../host/b.ts";', "core-imports-only"],
  ["core using an unlisted package", "electron/core/a.ts", 'import "yaml";', "core-imports-only"],
  ["shared using Node", "electron/shared/a.ts", 'import "node:path";', "shared-imports-only"],
  ["the host using electron", "electron/host/a.ts", 'import "electron";', "host-imports-only"],
  ["the host using the renderer", "electron/host/a.ts", 'import "../../renderer/empty.ts";', "host-imports-only"],
  ["the renderer using the host", "renderer/a.ts", 'import "../electron/host/b.ts";', "renderer-imports-only"],
  ["the renderer using Node", "renderer/a.ts", 'import "node:fs";', "renderer-imports-only"],
  ["the server using electron", "electron/server/a.ts", 'import "electron";', "server-imports-only"],
  ["main using ssh2", "electron/main/a.ts", 'import "ssh2";', "main-imports-only"],
  ["main containing the host", "electron/main/a.ts", 'import "../host/b.ts";', "main-imports-only"],
  ["ssh2 outside its door", "electron/host/session/a.ts", 'import "ssh2";', "ssh2-has-one-door"],
  ["sqlite outside its door", "electron/host/session/a.ts", 'import "node:sqlite";', "node-sqlite-has-one-door"],
  ["Monaco outside its door", "renderer/a.ts", 'import "monaco-editor";', "monaco-editor-has-one-door"],
  ["product code importing a test", "electron/core/a.ts", 'import "./b.test.ts";', "tests-are-not-imported"],
];

describe("layer rules", () => {
  it.each(bad)("refuse %s", (_what, path, text, rule) => {
    const { status, output } = check({
      [path]: text,
      "electron/host/b.ts": "export {};",
      "electron/core/b.test.ts": "export {};",
    });
    expect(output).toContain(rule);
    expect(status).toBe(1);
  });

  it("refuse an import cycle", () => {
    const { status, output } = check({
      "electron/core/a.ts": 'import { b } from "./b.ts"; export const a = () => b;',
      "electron/core/b.ts": 'import { a } from "./a.ts"; export const b = () => a;',
    });
    expect(output).toContain("no-cycles");
    expect(status).toBe(1);
  });

  it("accept what the table allows", () => {
    const { status, output } = check({
      "electron/core/a.ts": 'import { z } from "zod"; export const a = z.string();',
      "electron/shared/a.ts": 'import { a } from "../core/a.ts"; export const s = a;',
      "electron/host/ssh/a.ts":
        'import "node:fs"; import "ssh2"; import { s } from "../../shared/a.ts"; export const h = s;',
      "renderer/a.ts": 'import "react"; import { s } from "../electron/shared/a.ts"; export const r = s;',
    });
    expect({ status, violations: output.match(/(\d+) violations/)?.[1] }, output).toEqual({
      status: 0,
      violations: "0",
    });
  });

  it("fail when the checker reads no modules at all", () => {
    mkdirSync(join(root, ".cache"), { recursive: true });
    const dir = mkdtempSync(join(root, ".cache/layers-"));
    made.push(dir);
    mkdirSync(join(dir, "electron"));
    mkdirSync(join(dir, "renderer"));
    const done = spawnSync("node", [join(root, "scripts/lib/layers.mjs"), "--root", dir], { encoding: "utf8" });
    expect(done.stderr).toContain("no modules were read");
    expect(done.status).toBe(1);
  });
});
