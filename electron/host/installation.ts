/**
 * Which bpfdesk this is, so that it knows again what an earlier run of it left on a node: twelve hexadecimal
 * digits in a file of the data folder. It names no person and no computer.
 */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { randomId } from "./transport/tag.ts";

const FILE = "installation";
const ID = /^[0-9a-f]{12}\n?$/;

/** For folders that cannot be written: the same for all connections of this run. */
let ofThisRun: string | null = null;

/** Made when it is missing. Where it can be neither read nor kept, one that holds for this run. */
export function installationOf(dataDir: string): string {
  const file = path.join(dataDir, FILE);
  const known = read(file);
  if (known !== null) return known;
  try {
    const made = `${file}.${randomBytes(6).toString("hex")}`;
    fs.mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    fs.writeFileSync(made, `${randomId()}\n`, { mode: 0o600, flag: "wx" });
    // Whole, and never over one that another process has made meanwhile; but what is no id makes way.
    try {
      if (fs.existsSync(file)) fs.renameSync(made, file);
      else fs.linkSync(made, file);
    } finally {
      fs.rmSync(made, { force: true });
    }
  } catch {
    // Not writable, or the other process was first.
  }
  ofThisRun ??= randomId();
  return read(file) ?? ofThisRun;
}

function read(file: string): string | null {
  try {
    const text = fs.readFileSync(file, "utf8");
    return ID.test(text) ? text.trim() : null;
  } catch {
    return null;
  }
}
