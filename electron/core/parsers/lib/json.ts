/**
 * Reads the JSON that tools on nodes really print. Linear in the input, never throws.
 *
 * Why not `JSON.parse` or a library: none gives all three of these, and each is needed daily.
 * - Partial results: output cut at a size or time limit keeps its good rows (`cut` names the
 *   containers that never ended, so that a half row is never taken for a whole one).
 * - Lossless integers: beyond 2^53 an integer comes back as its decimal text, not as a rounded number.
 * - Tolerance for known writers: text before, between and after documents; trailing commas; bpftool's
 *   `["id":7]` (net.c writes a pair into a list when a flow dissector is attached); bpftool's error
 *   object in the middle of another object; `\'` as bpftool's and iproute2's json_writer.c escape it;
 *   U+2002 and other Unicode blanks of pasted text.
 *
 * It is not a validator: what it repairs it reports, what it cannot repair ends that document. It does
 * not accept comments, single quotes or unquoted keys; no tool prints them.
 */
import type { Warning } from "../../parse.ts";
import { CLOSE_LIST, CLOSE_OBJECT, NEWLINE, OPEN_LIST, OPEN_OBJECT, Stop } from "./json-scanner.ts";
import { type Json, ValueReader } from "./json-values.ts";
import { quote } from "./warnings.ts";

export type { Json, JsonObject } from "./json-values.ts";

export interface JsonRead {
  /** Top-level values in order; usually one. */
  documents: Json[];
  /** Containers whose end was never read. */
  cut: ReadonlySet<object>;
  warnings: Warning[];
}

/** Reads every JSON document in `text`. */
export function readJson(text: string): JsonRead {
  return new DocumentReader(text).run();
}

class DocumentReader extends ValueReader {
  private readonly documents: Json[] = [];
  private readonly cut = new Set<object>();
  /** After a broken document its own inner lines must not pass for documents: only column 0 counts then. */
  private broken = false;

  run(): JsonRead {
    const bare = this.text.trim();
    if (bare === "null" || bare === "true" || bare === "false") {
      this.documents.push(bare === "null" ? null : bare === "true");
      return this.result();
    }
    let noise = "";
    for (;;) {
      this.blanks();
      if (this.at >= this.text.length) break;
      const start = this.at;
      if (this.startsDocument(start)) {
        if (!this.document() && this.documents.length === 0) noise ||= this.lineAt(start);
      } else {
        // What follows a broken document is its rest.
        noise ||= this.broken ? "" : this.lineAt(start);
      }
      if (this.at === start || !this.onlyBlanksBefore(this.at)) this.nextLine();
    }
    if (this.documents.length === 0 && noise) this.fromMidLine();
    if (noise && this.documents.length > 0) {
      this.warnings.add("json-with-noise", `Text that is not JSON was skipped: ${quote(noise)}.`);
    }
    return this.result();
  }

  private result(): JsonRead {
    return { documents: this.documents, cut: this.cut, warnings: this.warnings.list() };
  }

  /** A last try for output whose JSON begins in the middle of a line: the first `[{`, `{"` or `[]`. */
  private fromMidLine(): void {
    const found = this.text.search(/\[\s*\{\s*"|\{\s*"|\[\s*\]/);
    if (found < 0) return;
    this.at = found;
    this.document();
  }

  /** Reads one document at `at`. False when what was there turned out to be no JSON. */
  private document(): boolean {
    this.path.length = 0;
    this.open.length = 0;
    const from = this.at;
    const name = this.documents.length === 0 ? "" : `document ${this.documents.length + 1} `;
    let root: Json | null = null;
    try {
      root = this.value((container) => {
        root ??= container;
      });
    } catch (stop) {
      if (!(stop instanceof Stop)) throw stop;
      const atEnd = this.at >= this.text.length;
      if (root === null || (!atEnd && isEmpty(root))) return false;
      for (const container of this.open) this.cut.add(container);
      const code = atEnd ? "json-truncated" : "json-invalid";
      this.warnings.add(
        code,
        `${stop.reason} (character ${this.at}); what was read before is kept.`,
        name + this.where(),
      );
      this.documents.push(root);
      this.broken = true;
      return true;
    }
    // A log line such as "[12.5] something" is a list too; a document of a tool ends its line.
    if (!this.endsLine() && !holdsRows(root)) return false;
    if (root !== null) this.documents.push(root);
    return this.at > from;
  }

  private startsDocument(at: number): boolean {
    const code = this.text.charCodeAt(at);
    if (code !== OPEN_LIST && code !== OPEN_OBJECT) return false;
    return !this.broken || at === 0 || this.text.charCodeAt(at - 1) === NEWLINE;
  }

  private endsLine(): boolean {
    for (let i = this.at; i < this.text.length; i += 1) {
      const code = this.text.charCodeAt(i);
      if (code === NEWLINE) return true;
      if (code !== 0x20 && code !== 0x0d && code !== 0x09) return this.startsDocument(i);
    }
    return true;
  }

  /** True when a document may start at `at`: right after another one, or at the start of a line. */
  private onlyBlanksBefore(at: number): boolean {
    for (let i = at - 1; i >= 0; i -= 1) {
      const code = this.text.charCodeAt(i);
      if (code === NEWLINE || code === CLOSE_LIST || code === CLOSE_OBJECT) return true;
      if (code !== 0x20 && code !== 0x0d && code !== 0x09) return false;
    }
    return true;
  }

  private nextLine(): void {
    const end = this.text.indexOf("\n", this.at);
    this.at = end < 0 ? this.text.length : end + 1;
  }

  private lineAt(at: number): string {
    const end = this.text.indexOf("\n", at);
    return this.text.slice(at, end < 0 ? at + 200 : Math.min(end, at + 200)).trimEnd();
  }
}

function isEmpty(value: Json): boolean {
  return value === null || typeof value !== "object" || Object.keys(value).length === 0;
}

function holdsRows(value: Json): boolean {
  if (value === null || typeof value !== "object") return false;
  return !Array.isArray(value) || value.some((row) => row !== null && typeof row === "object");
}
