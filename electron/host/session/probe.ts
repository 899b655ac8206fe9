/**
 * Does a connection still carry anything? Asked after the machine slept or changed its network, because TCP
 * often survives what looks like a loss, and a connection that lives is better than a new one.
 */
import type { NodeTransport } from "../transport/types.ts";

/** An answer must come within this, in ms. */
export const PROBE_MS = 6000;
const GONE = new Set(["connection-lost", "connection-closed"]);

/** Runs `true`. Any answer counts, a refusal too: it came over the connection. Never rejects. */
export async function connectionStands(transport: NodeTransport): Promise<boolean> {
  const limit = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  const silent = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PROBE_MS);
  });
  try {
    return await Promise.race([answers(transport, limit.signal), silent]);
  } finally {
    if (timer !== null) clearTimeout(timer);
    limit.abort();
  }
}

async function answers(transport: NodeTransport, signal: AbortSignal): Promise<boolean> {
  try {
    const execution = await transport.exec({
      argv: ["true"],
      root: false,
      timeout_ms: PROBE_MS,
      signal,
      cleanup: true,
      record_key: "probe",
    });
    execution.stdout.resume();
    execution.stderr.resume();
    await execution.exited;
    return true;
  } catch (error) {
    const code = (error as { data?: { code?: string } }).data?.code ?? "";
    return !GONE.has(code);
  }
}
