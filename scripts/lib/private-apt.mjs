/**
 * Packages of any Debian suite, through this machine's own apt sources and keys, with an apt state of its own:
 * nothing is installed and the machine's lists stay as they are. Needs Debian or a relative (apt-get).
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

/** What the person can read and act upon; anything else that is thrown is a defect. */
export class PackageError extends Error {}
/** The packages cannot be reached from here, which a caller may want to tell from a defect. */
export class UnreachableError extends PackageError {}

/** Runs a command to its end. @returns {Buffer} its stdout. Throws a PackageError with what it said. */
export function run(command, args, options = {}) {
  try {
    return execFileSync(command, args, { stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 28, ...options });
  } catch (error) {
    if (error.code === "ENOENT") throw new PackageError(`${command} is needed and not installed (Debian or Ubuntu).`);
    const said = String(error.stderr ?? "").trim();
    throw new PackageError(`${command} ${args.at(-1)} failed: ${said || error.message}`);
  }
}

/** Where this machine has its distribution's packages from. */
export function archiveUri() {
  const targets = run("apt-get", [
    "indextargets",
    "--format",
    "$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)\t$(ORIGIN)",
    "Created-By: Packages",
  ])
    .toString()
    .split("\n")
    .map((line) => line.split("\t"));
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(fs.readFileSync("/etc/os-release", "utf8"))?.[1];
  const target = targets.find(
    ([, release, component, origin]) => component === "main" && release === codename && (origin ?? "") !== "",
  );
  if (target === undefined)
    throw new UnreachableError("no apt source of this distribution has indexes: run apt-get update.");
  return target[0];
}

/** The archive's public keys; null where the distribution keeps them elsewhere (apt then uses its own). */
export function archiveKeyring() {
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  return fs.existsSync(keyring) ? keyring : null;
}

/**
 * An apt of one suite with its state in `dir`.
 * @param {{dir: string, suite: string, arches: string[]}} wanted dpkg's names of architectures.
 */
export function privateApt({ dir, suite, arches }) {
  for (const sub of ["state/lists/partial", "cache/archives/partial", "nothing/partial", "etc/parts"]) {
    fs.mkdirSync(path.join(dir, sub), { recursive: true });
  }
  fs.writeFileSync(path.join(dir, "status"), "");
  const keyring = archiveKeyring();
  const option = keyring === null ? "" : ` [signed-by=${keyring}]`;
  fs.writeFileSync(path.join(dir, "sources.list"), `deb${option} ${archiveUri()} ${suite} main\n`);
  const settings = {
    "Dir::State": path.join(dir, "state"),
    "Dir::State::status": path.join(dir, "status"),
    "Dir::Cache": path.join(dir, "cache"),
    "Dir::Etc::sourcelist": path.join(dir, "sources.list"),
    "Dir::Etc::sourceparts": path.join(dir, "etc/parts"),
    "Dir::Etc::preferences": "/dev/null",
    "Dir::Etc::preferencesparts": path.join(dir, "etc/parts"),
    "Acquire::Languages": "none",
    "APT::Architectures": arches.join(","),
    "APT::Sandbox::User": "root",
    "APT::Update::Post-Invoke": "",
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  const archives = path.join(dir, "cache", "archives");
  return {
    /** Reads the suite's indexes anew. Throws an UnreachableError. */
    update() {
      try {
        run("apt-get", [...options, "-qq", "-o", "APT::Update::Error-Mode=any", "update"]);
      } catch (error) {
        throw new UnreachableError(error.message);
      }
    },
    /**
     * Downloads a package and, of all it depends on, those whose name is wanted.
     * @returns {string[]} the files' paths.
     */
    download(name, { arch, only = () => true }) {
      const own = [...options, "-o", `APT::Architecture=${arch}`, "-o", `APT::Architectures::=${arch}`];
      const install = ["-y", "--no-install-recommends", "install", name];
      // With an empty archive folder, because what is there already would not be listed.
      const nothing = ["-o", `Dir::Cache::archives=${path.join(dir, "nothing")}`, "-qq", "--print-uris"];
      const plan = run("apt-get", [...own, ...nothing, ...install]).toString();
      const files = [...plan.matchAll(/^'[^']*' (\S+\.deb) /gm)].map((match) => match[1]);
      const chosen = files.filter((file) => only(decodeURIComponent(file).split("_")[0]));
      const exact = chosen.map((file) => {
        const [pkg, version, debArch] = decodeURIComponent(file.slice(0, -".deb".length)).split("_");
        return `${pkg}${debArch === "all" ? "" : `:${debArch}`}=${version}`;
      });
      try {
        run("apt-get", [...own, "-qq", "download", ...exact], { cwd: archives });
      } catch (error) {
        throw new UnreachableError(error.message);
      }
      return chosen.map((file) => path.join(archives, file));
    },
  };
}
