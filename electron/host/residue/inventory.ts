/**
 * Takes the inventory of a node: everything bpfdesk could leave there, in one command.
 *
 * It is the collector's script with other sections, so a part that fails, hangs or is cut off costs that part
 * only, and is named. It adds nothing to the node, and takes nothing away but, when asked to, what was lent.
 */
import { randomBytes } from "node:crypto";
import { collectArgv, composeScript } from "../../core/collect/compose.ts";
import { FrameReader } from "../../core/collect/read-frames.ts";
import { BpfdeskError } from "../../core/errors.ts";
import { hasRoot } from "../../core/privileges.ts";
import { isPrivateFolder, readInventory } from "../../core/residue/read.ts";
import type { NodeInventory } from "../../core/residue/types.ts";
import { execChecked } from "../tools/checked.ts";
import type { NodeTransport } from "../transport/types.ts";
import { inventorySections } from "./sections.ts";

const TIMEOUT_MS = 45_000;

export interface InventoryOptions {
  /** Path of the bpftool to use on the node, or null for the node's own. */
  bpftool: string | null;
  signal?: AbortSignal;
  /** May use the session that is kept free for tidying up. */
  cleanup?: boolean;
  /**
   * A `bpftool` that was lent is taken away in the same command once it has been used, so what is seen of folders
   * and processes is what is left without it. Its own `remove` may be called all the same. Ignored for any other.
   */
  retire?: boolean;
}

/**
 * One round trip. As root when the connection can be, otherwise `blind` says what was not seen. Call it
 * right after the connection stands, beside or behind the first collection (it holds one session for about
 * as long as a small collection), and once more before `close()`; `compareInventories` tells the difference.
 * Rejects with the transport's error when the command could not be run at all, with `cancelled`, or with
 * `bpftool-changed` when what was lent is not what was sent.
 */
export async function takeInventory(transport: NodeTransport, options: InventoryOptions): Promise<NodeInventory> {
  const { bpftool, signal, cleanup } = options;
  const retire = options.retire === true && bpftool !== null && isPrivateFolder(bpftool.replace(/\/bpftool$/, ""));
  const script = composeScript(inventorySections(retire), { stage: 1, tools: transport.rootTools ?? {} });
  const nonce = randomBytes(12).toString("hex");
  const reader = new FrameReader(nonce);
  const at = Date.now();
  const execution = await execChecked(transport, {
    argv: collectArgv(script, nonce, bpftool, []),
    root: hasRoot(transport.privileges),
    timeout_ms: TIMEOUT_MS,
    record_key: "residue-inventory",
    ...(signal === undefined ? {} : { signal }),
    ...(cleanup === undefined ? {} : { cleanup }),
  });
  const read = async () => {
    for await (const chunk of execution.stdout) reader.push(chunk as Uint8Array);
  };
  execution.stderr.resume();
  const failure = await Promise.all([execution.exited, read()]).then(
    () => null,
    (error: unknown) => error,
  );
  if (failure !== null) execution.cancel();
  const collected = reader.finish();
  if (failure !== null && (signal?.aborted || collected.sections.length === 0)) throw failure;
  if (collected.sections.length > 0) return readInventory(collected, at);
  throw new BpfdeskError({
    code: "no-answer",
    message: `${transport.host} ended the inventory without a word.`,
    hint: "What is left on the node cannot be told. The account may be limited to certain commands.",
    node: transport.host,
  });
}
