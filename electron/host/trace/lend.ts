/**
 * Lends a node the tracers: one static binary in a private folder, hashed by the node before each use, taken away
 * with the connection. Starting a tracer is the person's wish for this; nobody is asked again.
 */
import { toolArch } from "../../core/collect/needs-bpftool.ts";
import { BpfdeskError } from "../../core/errors.ts";
import type { LentTracers } from "../session/work.ts";
import { checkBeforeUse } from "../tools/checked.ts";
import { lendFolder } from "../tools/folder.ts";
import type { NodeTransport } from "../transport/types.ts";
import { bytesNeeded, readBinary } from "./bundle.ts";

interface LendOptions {
  /** Folder with a folder an architecture. */
  tracersDir: string;
  signal: AbortSignal;
  /** Where to try on the node. */
  candidates?: readonly string[];
}

const FILE = "bpfdesk-tracer";
const SPARE_BYTES = 512 * 1024;

/**
 * Two round trips. Rejects with `tracers-not-bundled`, `bundle-damaged`, `arch-unknown`, `no-place`,
 * `upload-failed`, or the transport's own error. Nothing is left on the node then.
 */
export async function lendTracers(transport: NodeTransport, options: LendOptions): Promise<LentTracers> {
  const { tracersDir, signal, candidates } = options;
  const bytes = (await bytesNeeded(tracersDir)) + SPARE_BYTES;
  const folder = await lendFolder(transport, { what: "tracer", bytes, signal, candidates });
  try {
    const arch = toolArch(folder.machine);
    if (arch === null) throw archUnknown(transport.host, folder.machine);
    const binary = await readBinary(tracersDir, arch);
    const path = `${folder.path}/${FILE}`;
    await transport.upload(binary.bytes, path, 0o700, signal);
    const { remove } = folder;
    checkBeforeUse(transport, { what: "tracer", path, folder: folder.path, files: { [FILE]: binary.sha256 }, remove });
    return {
      path,
      remove,
      get gone() {
        return folder.gone;
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

function archUnknown(host: string, machine: string): BpfdeskError {
  return new BpfdeskError({
    code: "arch-unknown",
    message: `${host} is a ${machine || "machine of an unknown kind"}; tracers exist for x86_64 and arm64.`,
    hint: "There is no way to trace it with bpfdesk.",
    node: host,
  });
}
