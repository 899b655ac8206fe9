/** Finding a mark in bytes that come piece by piece. */

/** How many of the last bytes may be the beginning of the mark. */
export function beginningOf(mark: Buffer | undefined, bytes: Buffer): number {
  if (mark === undefined) return 0;
  for (let length = Math.min(mark.length - 1, bytes.length); length > 0; length--) {
    if (bytes.subarray(bytes.length - length).equals(mark.subarray(0, length))) return length;
  }
  return 0;
}
