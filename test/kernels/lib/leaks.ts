/** What is in a machine's kernel and could be bpfdesk's, to be compared before and after. */

import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import type { NodeTransport } from "../../../electron/host/transport/types.ts";

/** The kernel frees programs and maps some time after their last user is gone. */
const GONE_MS = 60_000;

/** One line an object: programs, maps, links, BTF, files, processes. */
export async function inventory(admin: NodeTransport): Promise<string[]> {
  const argv = ["python3", "/root/files/inventory.py"];
  const execution = await admin.exec({ argv, root: true, timeout_ms: GONE_MS, record_key: "inventory" });
  const [stdout, stderr, exit] = await Promise.all([text(execution.stdout), text(execution.stderr), execution.exited]);
  if (exit.code !== 0) throw new Error(`the inventory failed: ${stderr}`);
  return stdout.trim().split("\n");
}

/** Waits until nothing is there that was not there before; what stays. */
export async function left(admin: NodeTransport, before: readonly string[]): Promise<string[]> {
  const known = new Set(before);
  for (const deadline = Date.now() + GONE_MS; ; await delay(200)) {
    const more = (await inventory(admin)).filter((line) => !known.has(line));
    if (more.length === 0 || Date.now() > deadline) return more;
  }
}
