/** Lends a node the tracers. Starting a tracer is the person's wish for this; nobody is asked again. */
import type { LentBinary } from "../session/work.ts";
import { lendBinary } from "../tools/lend-binary.ts";
import type { NodeTransport } from "../transport/types.ts";

interface LendTracersOptions {
  /** Folder with a folder an architecture. */
  tracersDir: string;
  signal: AbortSignal;
  /** Where to try on the node. */
  candidates?: readonly string[];
}

const TRACERS = {
  what: "tracer",
  file: "bpfdesk-tracer",
  plural: "tracers",
  not_bundled: "tracers-not-bundled",
  without: "There is no way to trace it with bpfdesk.",
} as const;

/** Rejects as `lendBinary`, with `tracers-not-bundled` where this installation has none. */
export function lendTracers(transport: NodeTransport, options: LendTracersOptions): Promise<LentBinary> {
  const { tracersDir, ...more } = options;
  return lendBinary(transport, TRACERS, { dir: tracersDir, ...more });
}
