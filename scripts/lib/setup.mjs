/**
 * What every entry script needs before it can work: dependencies, the Node 24 line, Debian packages.
 * Runs on the machine's own Node (20 or newer) with nothing installed, so it imports built-ins only.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");
const modules = join(root, "node_modules");
const node24 = join(modules, "node/bin/node");

/** One line to the person; stdout is left to the programs themselves. */
export function say(line) {
  process.stderr.write(`bpfdesk: ${line}\n`);
}

/** Prints the reason and ends with the exit code. */
export function fail(line, code = 1) {
  say(line);
  process.exit(code);
}

/**
 * Installs what package-lock.json asks for when node_modules is missing or older than it.
 * Not `npm ci`: it refuses a lock file without the optional packages of every other platform, and a registry
 * mirror need not have those. `--no-save` keeps the locked versions and leaves the lock file as it is.
 */
export function ensureDependencies() {
  const installed = join(modules, ".package-lock.json");
  const lock = join(root, "package-lock.json");
  if (existsSync(installed) && existsSync(node24) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  say("installing dependencies …");
  const done = spawnSync("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    env: { ...process.env, ELECTRON_SKIP_BINARY_DOWNLOAD: "1" },
  });
  if (done.status !== 0) fail("npm install failed; its message is above. Is the npm registry reachable?");
  ensureNode24();
}

/** The `node` package picks its platform's binary in a script that npm may have left out. */
function ensureNode24() {
  if (existsSync(node24)) return;
  const script = join(modules, "node/installArchSpecificPackage.js");
  if (existsSync(script)) spawnSync(process.execPath, [script], { cwd: join(modules, "node"), stdio: "ignore" });
  if (!existsSync(node24) && major(process.versions.node) < 24)
    fail(
      `Node 24 is needed and could not be installed for ${process.platform}/${process.arch} (this is ${process.version}).`,
    );
}

const major = (version) => Number(version.split(".")[0]);

/** Path of a Node of the 24 line: the machine's own when it is one, otherwise the npm package's. */
export function node24Path() {
  return major(process.versions.node) >= 24 ? process.execPath : node24;
}

/** Environment in which `node`, `tsc`, `vitest` … are the project's own. */
export function projectEnv(extra = {}) {
  const nodeDir = resolve(node24Path(), "..");
  return {
    ...process.env,
    PATH: [nodeDir, join(modules, ".bin"), process.env.PATH, "/usr/sbin", "/sbin"].join(delimiter),
    ...extra,
  };
}

/**
 * Runs a command with the project's environment, output passed through.
 * @returns {Promise<number>} its exit code; 1 when it could not be started or was killed.
 */
export function run(command, args, options = {}) {
  return new Promise((settle) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: projectEnv(),
      ...options,
    });
    child.once("error", (error) => {
      say(`${command} could not be started: ${error.message}`);
      settle(1);
    });
    child.once("exit", (code) => settle(code ?? 1));
  });
}

/** Runs a JavaScript tool of node_modules under Node 24. `bin` is relative to node_modules. */
export function runTool(bin, args, options = {}) {
  return run(node24Path(), [join(modules, bin), ...args], options);
}

/** Can the lab run here: Linux, root, and a kernel that lets us make namespaces. */
export function labBlocker() {
  if (process.platform !== "linux") return `the lab needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return "the lab needs root, this is an ordinary user";
  const unshare = spawnSync("unshare", ["-m", "-n", "true"]);
  if (unshare.error) return "the lab needs util-linux (unshare)";
  if (unshare.status !== 0) return "the lab needs mount and network namespaces, and the kernel refuses them here";
  return null;
}

/** The Debian packages a list of the project names, one a line, `#` begins a comment. */
function packagesOf(list) {
  return readFileSync(join(root, list), "utf8")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter(Boolean);
}

/** Those of the packages that are not installed. Null where dpkg is not the packager. */
function missingPackages(wanted) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const query = spawnSync("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\n", ...wanted], {
    encoding: "utf8",
  });
  if (query.error) return null;
  const present = new Set(
    query.stdout
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return wanted.filter((name) => !present.has(name));
}

/** Installs the Debian packages of a list that are missing when root; otherwise says which are missing and goes on. */
export function ensurePackages(list) {
  const missing = missingPackages(packagesOf(list));
  if (missing === null) {
    say(`this is no Debian system: install the packages of ${list} by your own means.`);
    return;
  }
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) {
    say(`missing Debian packages: ${missing.join(" ")}. Install them with: sudo apt-get install ${missing.join(" ")}`);
    return;
  }
  say(`installing Debian packages: ${missing.join(" ")} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (args) => spawnSync("apt-get", args, { stdio: ["ignore", "ignore", 2], env }).status;
  if (apt(["update", "-qq"]) !== 0) say("apt-get update failed; trying with the lists there are.");
  if (apt(["install", "-y", "-qq", "--no-install-recommends", ...missing]) !== 0)
    fail(`apt-get could not install: ${missing.join(" ")}`);
}
