/**
 * node scripts/kernels/build.mjs [NAME…]: makes what the virtual machines of these kernels (all by default) start from,
 * below `.cache/kernels`, unless it is there already. Needs root on Debian.
 *
 * One line a kernel on stdout: NAME TAB RELEASE TAB SUITE. Exit code 3 when a kernel's packages cannot be reached.
 */
import * as path from "node:path";
import { PackageError, UnreachableError } from "../lib/private-apt.mjs";
import { holdsLock } from "../lib/under-lock.mjs";
import { CACHE, cached } from "./cache.mjs";
import { makeKernel } from "./kernel.mjs";
import { KERNELS } from "./kernels.mjs";
import { makeUserland } from "./userland.mjs";

/** Says what is being made and how long it took; nothing when it was there. */
function timed(what, part) {
  const started = Date.now();
  const result = part();
  if (result.made) console.error(`kernels: ${what} made in ${((Date.now() - started) / 1000).toFixed(0)} s`);
  return result;
}

function build(names) {
  const userland = timed("userland", () => cached("userland", makeUserland));
  for (const { name, suites } of KERNELS.filter((kernel) => names.includes(kernel.name))) {
    const busybox = path.join(userland.dir, "busybox");
    const { facts } = timed(name, () => cached(name, (dir) => makeKernel(dir, { suites, busybox })));
    console.log([name, facts.release, facts.suite].join("\t"));
  }
}

try {
  const args = process.argv.slice(2);
  const all = KERNELS.map(({ name }) => name);
  const unknown = args.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new PackageError(`there is no kernel ${unknown}; there are ${all.join(", ")}.`);
  if (process.getuid?.() !== 0) throw new PackageError("making a disk with another system on it needs root.");
  if (holdsLock(CACHE)) build(args.length > 0 ? args : all);
} catch (error) {
  if (!(error instanceof PackageError)) throw error;
  console.error(`kernels: ${error.message}`);
  process.exitCode = error instanceof UnreachableError ? 3 : 1;
}
