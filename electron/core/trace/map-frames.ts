/**
 * Reads what `bpfdesk-tracer run mapdump --param format=binary` prints, while it arrives: JSON lines, then frames.
 *
 * See docs/design/0006-tracers.md for the bytes. They come from a node: whatever they are, the result is the map's entries
 * or a MapFramesError; nothing that is cut off or changed on its way passes for the whole.
 */
import { z } from "zod";
import { decodeUtf8 } from "../collect/utf8.ts";
import { ByteQueue } from "./byte-queue.ts";
import { crc32 } from "./crc32.ts";
import { type TraceError, type TraceSummary, traceError, traceSummary } from "./protocol.ts";

const FRAME_HEADER_BYTES = 8;
const END_BYTES = 20;
const LINE_FEED = 0x0a;
const FRAME = { line: 1, entries: 2, deflated: 3, end: 4 } as const;
/** A line before the frames and a frame are never longer: one batch of the tracer is about 1 MiB. */
const LONGEST_LINE = 4 * 1024 * 1024;
const LONGEST_FRAME = 256 * 1024 * 1024;

const framesLine = z.object({
  record: z.literal("frames"),
  version: z.literal(1),
  key_size: z.int().positive().max(65_536),
  /** 0: keys only. */
  value_stride: z.int().nonnegative().max(LONGEST_FRAME),
});
export type MapFramesHeader = z.infer<typeof framesLine>;

/** Entries in the order in which the kernel gave them; key `i` begins at `i * key_size`, its value at `i * value_stride`. */
export interface MapEntries {
  count: number;
  keys: Uint8Array;
  values: Uint8Array;
}

export interface MapFramesSummary {
  entries: number;
  /** The tracer's last line. Its `complete` says whether the map was read to its end. */
  summary: TraceSummary;
}

export interface MapFramesOptions {
  /** Undoes zlib's format; throws when the bytes are none, or become more than `limit`. */
  inflate(bytes: Uint8Array, limit: number): Uint8Array;
  /** Called for every piece; the bytes stay as they are. */
  entries(entries: MapEntries, header: MapFramesHeader): void;
  /** Every other line, parsed: schema, the record `map`, stats, notes. */
  line?(line: Readonly<Record<string, unknown>>): void;
}

/** `truncated`: it ended too early; `corrupt`: the bytes are not what the tracer sends; `refused`: the tracer said why. */
export class MapFramesError extends Error {
  override name = "MapFramesError";
  readonly reason: "truncated" | "corrupt" | "refused";
  readonly refusal: TraceError | null;
  constructor(reason: MapFramesError["reason"], message: string, refusal: TraceError | null = null) {
    super(message);
    this.reason = reason;
    this.refusal = refusal;
  }
}

/** Feed it with push(), then call finish() once. Both throw MapFramesError. */
export class MapFramesReader {
  private readonly options: MapFramesOptions;
  private readonly queue = new ByteQueue();
  private header: MapFramesHeader | null = null;
  private frame: { length: number; kind: number } | null = null;
  private ended = false;
  private summary: TraceSummary | null = null;
  private entries = 0;
  private bytes = 0;
  private crc = 0;

  constructor(options: MapFramesOptions) {
    this.options = options;
  }

  /** Takes the next bytes, which must not be changed afterwards. */
  push(bytes: Uint8Array): void {
    this.queue.put(bytes);
    while (this.header === null ? this.readLine() : this.readFrame()) {
      // as long as there is a whole one
    }
  }

  finish(): MapFramesSummary {
    const told = `${this.entries} entries`;
    if (this.header === null) throw new MapFramesError("truncated", "It ended before the map's entries began.");
    if (this.frame !== null || this.queue.length > 0) {
      throw new MapFramesError("truncated", `It ended within a frame, after ${told}.`);
    }
    if (this.summary === null) throw new MapFramesError("truncated", `It ended without a summary, after ${told}.`);
    if (!this.ended && this.summary.ended === "done") {
      throw new MapFramesError("truncated", `The end of the entries is missing, after ${told}.`);
    }
    return { entries: this.entries, summary: this.summary };
  }

  private readLine(): boolean {
    const bytes = this.queue.takeThrough(LINE_FEED);
    if (bytes === null) {
      if (this.queue.length > LONGEST_LINE) throw new MapFramesError("corrupt", "A line has no end.");
      return false;
    }
    const line = parseLine(bytes);
    if (line.record === "frames") {
      const header = framesLine.safeParse(line);
      if (!header.success) throw new MapFramesError("corrupt", `The frames are not known: ${header.error.message}`);
      this.header = header.data;
    } else {
      this.takeLine(line);
    }
    return true;
  }

  private readFrame(): boolean {
    if (this.frame === null) {
      const header = this.queue.take(FRAME_HEADER_BYTES);
      if (header === null) return false;
      this.frame = { length: viewOf(header).getUint32(0, true), kind: header[4] ?? 0 };
      if (this.frame.length > LONGEST_FRAME || header[5] !== 0 || header[6] !== 0 || header[7] !== 0) {
        throw new MapFramesError("corrupt", `After ${this.entries} entries comes something that is no frame.`);
      }
    }
    const content = this.queue.take(this.frame.length);
    if (content === null) return false;
    const { kind } = this.frame;
    this.frame = null;
    this.takeFrame(kind, content);
    return true;
  }

  private takeFrame(kind: number, content: Uint8Array): void {
    if (kind === FRAME.line) this.takeLine(parseLine(content));
    else if (this.ended) throw new MapFramesError("corrupt", "Entries come after their end.");
    else if (kind === FRAME.entries) this.takeEntries(content);
    else if (kind === FRAME.deflated) this.takeEntries(this.inflated(content));
    else if (kind === FRAME.end) this.takeEnd(content);
    else throw new MapFramesError("corrupt", `A frame is of the unknown kind ${kind}.`);
  }

  private takeLine(line: Record<string, unknown>): void {
    const error = line.record === "error" ? traceError.safeParse(line) : null;
    if (error?.success) throw new MapFramesError("refused", error.data.message, error.data);
    if (line.record !== "summary") {
      this.options.line?.(line);
      return;
    }
    const summary = traceSummary.safeParse(line);
    if (!summary.success) throw new MapFramesError("corrupt", `The summary is wrong: ${summary.error.message}`);
    this.summary = summary.data;
  }

  private inflated(content: Uint8Array): Uint8Array {
    try {
      return this.options.inflate(content, LONGEST_FRAME);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new MapFramesError("corrupt", `A frame cannot be inflated after ${this.entries} entries: ${why}`);
    }
  }

  private takeEntries(content: Uint8Array): void {
    const { header } = this;
    if (header === null) return;
    const count = content.length < 4 ? 0 : viewOf(content).getUint32(0, true);
    const values = 4 + count * header.key_size;
    if (content.length !== values + count * header.value_stride) {
      throw new MapFramesError("corrupt", `A frame is not as long as its entries, after ${this.entries} of them.`);
    }
    this.crc = crc32(content, this.crc);
    this.bytes += content.length;
    this.entries += count;
    this.options.entries({ count, keys: content.subarray(4, values), values: content.subarray(values) }, header);
  }

  private takeEnd(content: Uint8Array): void {
    const view = viewOf(content);
    const wanted =
      content.length === END_BYTES
        ? [view.getBigUint64(0, true), view.getBigUint64(8, true), BigInt(view.getUint32(16, true))]
        : [];
    const got = [this.entries, this.bytes, this.crc].map(BigInt);
    if (wanted.length !== got.length || wanted.some((one, index) => one !== got[index])) {
      throw new MapFramesError("corrupt", `The entries are not those that were sent: ${got} instead of ${wanted}.`);
    }
    this.ended = true;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function parseLine(bytes: Uint8Array): Record<string, unknown> {
  try {
    const line: unknown = JSON.parse(decodeUtf8(bytes));
    if (typeof line === "object" && line !== null && !Array.isArray(line)) return line as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new MapFramesError("corrupt", "A line is no JSON object.");
}
