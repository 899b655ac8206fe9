/**
 * What compiles for each architecture: this machine's own compiler and libraries, or Debian's cross compiler with
 * the other architecture's libraries unpacked beside it. Nothing is installed.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { arch as machine } from "node:os";
import { join } from "node:path";
import { PackageError, privateApt } from "../lib/private-apt.mjs";

/** Node's name of the machine, folder name, clang's target macro, GNU triple, dpkg's name. */
export const ARCHES = [
  { machine: "x64", arch: "x86_64", target: "x86", triple: "x86_64-linux-gnu", deb: "amd64" },
  { machine: "arm64", arch: "arm64", target: "arm64", triple: "aarch64-linux-gnu", deb: "arm64" },
];
/** Debian's release with the libbpf that is linked: newer than what any kernel of the matrix needs for tracing. */
const SUITE = "bookworm";
const LIBRARIES = ["libbpf-dev", "libelf-dev", "zlib1g-dev"];

/**
 * Compiler, archiver's companions and folders for one architecture.
 * @returns {{gcc: string, strip: string, include: string[], lib: string[], uapi: string}} `uapi`: where <asm/…> is.
 */
export function toolchain({ machine: own, triple, deb }, cache) {
  if (own === machine()) {
    if (!existsSync(`/usr/lib/${triple}/libbpf.a`)) {
      throw new PackageError("libbpf-dev, libelf-dev and zlib1g-dev are needed: see bpf/packages.txt.");
    }
    return { gcc: "gcc", strip: "strip", include: [], lib: [], uapi: `/usr/include/${triple}` };
  }
  const sysroot = librariesOf(deb, cache);
  return {
    gcc: `${triple}-gcc`,
    strip: `${triple}-strip`,
    include: [join(sysroot, "usr/include")],
    lib: [join(sysroot, "usr/lib", triple)],
    uapi: `/usr/${triple}/include`,
  };
}

function librariesOf(deb, cache) {
  const sysroot = join(cache, `sysroot-${SUITE}-${deb}`);
  if (existsSync(join(sysroot, ".complete"))) return sysroot;
  rmSync(sysroot, { recursive: true, force: true });
  mkdirSync(sysroot, { recursive: true });
  const apt = privateApt({ dir: join(cache, "apt"), suite: SUITE, arches: ARCHES.map((one) => one.deb) });
  apt.update();
  for (const name of LIBRARIES) {
    for (const file of apt.download(name, { arch: deb, only: (found) => LIBRARIES.includes(found) })) {
      execFileSync("dpkg-deb", ["-x", file, sysroot]);
    }
  }
  writeFileSync(join(sysroot, ".complete"), "");
  return sysroot;
}
