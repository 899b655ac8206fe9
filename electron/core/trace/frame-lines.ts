/**
 * The lines among the frames of a tracer that speaks binary (docs/design/0006-tracers.md, "Frames"); what else is in
 * them is passed over. Whoever wants it reads the recorded output.
 */
import { decodeUtf8 } from "../collect/utf8.ts";

const HEADER_BYTES = 8;
const LINE = 1;

export class FrameLines {
  /** Lines left out because they were too long. */
  tooLong = 0;
  private readonly header = new Uint8Array(HEADER_BYTES);
  private headerBytes = 0;
  /** Of the frame's content, still to come. */
  private left = 0;
  /** Content of a line; null for what is passed over. */
  private line: Uint8Array | null = null;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** The lines that are whole now. */
  push(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; ) {
      if (this.headerBytes < HEADER_BYTES) {
        this.header[this.headerBytes] = bytes[at] ?? 0;
        this.headerBytes += 1;
        at += 1;
        if (this.headerBytes === HEADER_BYTES) this.begin();
      } else {
        const piece = bytes.subarray(at, at + this.left);
        this.line?.set(piece, this.line.length - this.left);
        this.left -= piece.length;
        at += piece.length;
      }
      if (this.headerBytes < HEADER_BYTES || this.left > 0) continue;
      if (this.line)
        lines.push(
          ...decodeUtf8(this.line)
            .split("\n")
            .filter((line) => line !== ""),
        );
      this.headerBytes = 0;
    }
    return lines;
  }

  private begin(): void {
    const view = new DataView(this.header.buffer);
    this.left = view.getUint32(0, true);
    const isLine = view.getUint8(4) === LINE;
    if (isLine && this.left > this.limit) this.tooLong += 1;
    this.line = isLine && this.left <= this.limit ? new Uint8Array(this.left) : null;
  }
}
