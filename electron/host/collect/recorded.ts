/** What a recorded run of the collector brought, read back from its output. */
import type { Collected } from "../../core/collect/frames.ts";
import { FrameReader } from "../../core/collect/read-frames.ts";
import type { Journal } from "../journal/journal.ts";

/** Bytes at the beginning of a recorded collection within which its first frame begins. */
const FIRST_FRAME_WITHIN = 1 << 20;

/** Null when it brought no frame. */
export function collectedOf(journal: Journal, command_id: string): Collected | null {
  let reader: FrameReader | null = null;
  let start = "";
  for (const { stream, bytes } of journal.blobs(command_id)) {
    if (stream !== "stdout") continue;
    if (reader) {
      reader.push(bytes);
      continue;
    }
    start += Buffer.from(bytes).toString("latin1");
    const nonce = /\x1e([0-9A-Za-z_-]{8,128}) begin /.exec(start)?.[1];
    if (!nonce) {
      if (start.length > FIRST_FRAME_WITHIN) return null;
      continue;
    }
    reader = new FrameReader(nonce);
    reader.push(Buffer.from(start, "latin1"));
  }
  return reader?.finish() ?? null;
}
