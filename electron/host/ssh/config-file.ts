/**
 * ~/.ssh/config read without OpenSSH: the list of hosts to choose from, and a stand-in for `ssh -G`
 * where there is no ssh. Runs nothing: `Match exec` never matches here.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import SSHConfig from "ssh-config";
import type { SshHost } from "../../shared/contract.ts";

const MAX_DEPTH = 16; // as OpenSSH

export function userConfigFile(): string {
  return path.join(os.homedir(), ".ssh", "config");
}

/** Every alias of the user's configuration and the files it includes, without patterns, in file order. */
export async function listSshHosts(file = userConfigFile()): Promise<SshHost[]> {
  const hosts = new Map<string, SshHost>();
  for (const piece of readWithIncludes(file)) {
    for (const line of SSHConfig.parse(piece.text)) {
      if (line.type !== SSHConfig.DIRECTIVE || line.param.toLowerCase() !== "host" || !("config" in line)) continue;
      const own = line.config.compute("*", { ignoreCase: true, matchExec: false });
      for (const alias of words(line.value)) {
        if (/[*?!]/.test(alias) || hosts.has(alias)) continue;
        const port = Number(first(own.port));
        hosts.set(alias, {
          alias,
          hostname: first(own.hostname) ?? null,
          user: first(own.user) ?? null,
          port: Number.isInteger(port) && port > 0 ? port : null,
          file: piece.file,
        });
      }
    }
  }
  return [...hosts.values()];
}

/** The whole machine's configuration, read after the user's. */
export function systemConfigFile(): string {
  return process.platform === "win32"
    ? path.join(process.env.ProgramData ?? "C:\\ProgramData", "ssh", "ssh_config")
    : "/etc/ssh/ssh_config";
}

/**
 * The options that apply to a host, names in lower case, as `ssh -G` would list those that are set, and
 * the files they were read from. `file`: instead of the user's and the system's.
 */
export function computeConfig(
  host: string,
  user: string | null,
  file?: string,
): { options: Map<string, string[]>; files: string[] } {
  const from = file === undefined ? [userConfigFile(), systemConfigFile()] : [file];
  const pieces = from.map((one) => readWithIncludes(one));
  // A file begins outside of the last block of the one before.
  const text = pieces.map((one) => one.map((piece) => piece.text).join("\n")).join("\nHost *\n");
  const query = user === null ? { Host: host } : { Host: host, User: user };
  const computed = SSHConfig.parse(text).compute(query, { ignoreCase: true, matchExec: false });
  const options = new Map(
    Object.entries(computed).map(([name, value]) => [name, Array.isArray(value) ? value : [value]]),
  );
  return { options, files: [...new Set(pieces.flat().map((piece) => piece.file))] };
}

interface Piece {
  file: string;
  text: string;
}

/**
 * The text of a file with its includes in their places, as pieces that each come from one file. An
 * Include inside a Host block applies to that block; the block's head is then repeated after it.
 */
function readWithIncludes(file: string, depth = 0): Piece[] {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch {
    return []; // missing or unreadable: as OpenSSH does for the user's file
  }
  const pieces: Piece[] = [];
  let lines: string[] = [];
  let head = "";
  for (const line of text.split("\n")) {
    const include = /^\s*include[\s=]+(.*)$/i.exec(line);
    if (include === null) {
      if (/^\s*(?:host|match)[\s=]/i.test(line)) head = line;
      lines.push(line);
      continue;
    }
    pieces.push({ file, text: lines.join("\n") });
    lines = head === "" ? [] : [head];
    if (depth >= MAX_DEPTH) continue;
    for (const pattern of (include[1] ?? "").match(/"[^"]*"|\S+/g) ?? []) {
      for (const found of globFiles(pattern.replaceAll('"', ""))) pieces.push(...readWithIncludes(found, depth + 1));
    }
  }
  pieces.push({ file, text: lines.join("\n") });
  return pieces;
}

function globFiles(pattern: string): string[] {
  const home = pattern.replace(/^~(?=\/)/, os.homedir());
  const full = path.isAbsolute(home) ? home : path.join(os.homedir(), ".ssh", home);
  return fs.globSync(full).sort();
}

function words(value: string | { val: string }[]): string[] {
  return typeof value === "string" ? value.split(/\s+/) : value.map((word) => word.val);
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
