/** Reads the recorded output of a command, at most a screenful of megabytes of it. */
import { useEffect, useState } from "react";
import type { ErrorData } from "../../../electron/core/errors.ts";
import { errorData } from "../../host/error-data.ts";
import { host } from "../../host/link.ts";

/** More than this is saved to a file rather than read on a screen. */
export const SHOWN_BYTES = 2 * 1024 * 1024;

type Stream = "stdout" | "stderr";

export type OutputState =
  | { state: "loading" }
  | { state: "ready"; text: string; cut: boolean }
  | { state: "failed"; error: ErrorData };

/** The first part of one stream; read again when the command has ended. */
export function useOutput(command_id: string, stream: Stream, ended_at: number | null): OutputState {
  const [output, setOutput] = useState<OutputState>({ state: "loading" });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the end of a command is what makes its output final
  useEffect(() => {
    const stop = new AbortController();
    setOutput({ state: "loading" });
    read(command_id, stream, SHOWN_BYTES, stop.signal).then(
      ({ bytes, cut }) => setOutput({ state: "ready", text: new TextDecoder().decode(bytes), cut }),
      (error: unknown) => {
        if (!stop.signal.aborted) setOutput({ state: "failed", error: errorData(error) });
      },
    );
    return () => stop.abort();
  }, [command_id, stream, ended_at]);
  return output;
}

/** All bytes of one stream. */
export async function wholeOutput(command_id: string, stream: Stream): Promise<Uint8Array> {
  const { bytes } = await read(command_id, stream, Number.POSITIVE_INFINITY, new AbortController().signal);
  return bytes;
}

async function read(command_id: string, stream: Stream, limit: number, signal: AbortSignal) {
  const { client, session_id } = host();
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of client.stream("command.output", { session_id, command_id }, { signal })) {
    if (chunk.stream !== stream) continue;
    parts.push(chunk.bytes);
    size += chunk.bytes.length;
    if (size > limit) break;
  }
  const bytes = new Uint8Array(await new Blob(parts.map((part) => new Uint8Array(part))).arrayBuffer());
  return { bytes: bytes.subarray(0, limit), cut: size > limit };
}
