/**
 * Compiles the lab's programs (clang) and helpers (gcc) from bpf/lab into test/lab/.build when a source
 * is newer than what is there. Two processes may build at once: results are moved into place whole.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

const sources = path.resolve(import.meta.dirname, "../../../bpf/lab");
export const buildDir = path.resolve(import.meta.dirname, "../.build");

const CC = "gcc";
const HELPERS: Record<string, string[]> = {
  "lab-agent": ["-static", "-lbpf", "-lelf", "-lz"],
  "lab-maps": ["-static", "-lbpf", "-lelf", "-lz"],
  "lab-node": [],
  "lab-pod": [],
};

/** Makes everything up to date and returns the folder with `*.o` and the helpers. Throws with the compiler's words. */
export function buildLab(): string {
  fs.mkdirSync(buildDir, { recursive: true });
  const names = fs.readdirSync(sources);
  const newestHeader = Math.max(0, ...names.filter((name) => name.endsWith(".h")).map((name) => mtime(name)));
  for (const name of names) {
    const isObject = name.endsWith(".bpf.c");
    if (!isObject && !name.endsWith(".c")) continue;
    const result = path.join(buildDir, isObject ? name.replace(/\.bpf\.c$/, ".o") : name.replace(/\.c$/, ""));
    if (fs.existsSync(result) && fs.statSync(result).mtimeMs > Math.max(mtime(name), newestHeader)) continue;
    const fresh = `${result}.${process.pid}`;
    if (isObject) compileObject(name, fresh);
    else compileHelper(name, fresh, HELPERS[name.replace(/\.c$/, "")] ?? []);
    fs.renameSync(fresh, result);
  }
  return buildDir;
}

const mtime = (name: string) => fs.statSync(path.join(sources, name)).mtimeMs;

function compileObject(name: string, result: string): void {
  // <asm/types.h> lives in the multiarch folder, which clang does not search for the bpf target.
  const multiarch = execFileSync(CC, ["-print-multiarch"], { encoding: "utf8" }).trim();
  const flags = ["-O2", "-g", "-Wall", "-Wextra", "-Werror", "-target", "bpf", "-mcpu=v3"];
  // BTF holds the folder of the source: keep the machine's own path out of it.
  const paths = [`-fdebug-prefix-map=${sources}=.`, `-I/usr/include/${multiarch}`];
  compile("clang", [...flags, ...paths, "-c", name, "-o", result]);
}

function compileHelper(name: string, result: string, extra: string[]): void {
  const flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-result"];
  compile(CC, [...flags, name, "-o", result, ...extra]);
}

function compile(compiler: string, args: string[]): void {
  try {
    execFileSync(compiler, args, { cwd: sources, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
    throw new Error(`${compiler} could not compile bpf/lab (packages: bpf/packages.txt): ${said || String(error)}`);
  }
}
