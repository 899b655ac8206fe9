/** `bpftool prog dump xlated` of one program, on demand. Does not interpret it; the editor marks calls. */

import { text } from "node:stream/consumers";
import { BpfdeskError } from "../../core/errors.ts";
import { hasRoot } from "../../core/privileges.ts";
import { execChecked } from "../tools/checked.ts";
import type { NodeTransport } from "../transport/types.ts";
import type { Recorder } from "./recorder.ts";

const TIMEOUT_MS = 30_000;

export async function disassemble(
  transport: NodeTransport,
  recorder: Recorder,
  { prog_id, bpftool }: { prog_id: number; bpftool: string | null },
): Promise<{ text: string; command_id: string }> {
  const record_key = `prog-xlated:${prog_id}`;
  const command_id = recorder.reserve(record_key);
  const execution = await execChecked(transport, {
    argv: [bpftool ?? "bpftool", "prog", "dump", "xlated", "id", String(prog_id)],
    // Without root this is still worth a try: the tool's own words say what is missing.
    root: hasRoot(transport.privileges) || (bpftool === null && transport.rootTools?.bpftool !== undefined),
    timeout_ms: TIMEOUT_MS,
    record_key,
  });
  const [stdout, stderr, exit] = await Promise.all([text(execution.stdout), text(execution.stderr), execution.exited]);
  if (exit.code === 0) return { text: stdout, command_id };
  throw new BpfdeskError({
    code: "disassemble-failed",
    message: `Program ${prog_id} on ${transport.host} could not be disassembled.`,
    hint: "It may be gone (refresh), or reading code may need root or be forbidden by kernel lockdown.",
    node: transport.host,
    cause: stderr.trim().slice(0, 1000),
  });
}
