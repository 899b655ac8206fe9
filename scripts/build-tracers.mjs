/**
 * npm run build:tracers: compiles `bpf/tracers` to one static binary an architecture, and `bpf/change` to another.
 *
 * Every folder below bpf/tracers is a tracer. For each architecture: tracer.yaml → <name>.meta.h, <name>.bpf.c → object →
 * skeleton, then everything linked with the distribution's static libbpf, stripped. Nothing of this machine gets into the
 * result: the same input gives the same bytes. Writes resources/tracers/{tracers.json,<arch>/bpfdesk-tracer,<arch>/manifest.json}
 * and resources/change/<arch>/{bpfdesk-change,manifest.json} (not committed); skips an architecture whose inputs have not changed. `--arch x86_64` builds that one only;
 * `--only verdict` builds the binary with that tracer alone, in .cache/tracers/only-verdict, while one works on it.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { PackageError, UnreachableError } from "./lib/private-apt.mjs";
import { ensurePackages } from "./lib/setup.mjs";
import { holdsLock } from "./lib/under-lock.mjs";
import { readManifests } from "./tracers/manifests.ts";
import { metaHeader } from "./tracers/meta.ts";
import { ARCHES, toolchain } from "./tracers/toolchain.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const BPF = join(ROOT, "bpf");
const TRACERS = join(BPF, "tracers");
const { values: options } = parseArgs({ options: { arch: { type: "string" }, only: { type: "string" } } });
const CACHE = join(ROOT, ".cache/tracers");
const WORK = options.only === undefined ? join(CACHE, "all") : join(CACHE, `only-${options.only}`);
const OUT = options.only === undefined ? join(ROOT, "resources/tracers") : join(WORK, "out");
/** What changes a node is a binary of its own, so that the one that observes cannot. Of bpf/lib it is linked with these. */
const CHANGE = join(BPF, "change");
const CHANGE_OUT = options.only === undefined ? join(ROOT, "resources/change") : join(WORK, "out/change");
const LIB_OF_CHANGE = ["hooks.c", "out.c", "rtnl.c"];
/** So many compilers at a time. */
const AT_ONCE = 4;

const exec = promisify(execFile);

async function tool(command, args, options = {}) {
  try {
    return await exec(command, args, { cwd: ROOT, maxBuffer: 1 << 26, ...options });
  } catch (error) {
    if (error.code === "ENOENT") throw new PackageError(`${command} is needed: see bpf/packages.txt.`);
    throw new PackageError(`${command} ${args.at(-1)}:\n${error.stderr || error.message}`);
  }
}

/** Runs `work` over all items, some at a time. */
async function each(items, work) {
  const rest = [...items];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
    }),
  );
}

function filesBelow(dir) {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Names what is built: of the sources and of what compiles them. */
async function fingerprint(manifests) {
  const hash = createHash("sha256");
  const sources = [BPF, join(ROOT, "scripts/tracers")].flatMap(filesBelow).filter((file) => !file.includes("/lab/"));
  for (const file of [...sources, import.meta.filename]) hash.update(relative(ROOT, file)).update(readFileSync(file));
  const compilers = await Promise.all(["clang", "gcc"].map((name) => tool(name, ["--version"])));
  for (const { stdout } of compilers) hash.update(stdout);
  hash.update(JSON.stringify(manifests));
  return hash.digest("hex");
}

/** Compiles one program for the kernel and makes its skeleton. */
async function skeleton(source, { dir, target, chain }) {
  const name = basename(source, ".bpf.c");
  const object = join(dir, `${name}.bpf.o`);
  await tool("clang", [
    ...["-target", "bpf", "-mcpu=v3", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"],
    // What the other side of a shared struct needs is no concern of the kernel's side.
    ...["-Wno-missing-declarations", `-D__TARGET_ARCH_${target}`, `-ffile-prefix-map=${ROOT}=.`],
    ...["-I", join(BPF, "include"), ...chain.include.flatMap((one) => ["-I", one]), "-idirafter", chain.uapi],
    ...["-c", relative(ROOT, source), "-o", object],
  ]);
  await tool("llvm-strip", ["-g", object]);
  const { stdout } = await tool("bpftool", ["gen", "skeleton", object, "name", `${name.replaceAll("-", "_")}_bpf`]);
  writeFileSync(join(dir, `${name}.skel.h`), stdout);
}

async function build(arch, manifests, version) {
  const dir = join(WORK, arch.arch);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const chain = toolchain(arch, CACHE);
  for (const manifest of manifests) writeFileSync(join(dir, `${manifest.name}.meta.h`), metaHeader(manifest));
  const all = [join(BPF, "lib"), ...manifests.map(({ name }) => join(TRACERS, name))].flatMap(filesBelow);
  await each(
    all.filter((file) => file.endsWith(".bpf.c")),
    (source) => skeleton(source, { dir, target: arch.target, chain }),
  );
  const lib = LIB_OF_CHANGE.map((file) => join(BPF, "lib", file));
  const user = (files) => files.filter((file) => file.endsWith(".c") && !file.endsWith(".bpf.c"));
  const objectOf = (source) => join(dir, `${relative(BPF, source).replaceAll("/", "-")}.o`);
  await each([...user(all), ...user(filesBelow(CHANGE))], (source) =>
    tool(chain.gcc, [
      ...["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-sign-compare"],
      ...["-D_GNU_SOURCE", `-DTRACER_VERSION="${version}"`, `-ffile-prefix-map=${ROOT}=.`, "-ffunction-sections"],
      ...[join(BPF, "include"), join(BPF, "lib"), dir, ...chain.include].flatMap((one) => ["-I", one]),
      ...["-c", relative(ROOT, source), "-o", objectOf(source)],
    ]),
  );
  const link = async (name, sources) => {
    const binary = join(dir, name);
    await tool(chain.gcc, [
      ...["-static", "-Wl,--build-id=none", "-Wl,--gc-sections", ...chain.lib.flatMap((one) => ["-L", one])],
      ...[...sources.map(objectOf), "-lbpf", "-lelf", "-lz", "-lm", "-o", binary],
    ]);
    await tool(chain.strip, ["--strip-all", "--remove-section=.comment", binary]);
    return readFileSync(binary);
  };
  return {
    "bpfdesk-tracer": await link("bpfdesk-tracer", user(all)),
    "bpfdesk-change": await link("bpfdesk-change", [...user(filesBelow(CHANGE)), ...lib]),
  };
}

/** Replaces a file in one step, so that nobody reads half of it. */
function put(file, bytes, mode = 0o644) {
  mkdirSync(resolve(file, ".."), { recursive: true });
  writeFileSync(`${file}.new`, bytes, { mode });
  renameSync(`${file}.new`, file);
}

/** Where each binary goes. */
const FOLDERS = { "bpfdesk-tracer": OUT, "bpfdesk-change": CHANGE_OUT };

function isBuilt(name, arch, inputs) {
  const folder = join(FOLDERS[name], arch);
  if (!existsSync(join(folder, "manifest.json")) || !existsSync(join(folder, name))) return false;
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
  return manifest.inputs === inputs && manifest.sha256 === sha256Of(readFileSync(join(folder, name)));
}

function sha256Of(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

async function main() {
  ensurePackages("bpf/packages.txt");
  const manifests = readManifests(TRACERS, options.only);
  const inputs = await fingerprint(manifests);
  const version = inputs.slice(0, 12);
  put(join(OUT, "tracers.json"), `${JSON.stringify(manifests, null, 1)}\n`);
  for (const arch of ARCHES.filter((one) => options.arch === undefined || one.arch === options.arch)) {
    if (Object.keys(FOLDERS).every((name) => isBuilt(name, arch.arch, inputs))) continue;
    const began = performance.now();
    for (const [name, bytes] of Object.entries(await build(arch, manifests, version))) {
      const folder = join(FOLDERS[name], arch.arch);
      const manifest = { version, arch: arch.arch, bytes: bytes.length, sha256: sha256Of(bytes), inputs };
      put(join(folder, name), bytes, 0o755);
      put(join(folder, "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`);
      process.stderr.write(`bpfdesk: ${name} for ${arch.arch}, ${bytes.length} bytes, sha256 ${manifest.sha256}\n`);
    }
    process.stderr.write(`bpfdesk: built for ${arch.arch} in ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  }
}

const built = async () => (holdsLock(WORK) ? main() : undefined);
built().catch((error) => {
  process.stderr.write(`bpfdesk: ${error instanceof PackageError ? error.message : error.stack}\n`);
  process.exitCode = error instanceof UnreachableError ? 3 : 1;
});
