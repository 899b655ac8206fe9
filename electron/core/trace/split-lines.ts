/**
 * Bytes to lines of text, over the borders of chunks. A line that is too long is counted and left out. After a line
 * that says that frames follow, the lines are those among the frames.
 */
import { decodeUtf8 } from "../collect/utf8.ts";
import { FrameLines } from "./frame-lines.ts";

/** Of one line. A summary with its tables is the longest there is. */
export const MAX_LINE_BYTES = 4 * 1024 * 1024;

const NEWLINE = 0x0a;
/** The line after which frames come is among the first so many. */
const BEFORE_FRAMES = 32;
const FRAMES = /^\{\s*"record"\s*:\s*"frames"/;

export class LineSplitter {
  private long = 0;
  private seen = 0;
  private frames: FrameLines | null = null;
  private held: Uint8Array[] = [];
  private heldBytes = 0;
  /** Within a line that is too long, until its end. */
  private skipping = false;
  private readonly limit: number;

  constructor(limit = MAX_LINE_BYTES) {
    this.limit = limit;
  }

  /** Lines left out because they were too long. */
  get tooLong(): number {
    return this.long + (this.frames?.tooLong ?? 0);
  }

  /** The lines that are whole now, without their ends. Empty ones are left out. */
  push(bytes: Uint8Array): string[] {
    if (this.frames) return this.frames.push(bytes);
    const lines: string[] = [];
    let from = 0;
    // One by one at first: what comes after a line may be no line.
    while (this.seen < BEFORE_FRAMES) {
      const end = bytes.indexOf(NEWLINE, from);
      if (end < 0) break;
      const found = this.whole(bytes.subarray(from, end + 1));
      lines.push(...found);
      this.seen += 1;
      from = end + 1;
      if (!found.some((line) => FRAMES.test(line))) continue;
      this.frames = new FrameLines(this.limit);
      return [...lines, ...this.frames.push(bytes.subarray(from))];
    }
    return lines.length === 0 ? this.whole(bytes.subarray(from)) : [...lines, ...this.whole(bytes.subarray(from))];
  }

  private whole(bytes: Uint8Array): string[] {
    let from = 0;
    if (this.skipping) {
      const end = bytes.indexOf(NEWLINE);
      if (end < 0) return [];
      this.skipping = false;
      from = end + 1;
    }
    const last = bytes.lastIndexOf(NEWLINE);
    if (last < from) {
      this.hold(bytes.subarray(from));
      return [];
    }
    const lines = this.linesOf(this.joined(bytes.subarray(from, last)));
    this.hold(bytes.subarray(last + 1));
    return lines;
  }

  /** What came after the last newline, when there is something. */
  finish(): string[] {
    const lines = this.skipping ? [] : this.linesOf(this.joined(new Uint8Array(0)));
    this.skipping = false;
    return lines;
  }

  private hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.heldBytes + bytes.length > this.limit) {
      this.long += 1;
      this.skipping = true;
      this.forget();
      return;
    }
    // A copy: the chunk may be used again by whoever read it.
    this.held.push(bytes.slice());
    this.heldBytes += bytes.length;
  }

  private joined(bytes: Uint8Array): Uint8Array {
    if (this.heldBytes === 0) return bytes;
    const all = new Uint8Array(this.heldBytes + bytes.length);
    let at = 0;
    for (const piece of [...this.held, bytes]) {
      all.set(piece, at);
      at += piece.length;
    }
    this.forget();
    return all;
  }

  private forget(): void {
    this.held = [];
    this.heldBytes = 0;
  }

  private linesOf(bytes: Uint8Array): string[] {
    const lines = decodeUtf8(bytes).split("\n");
    return lines.filter((line) => {
      if (line.length <= this.limit) return line !== "";
      this.long += 1;
      return false;
    });
  }
}
