/** Lends a node bpfdesk-change (`bpf/change`), which takes one program off one hook. Approving a plan is the wish for this. */
import type { LentBinary } from "../session/work.ts";
import { type LendOptions, lendBinary } from "../tools/lend-binary.ts";
import type { NodeTransport } from "../transport/types.ts";

const CHANGE = {
  what: "bpfdesk-change",
  file: "bpfdesk-change",
  plural: "binaries for changes",
  not_bundled: "change-not-bundled",
  without: "There is no way to change it with bpfdesk.",
} as const;

/** Rejects as `lendBinary`, with `change-not-bundled` where this installation has none. */
export const lendChange = (transport: NodeTransport, options: LendOptions): Promise<LentBinary> =>
  lendBinary(transport, CHANGE, options);
