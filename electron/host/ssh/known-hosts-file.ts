/** Writes known_hosts files: under a lock, by rename, every line that is not meant byte for byte as it was. */
import { createHmac, randomBytes } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { emptyWhenMissing, parseKnownHosts } from "./known-hosts.ts";

/**
 * Changes a file as a whole, making it (mode 0600, its folder 0700) when it is not there; a link stays a
 * link; owner and mode stay, and what may not be written is not replaced. The text is latin1, so that every
 * byte survives. Rejects with the file system's error, or with what `change` throws; the file is as it was then.
 * What is no regular file is left alone.
 */
export async function rewriteKnownHosts(file: string, change: (before: string) => string): Promise<void> {
  await fs.mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const real = await fs.realpath(file).catch(() => file);
  // `UserKnownHostsFile /dev/null`: a device remembers nothing, and a rename would put a file in its place.
  const found = await fs.stat(real).catch(() => null);
  if (found !== null && !found.isFile()) return;
  await locked(real, async () => {
    const before = await fs.readFile(real, "latin1").catch(emptyWhenMissing);
    const after = change(before);
    if (after === before) return;
    if (found !== null) await fs.access(real, fs.constants.W_OK);
    const mode = found === null ? 0o600 : found.mode & 0o777;
    const temporary = `${real}.${randomBytes(6).toString("hex")}`;
    try {
      await fs.writeFile(temporary, after, { mode, flush: true, flag: "wx", encoding: "latin1" });
      // Root in a person's home folder (sudo) must not make the file root's.
      if (found !== null && found.uid !== process.getuid?.()) await fs.chown(temporary, found.uid, found.gid);
      await fs.chmod(temporary, mode); // whatever the umask is
      await fs.rename(temporary, real);
    } finally {
      await fs.rm(temporary, { force: true });
    }
  });
}

/** Adds a key to a file. The name is hashed when asked for or when the file's last entry is. */
export async function appendKnownHost(
  file: string,
  name: string,
  key_type: string,
  key: string,
  options: { hash: boolean },
): Promise<void> {
  await rewriteKnownHosts(file, (before) => withKnownHost(before, name, key_type, key, options.hash));
}

/** The text with one more line at its end. */
export function withKnownHost(before: string, name: string, key_type: string, key: string, hash: boolean): string {
  const glue = before === "" || before.endsWith("\n") ? "" : "\n";
  return `${before}${glue}${knownHostLine(name, key_type, key, hash || lastIsHashed(before))}\n`;
}

/** One line without its end. */
export function knownHostLine(name: string, key_type: string, key: string, hash: boolean): string {
  return `${hash ? hashName(name) : name.toLowerCase()} ${key_type} ${key}`;
}

function lastIsHashed(text: string): boolean {
  return parseKnownHosts(text, "").at(-1)?.names.startsWith("|1|") === true;
}

function hashName(name: string): string {
  const salt = randomBytes(20);
  const hash = createHmac("sha1", salt).update(name.toLowerCase()).digest("base64");
  return `|1|${salt.toString("base64")}|${hash}`;
}

/**
 * A lock that stays the same for this long was left by a process that died. Not by its age: clocks are set, and
 * those of file servers differ.
 */
const STALE_LOCK_MS = 5000;

async function locked(file: string, action: () => Promise<void>): Promise<void> {
  const lock = `${file}.lock`;
  let seen = { id: "", since: 0 };
  for (;;) {
    try {
      await fs.writeFile(lock, String(process.pid), { flag: "wx", mode: 0o600 });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const id = await fs.stat(lock).then(
        (stat) => `${stat.ino} ${stat.mtimeMs}`,
        () => "",
      );
      if (id !== seen.id) seen = { id, since: performance.now() };
      if (performance.now() - seen.since > STALE_LOCK_MS) await fs.rm(lock, { force: true });
      else await delay(20);
    }
  }
  try {
    await action();
  } finally {
    await fs.rm(lock, { force: true });
  }
}
