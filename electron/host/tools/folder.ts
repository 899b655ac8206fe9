/**
 * A private folder on a node for the time of a connection: found, made, watched, taken away again.
 *
 * It is readable by nobody else, its name cannot be guessed, and a small shell on the node removes it when the
 * connection is gone in a way that nobody could say so before.
 */
import { randomBytes } from "node:crypto";
import { BpfdeskError } from "../../core/errors.ts";
import type { NodeTransport } from "../transport/types.ts";
import { CANDIDATES, remote } from "./remote.ts";

export interface LentFolder {
  /** Absolute, and one word in any shell. */
  path: string;
  /** `uname -m` of the node. */
  machine: string;
  /** It was removed. */
  readonly gone: boolean;
  /** Removes it with all it holds; returns what could not be removed, in words. Never rejects; may be called again. */
  remove(): Promise<string[]>;
}

export interface FolderOptions {
  /** What is lent in it, as in "could be lent to": "bpftool". */
  what: string;
  /** So much must be free. */
  bytes: number;
  /** What to do where there is no place for it, besides making one. */
  hint?: string;
  signal?: AbortSignal | undefined;
  /** Where to try on the node. */
  candidates?: readonly string[] | undefined;
}

/** Rejects with `no-place`, or the transport's own error. */
export async function lendFolder(transport: NodeTransport, options: FolderOptions): Promise<LentFolder> {
  const name = `.bpfdesk-${randomBytes(16).toString("hex")}`;
  const need = Math.ceil(options.bytes / 1024);
  const candidates = options.candidates ?? CANDIDATES;
  // On this machine the connection is this process; elsewhere it is the node's SSH server.
  const lifeline = transport.kind === "local" ? String(process.pid) : "-";
  const { code, stdout, stderr } = await remote(
    transport,
    "PREPARE",
    [lifeline, name, String(need), ...candidates],
    options.signal ? { signal: options.signal } : {},
  ).catch(async (error: unknown) => {
    // It may have come to its end all the same. Without a connection the node sees the loss itself.
    await remote(transport, "FORGET", [name, ...candidates], { cleanup: true }).catch(() => {});
    throw error;
  });
  const [path = "", machine = ""] = stdout.trim().split("\n");
  // The path is used as a word of shell text by the collector's sections and removed with all it holds.
  if (code === 0 && path.endsWith(`/${name}`) && /^\/[A-Za-z0-9/._-]+$/.test(path)) {
    return folderAt(transport, path, machine, options.what);
  }
  if (path.endsWith(`/${name}`)) await remote(transport, "REMOVE", [path], { cleanup: true });
  throw new BpfdeskError({
    code: "no-place",
    message: `${transport.host} has no folder that ${options.what} could be lent to.`,
    hint: [
      "It needs a folder where programs may run and others cannot replace files, with a few MB free.",
      options.hint,
    ]
      .filter(Boolean)
      .join(" "),
    node: transport.host,
    phase: "collecting",
    cause: (stderr.trim() || path).slice(0, 1000),
  });
}

function folderAt(transport: NodeTransport, path: string, machine: string, what: string): LentFolder {
  let gone = false;
  const words = `${path} on ${transport.host} (the ${what} that was lent; it is removed there once the loss is seen)`;
  return {
    path,
    machine,
    get gone() {
      return gone;
    },
    async remove() {
      if (gone) return [];
      try {
        const { code, stdout } = await remote(transport, "REMOVE", [path], { cleanup: true });
        gone = code === 0 && stdout.trim() === "";
      } catch {
        // No connection: said in words.
      }
      return gone ? [] : [words];
    },
  };
}
