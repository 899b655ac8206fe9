/** Bytes that come in pieces and are taken in others. */
export class ByteQueue {
  /** Of what was put in and not yet taken. */
  length = 0;
  private pieces: Uint8Array[] = [];
  /** Of the first piece, so many bytes are taken already. */
  private taken = 0;

  /** Keeps `bytes` as they are, without a copy. */
  put(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.pieces.push(bytes);
    this.length += bytes.length;
  }

  /** The next `count` bytes, or null while there are fewer. */
  take(count: number): Uint8Array | null {
    if (count > this.length) return null;
    const first = this.pieces[0]?.subarray(this.taken) ?? new Uint8Array(0);
    if (count <= first.length) {
      this.advance(count);
      return first.subarray(0, count);
    }
    const all = new Uint8Array(count);
    let at = 0;
    while (at < count) {
      const piece = this.pieces[0]?.subarray(this.taken, this.taken + count - at) ?? new Uint8Array(0);
      all.set(piece, at);
      at += piece.length;
      this.advance(piece.length);
    }
    return all;
  }

  /** Up to and with the first such byte, or null while there is none. */
  takeThrough(byte: number): Uint8Array | null {
    let before = 0;
    for (const [index, piece] of this.pieces.entries()) {
      const rest = index === 0 ? piece.subarray(this.taken) : piece;
      const at = rest.indexOf(byte);
      if (at >= 0) return this.take(before + at + 1);
      before += rest.length;
    }
    return null;
  }

  private advance(count: number): void {
    this.length -= count;
    this.taken += count;
    if (this.taken < (this.pieces[0]?.length ?? 0)) return;
    this.pieces.shift();
    this.taken = 0;
  }
}
