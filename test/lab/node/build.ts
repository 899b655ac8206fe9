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
const LIBBPF = ["-static", "-lbpf", "-lelf", "-lz"];
/** By name; from the file of that name, or from all of a folder. */
const HELPERS: Record<string, { folder?: string; libs: string[] }> = {
  "lab-agent": { folder: "agent", libs: LIBBPF },
  "lab-maps": { libs: LIBBPF },
  "lab-node": { libs: [] },
  "lab-pod": { libs: [] },
};

/** Makes everything up to date and returns the folder with `*.o` and the helpers. Throws with the compiler's words. */
export function buildLab(): string {
  fs.mkdirSync(buildDir, { recursive: true });
  const headers = filesIn(".", ".h");
  for (const name of filesIn(".", ".bpf.c"))
    make(name.replace(/\.bpf\.c$/, ".o"), [name, ...headers], (to) => compileObject(name, to));
  for (const [name, { folder, libs }] of Object.entries(HELPERS)) {
    const from = folder ? filesIn(folder, ".c") : [`${name}.c`];
    const read = [...headers, ...(folder ? filesIn(folder, ".h") : [])];
    make(name, [...from, ...read], (to) => compileHelper(from, to, libs));
  }
  return buildDir;
}

/** `read`: all that the result depends on. */
function make(name: string, read: readonly string[], compileTo: (to: string) => void): void {
  const result = path.join(buildDir, name);
  const newest = Math.max(...read.map((file) => fs.statSync(path.join(sources, file)).mtimeMs));
  if (fs.existsSync(result) && fs.statSync(result).mtimeMs > newest) return;
  const fresh = `${result}.${process.pid}`;
  compileTo(fresh);
  fs.renameSync(fresh, result);
}

const filesIn = (folder: string, end: string) =>
  fs
    .readdirSync(path.join(sources, folder))
    .filter((name) => name.endsWith(end))
    .map((name) => path.join(folder, name));

function compileObject(name: string, result: string): void {
  // <asm/types.h> lives in the multiarch folder, which clang does not search for the bpf target.
  const multiarch = execFileSync(CC, ["-print-multiarch"], { encoding: "utf8" }).trim();
  const flags = ["-O2", "-g", "-Wall", "-Wextra", "-Werror", "-target", "bpf", "-mcpu=v3"];
  // BTF holds the folder of the source: keep the machine's own path out of it.
  const paths = [`-fdebug-prefix-map=${sources}=.`, `-I/usr/include/${multiarch}`];
  compile("clang", [...flags, ...paths, "-c", name, "-o", result]);
}

function compileHelper(names: readonly string[], result: string, libs: readonly string[]): void {
  const flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-result"];
  compile(CC, [...flags, ...names, "-o", result, ...libs]);
}

function compile(compiler: string, args: string[]): void {
  try {
    execFileSync(compiler, args, { cwd: sources, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
    throw new Error(`${compiler} could not compile bpf/lab (packages: bpf/packages.txt): ${said || String(error)}`);
  }
}
