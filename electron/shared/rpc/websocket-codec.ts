/**
 * Frames as MessagePack for a WebSocket: bytes stay bytes, everything else is what JSON could hold.
 *
 * Objects of one shape name their fields once a message (msgpackr's records, ext type 0x72): a large node
 * takes half the bytes and a third of the time to read. Structured-clone extensions are off: a peer can
 * send plain data only. The build without code generation is used: what a peer sends never becomes code,
 * and the page's content security policy would refuse it.
 */
/// <reference path="./msgpackr-no-eval.d.ts" />
import { Packr, RESET_BUFFER_MODE } from "msgpackr/index-no-eval";

const PLAIN = { structuredClone: false, moreTypes: false, copyBuffers: true } as const;
const writer = new Packr({ ...PLAIN, useRecords: true });
// Keeps no shapes from one message to the next, so no message can change how another is read.
const reader = new Packr({ ...PLAIN, useRecords: false });

/** The packer's buffer grows with the largest message; beyond this many bytes it is given back. */
const KEPT_BYTES = 1 << 20;

/** In Node the packer calls methods that only a Buffer has. */
function allocate(size: number): Uint8Array {
  const { Buffer } = globalThis as { Buffer?: { alloc(size: number): Uint8Array } };
  return Buffer ? Buffer.alloc(size) : new Uint8Array(size);
}

export function encodeMessage(message: unknown): Uint8Array<ArrayBuffer> {
  // A copy: the packer reuses its buffer, a socket sends later.
  const bytes = new Uint8Array(writer.pack(message, RESET_BUFFER_MODE));
  // biome-ignore lint/correctness/useHookAtTopLevel: a method of the packer
  if (bytes.length > KEPT_BYTES) writer.useBuffer(allocate(KEPT_BYTES));
  return bytes;
}

/** Throws on bytes that are not one MessagePack value. */
export function decodeMessage(bytes: Uint8Array): unknown {
  return reader.unpack(bytes);
}
