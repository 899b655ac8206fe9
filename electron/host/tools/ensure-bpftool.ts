/**
 * Lends a node the bundled bpftool: asks, uploads to a private folder, checks it, and takes it away again.
 *
 * Nothing is installed and nothing of the node is changed; the folder is readable by nobody else and its name
 * cannot be guessed. Whether a bpftool is needed is `core/collect/needs-bpftool.ts`.
 */

import path from "node:path";
import { toolArch, whyBundledBpftool } from "../../core/collect/needs-bpftool.ts";
import { BpfdeskError } from "../../core/errors.ts";
import type { Prompt } from "../../core/journal/events.ts";
import { hasRoot } from "../../core/privileges.ts";
import type { PromptAnswer } from "../../shared/contract.ts";
import type { NodeTransport } from "../transport/types.ts";
import { type Bundle, readBundle, unpackBundle } from "./bundle.ts";
import { checkBeforeUse } from "./checked.ts";
import { lendFolder } from "./folder.ts";
import { remote } from "./remote.ts";

export interface LentBpftool {
  /** The bpftool to use on the node: one word, safe in any shell. */
  path: string;
  /** Null when every file is still the one that was sent and bpftool starts, else what is wrong. One round trip. */
  check(signal?: AbortSignal): Promise<string | null>;
  /** Removes the folder; returns what could not be removed, in words. Never rejects; may be called again. */
  remove(): Promise<string[]>;
}

export interface EnsureOptions {
  /** Folder with one folder an architecture. */
  toolsDir: string;
  arch: "x86_64" | "arm64";
  /** Shown to the person who decides. */
  reason: string;
  ask(prompt: Prompt): Promise<PromptAnswer>;
  /** Awaited before anything is put on the node. */
  beforeLending?(): Promise<void>;
  signal?: AbortSignal;
  /** Answers already given, by host. One for the whole process unless given. */
  answers?: Map<string, boolean>;
  /** Where to try on the node. */
  candidates?: readonly string[];
}

/** A person is asked once a host, not once a connection. */
const answersOfProcess = new Map<string, boolean>();

/** Room besides the files. */
const SPARE_BYTES = 1024 * 1024;

/**
 * Puts the bundled bpftool on a node. Null when the person does not want that.
 * Rejects with `bpftool-not-bundled`, `bundle-damaged`, `no-place` (no folder will do), `bpftool-unusable` (it
 * arrived but does not run), or the transport's own error. Nothing is left on the node then.
 */
export async function ensureBpftool(transport: NodeTransport, options: EnsureOptions): Promise<LentBpftool | null> {
  const bundle = await readBundle(options.toolsDir, options.arch);
  const { version, bytes, sha256 } = bundle.manifest;
  const answers = options.answers ?? answersOfProcess;
  const host = transport.host;
  let accepted = answers.get(host);
  if (accepted === undefined) {
    const { reason } = options;
    accepted = (await options.ask({ kind: "upload_bpftool", host, reason, version, bytes, sha256 })).accept;
    answers.set(host, accepted);
  }
  if (!accepted) return null;
  await options.beforeLending?.();
  return lend(transport, bundle, options);
}

async function lend(transport: NodeTransport, bundle: Bundle, options: EnsureOptions): Promise<LentBpftool> {
  const { manifest } = bundle;
  const { path: folder, remove } = await lendFolder(transport, {
    what: "bpftool",
    bytes: manifest.unpacked_bytes + manifest.bytes + SPARE_BYTES,
    hint: "Installing bpftool on the node helps as well.",
    signal: options.signal,
    candidates: options.candidates,
  });
  const files = Object.keys(manifest.files).sort();
  const expected = `${files.map((file) => `${manifest.files[file]}  ${file}\n`).join("")}runs=`;
  const check = async (signal?: AbortSignal) => {
    const { stdout } = await remote(transport, "CHECK", [folder, ...files], signal ? { signal } : {});
    if (!stdout.startsWith(expected)) return "its files are not the ones that were sent";
    const exit = stdout.slice(expected.length).trim();
    return exit === "0" ? null : `it does not start there (exit code ${exit})`;
  };
  try {
    await unpack(transport, bundle, folder, options.signal);
    const wrong = await check(options.signal);
    if (wrong !== null) throw unusable(transport.host, wrong);
  } catch (error) {
    await remove();
    throw error;
  }
  const tool = { path: `${folder}/bpftool`, check, remove };
  checkBeforeUse(transport, { ...tool, what: "bpftool", folder, files: manifest.files });
  return tool;
}

async function unpack(
  transport: NodeTransport,
  bundle: Bundle,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const given = signal ? { signal } : {};
  await transport.upload(bundle.archive, `${folder}/bpftool.tar.gz`, 0o600, signal);
  const { code, stderr } = await remote(transport, "UNPACK", [folder], given);
  if (code === 0) return;
  if (code !== 3) throw unusable(transport.host, stderr.trim());
  const members = unpackBundle(bundle);
  const folders = await remote(transport, "MAKE_LIB", [folder], given);
  if (folders.code !== 0) throw unusable(transport.host, folders.stderr.trim());
  for (const [name, bytes] of members) await transport.upload(bytes, path.posix.join(folder, name), 0o700, signal);
}

function unusable(host: string, cause: string): BpfdeskError {
  return new BpfdeskError({
    code: "bpftool-unusable",
    message: `The bpftool lent to ${host} cannot be used.`,
    hint: "The node may forbid programs that are not installed (SELinux, fapolicyd). Install bpftool on the node.",
    node: host,
    phase: "collecting",
    cause: cause.slice(0, 1000),
  });
}

/** What a session needs: the path to use, or null for the node's own, and how to leave nothing behind. */
export interface BpftoolChoice {
  bpftool: string | null;
  cleanup(): Promise<string[]>;
}

/**
 * Looks at the node's bpftool (one round trip) and lends the bundled one where that shows more and there is
 * root to use it. Rejects as {@link ensureBpftool}; the node's own is still there to go on with then.
 */
export async function chooseBpftool(
  transport: NodeTransport,
  options: Omit<EnsureOptions, "arch" | "reason">,
): Promise<BpftoolChoice> {
  const own: BpftoolChoice = { bpftool: null, cleanup: async () => [] };
  if (transport.kind === "replay" || !hasRoot(transport.privileges)) return own;
  const { stdout } = await remote(transport, "PROBE", [], options.signal ? { signal: options.signal } : {});
  const [release = "", machine = "", found = "", version = ""] = stdout.split("\n");
  const reason = whyBundledBpftool({ path: found || null, version_line: version || null, release: release || null });
  const arch = toolArch(machine);
  if (reason === null || arch === null) return own;
  const lent = await ensureBpftool(transport, { ...options, arch, reason });
  return lent === null ? own : { bpftool: lent.path, cleanup: lent.remove };
}
