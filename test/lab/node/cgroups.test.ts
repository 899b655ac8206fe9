/** What a killed lab left goes with the next one's start; what is somebody's stays. */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterEach, expect, it } from "vitest";
import { cgroup2Mount, LAB_PREFIX, removeCgroups, removeOrphans } from "./cgroups.ts";

const HOUR_S = 3600;
const made: string[] = [];

afterEach(() => {
  for (const dir of made.splice(0)) removeCgroups(dir);
});

/** A lab's control group with one inside, made so long ago. */
function group(name: string, age_s: number): string {
  const dir = path.join(cgroup2Mount(), name);
  made.push(dir);
  fs.mkdirSync(path.join(dir, "system.slice"), { recursive: true });
  const then = Date.now() / 1000 - age_s;
  fs.utimesSync(dir, then, then);
  return dir;
}

it("removes the control groups of labs that have ended, and no others", () => {
  const orphan = group(`${LAB_PREFIX}orphan`, HOUR_S);
  const begun = group(`${LAB_PREFIX}begun`, 0);
  const foreign = group("not-a-lab", HOUR_S);
  const lives = group(`${LAB_PREFIX}lives`, HOUR_S);
  const home = fs.readFileSync("/proc/self/cgroup", "utf8").match(/^0::(.*)$/m)?.[1] ?? "/";
  fs.writeFileSync(path.join(lives, "system.slice/cgroup.procs"), String(process.pid));
  try {
    removeOrphans();
    expect([orphan, begun, foreign, lives].filter((dir) => fs.existsSync(dir))).toEqual([begun, foreign, lives]);
    expect(fs.existsSync(path.join(lives, "system.slice"))).toBe(true);
  } finally {
    fs.writeFileSync(path.join(cgroup2Mount(), home, "cgroup.procs"), String(process.pid));
  }
});
