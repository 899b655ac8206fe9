/**
 * Reads the stream of a collector script back into sections, while it arrives.
 *
 * Total: any bytes in any pieces give a result, and the same bytes give the same result however they were
 * cut. What was inside a section when the stream ended is kept and marked. Knows frames only; what a section
 * means is its parser's.
 */
import type { Collected, Scope, SectionResult } from "./frames.ts";
import { STDERR_LIMIT } from "./library.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

const RECORD_SEPARATOR = 0x1e;
const LINE_FEED = 0x0a;
/** A frame's line is never longer; a mark without a line end within this is output, not a frame. */
const LONGEST_FRAME = 512;
const NOISE_LIMIT = 4096;
/** What one section may hold when its frame names no limit, and all sections may hold together. */
const SECTION_LIMIT = 128 * 1024 * 1024;
const TOTAL_LIMIT = 512 * 1024 * 1024;

/** Bytes that are collected up to a limit; more are counted, not kept. */
class Sink {
  private readonly chunks: Uint8Array[] = [];
  private kept = 0;
  overflowed = false;
  constructor(private readonly limit: number) {}

  /** Keeps what fits; returns how many bytes that were. */
  add(bytes: Uint8Array): number {
    const part = bytes.subarray(0, this.limit - this.kept);
    if (part.length < bytes.length) this.overflowed = true;
    if (part.length > 0) this.chunks.push(part.slice());
    this.kept += part.length;
    return part.length;
  }

  /** All kept bytes; without the line end the script puts before a frame, unless that was beyond the limit. */
  bytes(trimLineEnd: boolean): Uint8Array {
    const all = new Uint8Array(this.kept);
    let at = 0;
    for (const chunk of this.chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return trimLineEnd && all.at(-1) === LINE_FEED ? all.subarray(0, -1) : all;
  }
}

interface Open {
  section: string;
  scope: Scope;
  max: number;
  stdout: Sink;
  stderr: Sink | null;
}

/** Incremental reader of one run. Feed it with {@link FrameReader.push}, then call {@link FrameReader.finish} once. */
export class FrameReader {
  private readonly mark: Uint8Array;
  /** Bytes from a possible mark on, whose frame is not complete yet. At most {@link LONGEST_FRAME}. */
  private carry = new Uint8Array(0);
  private open: Open | null = null;
  private readonly sections: SectionResult[] = [];
  private readonly noise = new Sink(NOISE_LIMIT);
  private kept = 0;
  private complete = false;

  constructor(nonce: string) {
    this.mark = encodeUtf8(`\x1e${nonce} `);
  }

  /** Takes the next bytes; returns the sections that ended within them. */
  push(bytes: Uint8Array): SectionResult[] {
    const before = this.sections.length;
    let data = bytes;
    if (this.carry.length > 0) {
      data = new Uint8Array(this.carry.length + bytes.length);
      data.set(this.carry);
      data.set(bytes, this.carry.length);
      this.carry = new Uint8Array(0);
    }
    let from = 0;
    let search = 0;
    while (true) {
      const at = data.indexOf(RECORD_SEPARATOR, search);
      if (at === -1) break;
      const frame = this.frameAt(data, at);
      if (frame === "none") {
        search = at + 1;
        continue;
      }
      this.take(data.subarray(from, at));
      if (frame === "unknown") {
        this.carry = data.slice(at);
        return this.sections.slice(before);
      }
      from = search = at + frame.length;
      if (!this.handle(frame.words)) this.take(data.subarray(at, from));
    }
    this.take(data.subarray(from));
    return this.sections.slice(before);
  }

  /** Ends the run: a section that is still open is closed as cut off. */
  finish(): Collected {
    // What is left is the start of a frame.
    this.carry = new Uint8Array(0);
    this.close(null, null);
    return { sections: [...this.sections], complete: this.complete, noise: decodeUtf8(this.noise.bytes(false)) };
  }

  /** The frame that starts at `at`, `none` when no frame does, `unknown` when more bytes are needed to tell. */
  private frameAt(data: Uint8Array, at: number): { words: string[]; length: number } | "none" | "unknown" {
    const available = Math.min(this.mark.length, data.length - at);
    for (let i = 1; i < available; i++) if (data[at + i] !== this.mark[i]) return "none";
    if (available < this.mark.length) return "unknown";
    const line = data.subarray(at, at + LONGEST_FRAME);
    const end = line.indexOf(LINE_FEED);
    if (end === -1) return line.length < LONGEST_FRAME ? "unknown" : "none";
    return { words: decodeUtf8(line.subarray(this.mark.length, end)).split(" "), length: end + 1 };
  }

  private take(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.open === null) {
      this.noise.add(bytes);
      return;
    }
    const sink = this.open.stderr ?? this.open.stdout;
    this.kept += sink.add(this.kept < TOTAL_LIMIT ? bytes : bytes.subarray(0, 0));
    if (this.kept >= TOTAL_LIMIT) sink.overflowed = true;
  }

  /** Acts on a frame; false when it is none of ours, or not one that can come here. */
  private handle(words: string[]): boolean {
    const [kind, section = "", scope = ""] = words;
    if (kind === "done") {
      this.close(null, null);
      this.complete = true;
      return true;
    }
    if (kind === "begin") {
      if (section === "" || !isScope(scope)) return false;
      // The shell that ran the section before was killed.
      this.close(null, null);
      const max = number(words, "max") ?? SECTION_LIMIT;
      const limit = Math.min(max, SECTION_LIMIT);
      // The line end before the next frame comes on top.
      this.open = { section, scope, max: limit, stdout: new Sink(limit + 2), stderr: null };
      return true;
    }
    if (this.open === null || this.open.section !== section || this.open.scope !== scope) return false;
    if (kind === "err" && this.open.stderr === null) {
      this.open.stderr = new Sink(STDERR_LIMIT + 1);
      return true;
    }
    if (kind === "end" && this.open.stderr !== null) {
      this.close(number(words, "exit"), number(words, "ms"));
      return true;
    }
    return false;
  }

  private close(exit: number | null, ms: number | null): void {
    const open = this.open;
    if (open === null) return;
    this.open = null;
    const ended = open.stderr !== null;
    const stdout = open.stdout.bytes(ended);
    const truncated = open.stdout.overflowed || stdout.length > open.max || exit === null;
    this.sections.push({
      section: open.section,
      scope: open.scope,
      exit,
      ms,
      truncated,
      stdout: decodeUtf8(stdout.subarray(0, open.max)),
      stderr: open.stderr === null ? "" : decodeUtf8(open.stderr.bytes(exit !== null).subarray(0, STDERR_LIMIT)),
    });
  }
}

function isScope(text: string): text is Scope {
  return text === "node" || /^netns:[0-9]+$/.test(text);
}

function number(words: string[], key: string): number | null {
  const word = words.find((candidate) => candidate.startsWith(`${key}=`));
  if (word === undefined || !/^[0-9]{1,15}$/.test(word.slice(key.length + 1))) return null;
  return Number(word.slice(key.length + 1));
}
