/**
 * One output stream of a guarded process: drops what comes before the start line (keeping some of it for
 * messages), passes on with back-pressure, and takes out the guard's last words.
 */
import { Readable } from "node:stream";
import { beginningOf } from "./marks.ts";

export interface OutletOptions {
  source: Readable;
  /** The command's own output begins after this line. */
  start: Buffer;
  /** What the guard says begins with this; null where it says nothing. */
  end: Buffer | null;
  /** Told of what comes before the start line. */
  onPreamble?: (bytes: Buffer) => void;
  onStart(): void;
  /** Nobody reading it must not stop the process: output nobody asked for is dropped. */
  optional: boolean;
}

/** Output kept for a reader that is slow or not there. */
const BUFFER = 256 << 10;
/** Of what a login profile prints before the command this much is kept for messages. */
const PREAMBLE = 16 << 10;
const LAST_WORDS = 256;

export class Outlet {
  readonly readable: Readable;
  private before: Buffer | null = Buffer.alloc(0);
  private head = "";
  private draining = false;
  /** May be the beginning of the guard's last words. */
  private held = Buffer.alloc(0);
  private words: string | null = null;
  private readonly options: OutletOptions;

  constructor(options: OutletOptions) {
    this.options = options;
    const { source } = options;
    this.readable = new Readable({ highWaterMark: BUFFER, read: () => void source.resume() });
    source.on("data", (bytes: Buffer) => this.take(bytes));
    source.on("error", () => {}); // told by `ended`
  }

  /** From now on a slow reader no longer holds the process back. */
  drain(): void {
    this.draining = true;
    this.options.source.resume();
  }

  /** Ends the stream. Without a start line what came is all there is, and is passed on as it is. */
  finish(started: boolean): void {
    if (this.before !== null && !started) this.readable.push(this.head + this.before.toString());
    if (this.words === null && this.held.length > 0) this.readable.push(this.held);
    this.readable.push(null);
  }

  preamble(): string {
    return this.head + (this.before?.toString() ?? "");
  }

  /** What the guard said after its mark; null when it said nothing. */
  get lastWords(): string | null {
    return this.words === null ? null : this.words.trim();
  }

  private take(bytes: Buffer): void {
    if (this.before === null) {
      this.listen(bytes);
      return;
    }
    const seen = Buffer.concat([this.before, bytes]);
    const { start } = this.options;
    const at = seen.indexOf(start);
    if (at >= 0) {
      this.before = null;
      this.head = "";
      this.options.onStart();
      this.listen(seen.subarray(at + start.length));
      return;
    }
    this.options.onPreamble?.(bytes);
    // What stays can still be the beginning of a line that is waited for.
    const keep = Math.min(seen.length, 256);
    if (this.head.length < PREAMBLE) this.head += seen.subarray(0, seen.length - keep).toString();
    this.before = Buffer.from(seen.subarray(seen.length - keep));
  }

  private listen(bytes: Buffer): void {
    const { end } = this.options;
    if (end === null) {
      this.pass(bytes);
      return;
    }
    if (this.words !== null) {
      this.words = (this.words + bytes.toString()).slice(0, LAST_WORDS);
      return;
    }
    const seen = this.held.length === 0 ? bytes : Buffer.concat([this.held, bytes]);
    const at = seen.indexOf(end);
    if (at >= 0) {
      this.words = seen
        .subarray(at + end.length)
        .toString()
        .slice(0, LAST_WORDS);
      this.pass(seen.subarray(0, at));
      return;
    }
    const keep = beginningOf(end, seen);
    this.held = Buffer.from(seen.subarray(seen.length - keep));
    this.pass(seen.subarray(0, seen.length - keep));
  }

  private pass(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const { optional, source } = this.options;
    const full = this.readable.readableLength >= BUFFER;
    const unread = this.readable.readableFlowing === null && this.readable.listenerCount("readable") === 0;
    if (full && (this.draining || (optional && unread))) return;
    if (!this.readable.push(bytes) && !this.draining && !(optional && unread)) source.pause();
  }
}
