/**
 * Frames as MessagePack for a WebSocket: bytes stay bytes, everything else is what JSON could hold.
 *
 * Records and structured-clone extensions are off: a peer can send plain data only.
 */
import { Packr } from "msgpackr";

const codec = new Packr({ useRecords: false, structuredClone: false, moreTypes: false, copyBuffers: true });

export function encodeMessage(message: unknown): Uint8Array<ArrayBuffer> {
  // A copy: the packer reuses its buffer, a socket sends later.
  return Uint8Array.from(codec.pack(message));
}

/** Throws on bytes that are not one MessagePack value. */
export function decodeMessage(bytes: Uint8Array): unknown {
  return codec.unpack(bytes);
}
