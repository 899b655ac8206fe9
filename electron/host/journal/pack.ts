/** Compression of what is stored: deflate at its fastest level, and only where it pays. */
import { deflateSync, inflateSync } from "node:zlib";

/** Below this size compressing costs more than it saves. */
const WORTHWHILE_BYTES = 512;
/** No stored piece is larger than this when unpacked; a damaged or hostile file is refused. */
const MAX_UNPACKED_BYTES = 1 << 30;

export interface Packed {
  packed: 0 | 1;
  bytes: Uint8Array;
}

export function pack(bytes: Uint8Array): Packed {
  if (bytes.length < WORTHWHILE_BYTES) return { packed: 0, bytes };
  const small = deflateSync(bytes, { level: 1 });
  return small.length < bytes.length ? { packed: 1, bytes: small } : { packed: 0, bytes };
}

export function unpack(packed: number, bytes: Uint8Array): Uint8Array {
  return packed === 1 ? inflateSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }) : bytes;
}
