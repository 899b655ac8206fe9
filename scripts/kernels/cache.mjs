/** Where the virtual machines' parts are kept, and how one is made only once. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");
export const CACHE = process.env.BPFDESK_KERNELS_DIR ?? path.join(ROOT, ".cache", "kernels");

/** The files that decide what a part becomes. */
const SOURCES = fs
  .readdirSync(import.meta.dirname)
  .filter((name) => /^(kernels|cache|userland|kernel|initramfs)\.mjs$/.test(name));

/** Changes whenever a script that makes the parts does. */
function fingerprint() {
  const hash = createHash("sha256");
  for (const name of SOURCES.sort()) hash.update(fs.readFileSync(path.join(import.meta.dirname, name)));
  return hash.digest("hex");
}

/**
 * Makes a folder of the cache unless it is there and was made by these very scripts.
 * @param {(dir: string) => object} make fills the folder; what it returns is kept as `facts`.
 * @returns {{dir: string, facts: object, made: boolean}}
 */
export function cached(name, make) {
  const dir = path.join(CACHE, name);
  const stamp = path.join(dir, "stamp.json");
  const inputs = fingerprint();
  if (fs.existsSync(stamp)) {
    const kept = JSON.parse(fs.readFileSync(stamp, "utf8"));
    if (kept.inputs === inputs) return { dir, facts: kept.facts, made: false };
  }
  fs.rmSync(dir, { recursive: true, force: true });
  fs.mkdirSync(dir, { recursive: true });
  const facts = make(dir);
  fs.writeFileSync(stamp, JSON.stringify({ inputs, facts }, null, 2));
  return { dir, facts, made: true };
}
