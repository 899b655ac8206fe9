/** One distribution kernel, ready to be started: `vmlinuz`, `initrd`, and a disk with its modules. */
import * as fs from "node:fs";
import * as path from "node:path";
import { privateApt, run, UnreachableError } from "../lib/private-apt.mjs";
import { CACHE } from "./cache.mjs";
import { makeInitramfs } from "./initramfs.mjs";
import { KERNEL_PACKAGE } from "./kernels.mjs";

/** The kernel is one package up to 6.x, and several after that; its programs and headers are not wanted. */
const isPart = (name) => /^linux-(image|binary|modules|base)-[0-9]/.test(name);

/** Downloads the kernel's packages of the first suite that has them, and unpacks them into `tree`. */
function fetchKernel(suites, tree) {
  const why = [];
  for (const suite of suites) {
    try {
      const apt = privateApt({ dir: path.join(CACHE, "apt", suite), suite, arches: ["amd64"] });
      apt.update();
      const files = apt.download(KERNEL_PACKAGE, { arch: "amd64", only: isPart });
      for (const file of files) run("dpkg-deb", ["-x", file, tree]);
      return suite;
    } catch (error) {
      why.push(`${suite}: ${error.message}`);
    }
  }
  throw new UnreachableError(`no kernel package can be had. ${why.join(" ")}`);
}

/** Where a package has put a file: at its old place or at the one below /usr. */
function firstOf(...candidates) {
  const found = candidates.find((candidate) => fs.existsSync(candidate));
  if (found === undefined) throw new Error(`none of ${candidates.join(", ")} is in the kernel's package`);
  return found;
}

/**
 * Fills `dir` with the kernel of the first suite that has one.
 * @returns {{release: string, suite: string}} `release` is what `uname -r` says.
 */
export function makeKernel(dir, { suites, busybox }) {
  const tree = path.join(dir, "tree");
  try {
    const suite = fetchKernel(suites, tree);
    const all = firstOf(path.join(tree, "usr/lib/modules"), path.join(tree, "lib/modules"));
    const [release] = fs.readdirSync(all);
    const modules = path.join(all, release);
    // depmod looks below lib/modules; where the package has them below usr, a link leads there.
    if (!fs.existsSync(path.join(tree, "lib"))) fs.symlinkSync("usr/lib", path.join(tree, "lib"));
    run("depmod", ["-b", tree, release]);
    const boot = path.join(tree, "boot");
    fs.copyFileSync(
      firstOf(path.join(boot, `vmlinuz-${release}`), path.join(modules, "vmlinuz")),
      path.join(dir, "vmlinuz"),
    );
    fs.copyFileSync(
      firstOf(path.join(boot, `config-${release}`), path.join(modules, "config")),
      path.join(all, `config-${release}`),
    );
    fs.writeFileSync(path.join(dir, "initrd"), makeInitramfs(modules, busybox));
    run("mke2fs", [
      "-q",
      "-t",
      "ext4",
      "-E",
      "root_owner=0:0",
      "-O",
      "^has_journal",
      "-d",
      all,
      path.join(dir, "modules.img"),
      "256M",
    ]);
    return { release, suite };
  } finally {
    fs.rmSync(tree, { recursive: true, force: true });
  }
}
