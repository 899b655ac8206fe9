/**
 * Replaces the key a host is known by, after it was refused as changed and a person typed the host's name
 * and the new key's fingerprint. Only the user's own files, only this host, only this type of key.
 */
import { BpfdeskError, type ChangedHostKey } from "../../core/errors.ts";
import { fingerprint, type KnownHost, matchesName, parseKnownHosts } from "./known-hosts.ts";
import { knownHostLine, rewriteKnownHosts, withKnownHost } from "./known-hosts-file.ts";

export interface ReplaceRequest {
  /** Of the refusal. */
  host_key: ChangedHostKey;
  /** The host's name as the person typed it. */
  confirm: string;
  /** Of the new key, as the person had it from elsewhere or saw it. */
  fingerprint: string;
  /** For messages. */
  node: string;
}

/** What the event `host_key.replaced` tells. */
export interface ReplacedKey {
  host: string;
  removed: { file: string; line: number; key_type: string; fingerprint: string }[];
  added: { file: string; key_type: string; fingerprint: string };
}

/**
 * Rejects with `confirm-mismatch` or `fingerprint-mismatch` when what was typed does not fit, `host-key-global`,
 * `host-key-pattern` or `host-key-gone` when it is not for us to replace, `known-hosts-write` when the file cannot
 * be written. Nothing is changed then.
 */
export async function replaceHostKey(request: ReplaceRequest): Promise<ReplacedKey> {
  const { host_key, node } = request;
  const { name, key_type, key } = host_key;
  check(request);
  const old = host_key.known.filter((entry) => entry.key_type === key_type);
  const global = old.find((entry) => entry.global === true);
  if (global !== undefined) {
    throw refusal(
      node,
      "host-key-global",
      `The old key of ${name} is in ${global.file}:${global.line}, a file of the whole machine.`,
      "Ask whoever looks after that file to replace the key.",
    );
  }
  if (old.length === 0) return addNewType(request);
  const files = [...new Set(old.map((entry) => entry.file))];
  // Every file is looked at before the first is written.
  for (const file of files) {
    await rewrite(file, node, (before) => {
      replaceIn(before, file, request, false);
      return before;
    });
  }
  const removed: ReplacedKey["removed"] = [];
  let added: ReplacedKey["added"] | null = null;
  for (const file of files) {
    await rewrite(file, node, (before) => {
      const result = replaceIn(before, file, request, added === null);
      removed.push(...result.removed);
      if (result.removed.length > 0) added ??= { file, key_type, fingerprint: fingerprint(key) };
      return result.text;
    });
  }
  if (added === null) {
    throw refusal(
      node,
      "host-key-gone",
      `No key of this type is known for ${name} any more; somebody changed known_hosts meanwhile.`,
      "Connect again.",
    );
  }
  return { host: name, removed, added };
}

/** The host is known by keys of other types only: the new one joins them, in the user's file that has the first. */
async function addNewType({ host_key, node }: ReplaceRequest): Promise<ReplacedKey> {
  const { name, key_type, key } = host_key;
  const file = host_key.known.find((entry) => entry.global !== true)?.file;
  if (file === undefined) {
    throw refusal(
      node,
      "host-key-global",
      `${name} is known by files of the whole machine only.`,
      "Ask whoever looks after those files to add the key.",
    );
  }
  await rewrite(file, node, (before) => withKnownHost(before, name, key_type, key, false));
  return { host: name, removed: [], added: { file, key_type, fingerprint: fingerprint(key) } };
}

/** The text without the old entries, and with the new one in the place of the first when `add` is set. */
function replaceIn(
  before: string,
  file: string,
  { host_key: { name, key_type, key }, node }: ReplaceRequest,
  add: boolean,
): { text: string; removed: ReplacedKey["removed"] } {
  const entries = parseKnownHosts(before, file).filter(
    (entry) => entry.marker === "" && entry.key_type === key_type && entry.key !== key && matchesName(entry, name),
  );
  const byLine = new Map(entries.map((entry) => [entry.line, entry]));
  let toAdd = add;
  const lines = before.split("\n").flatMap((line, index) => {
    const entry = byLine.get(index + 1);
    if (entry === undefined) return [line];
    const kept = withoutName(line, entry, name, node);
    const end = line.endsWith("\r") ? "\r" : "";
    const fresh = toAdd ? [knownHostLine(name, key_type, key, entry.names.startsWith("|1|")) + end] : [];
    toAdd = false;
    return kept === null ? fresh : [kept, ...fresh];
  });
  const removed = entries.map((entry) => ({
    file,
    line: entry.line,
    key_type: entry.key_type,
    fingerprint: fingerprint(entry.key),
  }));
  return { text: lines.join("\n"), removed };
}

/** The line for the other hosts that are on it; null when there are none. */
function withoutName(line: string, entry: KnownHost, name: string, node: string): string | null {
  if (entry.names.startsWith("|")) return null;
  const others = entry.names.split(",").filter((one) => one.toLowerCase() !== name.toLowerCase());
  if (others.every((one) => one.startsWith("!"))) return null;
  const names = others.join(",");
  if (matchesName({ ...entry, names }, name)) {
    throw refusal(
      node,
      "host-key-pattern",
      `The old key of ${name} is known by a pattern for several hosts (${entry.file}:${entry.line}).`,
      "Change that line in an editor; other hosts may have the same key.",
    );
  }
  const at = line.indexOf(entry.names);
  return line.slice(0, at) + names + line.slice(at + entry.names.length);
}

function check({ host_key, confirm, fingerprint: typed, node }: ReplaceRequest): void {
  const bare = /^\[(.*)\]:\d+$/.exec(host_key.name)?.[1] ?? host_key.name;
  const name = confirm.trim().toLowerCase();
  if (name !== host_key.name.toLowerCase() && name !== bare.toLowerCase()) {
    throw refusal(
      node,
      "confirm-mismatch",
      `${JSON.stringify(confirm.slice(0, 200))} is not the name of the host (${host_key.name}).`,
      "Type the host's name as it is shown.",
    );
  }
  const shown = fingerprint(host_key.key);
  if (typed.trim().replace(/=+$/, "") !== shown) {
    throw refusal(
      node,
      "fingerprint-mismatch",
      `${node} showed ${shown}, which is not ${typed.slice(0, 100)}.`,
      "Do not go on: compare with ssh-keygen -lf on the node.",
    );
  }
}

async function rewrite(file: string, node: string, change: (before: string) => string): Promise<void> {
  try {
    await rewriteKnownHosts(file, change);
  } catch (error) {
    if (error instanceof BpfdeskError) throw error;
    throw refusal(
      node,
      "known-hosts-write",
      `${file} could not be written.`,
      "Check who owns the file.",
      String(error),
    );
  }
}

function refusal(node: string, code: string, message: string, hint: string, cause = ""): BpfdeskError {
  return new BpfdeskError({ code, message, hint, phase: "host_key", node, ...(cause === "" ? {} : { cause }) });
}
