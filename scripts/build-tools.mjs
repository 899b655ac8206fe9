/**
 * npm run build:tools: makes the bpftool that bpfdesk can lend to a node, for x86_64 and arm64.
 *
 * Takes bpftool from a newer Debian suite than this machine may have, with every library it needs and the
 * dynamic loader, so that it runs on any node whatever its C library is. Packages come through this machine's
 * own apt sources and keys, with a private apt state under `.cache`; nothing is installed. Given the same
 * packages the archives are the same bytes. Needs Debian or a relative (apt-get, dpkg-deb, tar).
 *
 * Writes resources/tools/<arch>/bpftool.tar.gz and manifest.json (not committed).
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { gzipSync } from "node:zlib";
import { PackageError, privateApt, run, UnreachableError } from "./lib/private-apt.mjs";
import { holdsLock } from "./lib/under-lock.mjs";

const ROOT = path.resolve(import.meta.dirname, "..");
const CACHE = path.join(ROOT, ".cache", "tools");
const OUT = process.env.BPFDESK_TOOLS_DIR ?? path.join(ROOT, "resources", "tools");
const SUITE = process.env.BPFDESK_TOOLS_SUITE ?? "trixie";
const OLDEST = [7, 5];
/** Folder name, dpkg's name, ELF machine. */
const ARCHES = [
  { arch: "x86_64", deb: "amd64", machine: 62, qemu: "qemu-x86_64-static" },
  { arch: "arm64", deb: "arm64", machine: 183, qemu: "qemu-aarch64-static" },
];

/** Downloads bpftool with all it depends on and unpacks it; returns the tree and the package's version. */
function fetchTree(apt, { arch, deb }) {
  const files = apt.download("bpftool", { arch: deb });
  const tree = path.join(CACHE, arch, "tree");
  fs.rmSync(tree, { recursive: true, force: true });
  fs.mkdirSync(tree, { recursive: true });
  // Only the libraries' packages matter, but which those are is known after reading bpftool.
  for (const file of files) run("dpkg-deb", ["-x", file, tree]);
  const named = files.map((file) => path.basename(file)).find((file) => file.startsWith("bpftool_"));
  return { tree, package_version: decodeURIComponent(named?.split("_")[1] ?? "") };
}

/** The parts of a 64-bit little-endian ELF file that say what it needs: machine, interpreter, DT_NEEDED. */
function readElf(file) {
  const bytes = fs.readFileSync(file);
  if (bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2)
    throw new PackageError(`${file} is not a 64-bit ELF file.`);
  const start = Number(bytes.readBigUInt64LE(32));
  const headers = Array.from({ length: bytes.readUInt16LE(56) }, (_, i) => {
    const at = start + i * bytes.readUInt16LE(54);
    const word = (offset) => Number(bytes.readBigUInt64LE(at + offset));
    return { type: bytes.readUInt32LE(at), offset: word(8), vaddr: word(16), filesz: word(32) };
  });
  const text = (at) => bytes.toString("latin1", at, bytes.indexOf(0, at));
  const toOffset = (vaddr) => {
    const load = headers.find((h) => h.type === 1 && vaddr >= h.vaddr && vaddr < h.vaddr + h.filesz);
    return load ? vaddr - load.vaddr + load.offset : vaddr;
  };
  const dynamic = headers.find((header) => header.type === 2);
  const entries = [];
  for (let at = dynamic?.offset ?? 0; dynamic && at < dynamic.offset + dynamic.filesz; at += 16) {
    entries.push([Number(bytes.readBigInt64LE(at)), Number(bytes.readBigUInt64LE(at + 8))]);
  }
  const strings = toOffset(entries.find(([tag]) => tag === 5)?.[1] ?? 0);
  const interp = headers.find((header) => header.type === 3);
  return {
    machine: bytes.readUInt16LE(18),
    interpreter: interp ? text(interp.offset) : null,
    needed: entries.filter(([tag]) => tag === 1).map(([, value]) => text(strings + value)),
  };
}

/** All libraries bpftool needs, directly or not, as name → file. */
function closure(tree, binary, triplet) {
  const folders = ["usr/lib", "lib"].map((lib) => path.join(tree, lib, triplet));
  const found = new Map();
  const wanted = [...readElf(binary).needed];
  while (wanted.length > 0) {
    const name = wanted.pop();
    if (found.has(name)) continue;
    const file = folders.map((folder) => path.join(folder, name)).find((candidate) => fs.existsSync(candidate));
    if (file === undefined) throw new PackageError(`bpftool needs ${name}, which none of its packages has.`);
    found.set(name, fs.realpathSync(file));
    wanted.push(...readElf(file).needed);
  }
  return found;
}

/** Started through its own loader, so neither the node's C library nor its preloads take part. */
const WRAPPER = `#!/bin/sh
unset LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT
d=\${0%/*}
exec "$d/ld.so" --inhibit-cache --library-path "$d/lib" "$d/bpftool.bin" "$@"
`;

function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

function listFiles(dir) {
  return fs
    .readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(dir, path.join(entry.parentPath, entry.name)))
    .sort();
}

/** Runs the packed bpftool, by an emulator when it is of another machine; null when that cannot be done. */
function versionOf(pack, { machine, qemu }) {
  const own = { x64: 62, arm64: 183 }[process.arch];
  const start = [
    "--inhibit-cache",
    "--library-path",
    path.join(pack, "lib"),
    path.join(pack, "bpftool.bin"),
    "version",
  ];
  if (machine === own) return run(path.join(pack, "ld.so"), start).toString();
  try {
    return execFileSync(qemu, [path.join(pack, "ld.so"), ...start], { stdio: ["ignore", "pipe", "pipe"] }).toString();
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}

function build(apt, target) {
  const { arch, deb, machine } = target;
  const { tree, package_version } = fetchTree(apt, target);
  const binary = path.join(tree, "usr/sbin/bpftool");
  const elf = readElf(binary);
  const triplet = { amd64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[deb];
  const loader = path.join(tree, "usr/lib", triplet, path.basename(elf.interpreter));
  const libraries = closure(tree, binary, triplet);
  libraries.delete(path.basename(elf.interpreter));

  const pack = path.join(CACHE, arch, "bpftool");
  fs.rmSync(pack, { recursive: true, force: true });
  fs.mkdirSync(path.join(pack, "lib"), { recursive: true });
  fs.copyFileSync(binary, path.join(pack, "bpftool.bin"));
  fs.copyFileSync(fs.realpathSync(loader), path.join(pack, "ld.so"));
  for (const [name, file] of libraries) fs.copyFileSync(file, path.join(pack, "lib", name));
  fs.writeFileSync(path.join(pack, "bpftool"), WRAPPER);
  const files = listFiles(pack);
  for (const file of files) {
    fs.chmodSync(path.join(pack, file), 0o755);
    if (file !== "bpftool" && readElf(path.join(pack, file)).machine !== machine) {
      throw new PackageError(`${file} is not for ${arch}.`);
    }
  }

  const said = versionOf(pack, target);
  const version =
    /bpftool v([0-9]+\.[0-9]+\.[0-9]+)/.exec(said ?? "")?.[1] ?? /^[0-9]+\.[0-9]+\.[0-9]+/.exec(package_version)?.[0];
  if (version === undefined) throw new PackageError(`bpftool of ${SUITE} for ${arch} has no readable version.`);
  const [major, minor] = version.split(".").map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new PackageError(`${SUITE} has bpftool ${version}; ${OLDEST.join(".")} or newer is needed.`);
  }

  const sorted = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=ustar"];
  const archive = gzipSync(run("tar", [...sorted, "-C", pack, "-c", ...files]), { level: 9 });
  const manifest = {
    version,
    package_version,
    arch,
    bytes: archive.length,
    sha256: sha256(archive),
    unpacked_bytes: files.reduce((sum, file) => sum + fs.statSync(path.join(pack, file)).size, 0),
    files: Object.fromEntries(files.map((file) => [file, sha256(fs.readFileSync(path.join(pack, file)))])),
  };
  const out = path.join(OUT, arch);
  fs.mkdirSync(out, { recursive: true });
  fs.writeFileSync(path.join(out, "bpftool.tar.gz"), archive);
  fs.writeFileSync(path.join(out, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const checked = said === null ? "files checked, not run (no emulator)" : "ran";
  console.log(`${arch}: bpftool ${version}, ${(archive.length / 1e6).toFixed(1)} MB, ${checked}`);
}

function buildAll() {
  const apt = privateApt({ dir: path.join(CACHE, "apt"), suite: SUITE, arches: ARCHES.map(({ deb }) => deb) });
  apt.update();
  for (const target of ARCHES) build(apt, target);
}

try {
  if (holdsLock(CACHE)) buildAll();
} catch (error) {
  if (!(error instanceof PackageError)) throw error;
  console.error(`build:tools: ${error.message}`);
  process.exitCode = error instanceof UnreachableError ? 3 : 1;
}
