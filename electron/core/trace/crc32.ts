/** CRC-32 as zlib and gzip have it (polynomial 0xedb88320, reflected), four bytes at a time. */

const TABLES = tables();

function tables(): readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value >>> 0;
  });
  const next = (before: Uint32Array) => before.map((value) => (value >>> 8) ^ (first[value & 0xff] ?? 0));
  const second = next(first);
  const third = next(second);
  return [first, second, third, next(third)];
}

/** Of `bytes` after those whose CRC is `before`. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const [a, b, c, d] = TABLES;
  const whole = bytes.length - (bytes.length % 4);
  let crc = ~before;
  for (let at = 0; at < whole; at += 4) {
    crc ^= (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    crc = (d[crc & 0xff] ?? 0) ^ (c[(crc >>> 8) & 0xff] ?? 0) ^ (b[(crc >>> 16) & 0xff] ?? 0) ^ (a[crc >>> 24] ?? 0);
  }
  for (let at = whole; at < bytes.length; at++) crc = (a[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}
