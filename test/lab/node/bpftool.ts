/**
 * The portable bpftool (`npm run build:tools`) for a lab node: the machine's own may be too old to list
 * tcx. Unpacked once into test/lab/.build; made when it is missing.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { buildDir } from "./build.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");

/** A folder with a `bpftool` that runs from wherever the folder is. */
export function portableBpftool(): string {
  const arch = { x64: "x86_64", arm64: "arm64" }[process.arch as string] ?? process.arch;
  const archive = path.join(ROOT, "resources/tools", arch, "bpftool.tar.gz");
  if (!fs.existsSync(archive))
    execFileSync(process.execPath, [path.join(ROOT, "scripts/build-tools.mjs")], {
      cwd: ROOT,
      stdio: ["ignore", 2, 2],
    });
  const folder = path.join(buildDir, "portable");
  const stamp = path.join(folder, "bpftool");
  if (fs.existsSync(stamp) && fs.statSync(stamp).mtimeMs >= fs.statSync(archive).mtimeMs) return folder;
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  // -m: the time of unpacking, which is what the line above compares.
  execFileSync("tar", ["-xzmf", archive, "-C", folder]);
  return folder;
}
