/** The lab's control groups: where they are, and how they are taken away. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** Of a lab's folder and of its control group, which have one name. */
export const LAB_PREFIX = "bpfdesk-lab-";
/** A lab that is being made has nobody in its control group for a moment. */
const YOUNG_MS = 60_000;

/** Where the unified hierarchy is mounted: /sys/fs/cgroup, or below it on a hybrid machine. */
export function cgroup2Mount(): string {
  const line = fs
    .readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((row) => row.includes(" - cgroup2 "));
  const mount = line?.split(" ")[4];
  if (!mount) throw new Error("the lab needs a cgroup2 mount");
  return mount;
}

/** Of all processes in the tree. */
export function cgroupProcs(dir: string): string[] {
  if (!fs.existsSync(dir)) return [];
  return fs
    .readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => path.basename(name) === "cgroup.procs")
    .flatMap((name) => fs.readFileSync(path.join(dir, name), "utf8").split("\n").filter(Boolean));
}

/** Removes the tree from its leaves up; false while one of them is still busy. */
export function removeCgroups(dir: string): boolean {
  if (!fs.existsSync(dir)) return true;
  for (const entry of fs.readdirSync(dir, { withFileTypes: true }))
    if (entry.isDirectory() && !removeCgroups(path.join(dir, entry.name))) return false;
  try {
    fs.rmdirSync(dir);
    return true;
  } catch {
    return false;
  }
}

/** What labs left whose processes were killed together with who started them: a control group keeps its programs. */
export function removeOrphans(): void {
  const mount = cgroup2Mount();
  for (const name of fs.readdirSync(mount).filter((one) => one.startsWith(LAB_PREFIX))) {
    const dir = path.join(mount, name);
    const young = Date.now() - fs.statSync(dir).mtimeMs < YOUNG_MS;
    if (young || !/^populated 0$/m.test(fs.readFileSync(path.join(dir, "cgroup.events"), "utf8"))) continue;
    removeCgroups(dir);
    fs.rmSync(path.join(os.tmpdir(), name), { recursive: true, force: true });
  }
}
