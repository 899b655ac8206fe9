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
import { quote, Warnings } from "./warnings.ts";

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export interface JsonRead {
  /** Top-level values in order; usually one. */
  documents: Json[];
  /** Containers whose end was never read. */
  cut: ReadonlySet<object>;
  warnings: Warning[];
}

/** Deeper nesting than this ends the document: no tool comes near it, and recursion stays safe. */
const MAX_DEPTH = 128;
/** Paths in warnings end about here (in characters). */
const MAX_PATH = 80;

/** Reads every JSON document in `text`. */
export function readJson(text: string): JsonRead {
  return new Reader(text).run();
}

/** Where reading a document stopped. Internal: never leaves this file. */
class Stop {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const NEWLINE = 0x0a;

const NUMBER = /-?(?:\d+)(\.\d+)?([eE][+-]?\d+)?/y;
const WORD = /[A-Za-z]+/y;
const WORDS: Record<string, Json> = { true: true, false: false, null: null, nan: null, NaN: null, inf: null };
const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

class Reader {
  private readonly text: string;
  private at = 0;
  private readonly warnings = new Warnings();
  private readonly documents: Json[] = [];
  private readonly cut = new Set<object>();
  /** Keys and indexes from the document's root to the place being read. */
  private readonly path: (string | number)[] = [];
  private readonly open: object[] = [];
  private readonly repaired = new Set<string>();
  /** After a broken document its own inner lines must not pass for documents: only column 0 counts then. */
  private broken = false;

  constructor(text: string) {
    this.text = text;
  }

  run(): JsonRead {
    const bare = this.text.trim();
    if (bare === "null" || bare === "true" || bare === "false") {
      this.documents.push(WORDS[bare] ?? null);
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

  private value(started?: (container: Json[] | JsonObject) => void): Json {
    const code = this.text.charCodeAt(this.at);
    if (code === OPEN_OBJECT) return this.object(started);
    if (code === OPEN_LIST) return this.list(started);
    if (code === QUOTE) return this.string();
    if (code === 0x2d || (code >= 0x30 && code <= 0x39)) return this.number();
    return this.word();
  }

  private object(started?: (container: JsonObject) => void): JsonObject {
    const result: JsonObject = {};
    this.enter(result);
    started?.(result);
    this.at += 1;
    this.blanks();
    if (this.take(CLOSE_OBJECT)) return this.leave(result);
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === QUOTE) this.pair(result);
      else if (code === OPEN_OBJECT) this.strayObject(result);
      else throw this.stop("A member name was expected");
      this.blanks();
      if (this.take(COMMA)) {
        this.blanks();
        if (!this.take(CLOSE_OBJECT)) continue;
        this.repair("trailing-comma", "A comma stands before a closing bracket.");
        return this.leave(result);
      }
      if (this.take(CLOSE_OBJECT)) return this.leave(result);
      throw this.stop("A comma or } was expected");
    }
  }

  /** Reads `"name": value` into `target`. */
  private pair(target: JsonObject, name = this.string()): void {
    this.blanks();
    if (!this.take(COLON)) throw this.stop("A colon was expected");
    this.blanks();
    this.path.push(name);
    // Assigned at once, so that a cut document keeps the part of this member that was read.
    const done = this.value((container) => put(target, name, container));
    put(target, name, done);
    this.path.pop();
  }

  /** bpftool's p_err() writes `{"error": …}` wherever the writer stands, also where a member belongs. */
  private strayObject(target: JsonObject): void {
    const stray = this.object();
    for (const [name, value] of Object.entries(stray)) if (!Object.hasOwn(target, name)) put(target, name, value);
    this.repair("stray-object", "An object stands where a member belongs; its members were taken over.");
  }

  private list(started?: (container: Json[]) => void): Json[] {
    const result: Json[] = [];
    this.enter(result);
    started?.(result);
    this.at += 1;
    this.blanks();
    if (this.take(CLOSE_LIST)) return this.leave(result);
    for (;;) {
      this.path.push(result.length);
      this.element(result);
      this.path.pop();
      this.blanks();
      if (this.take(COMMA)) {
        this.blanks();
        if (!this.take(CLOSE_LIST)) continue;
        this.repair("trailing-comma", "A comma stands before a closing bracket.");
        return this.leave(result);
      }
      if (this.take(CLOSE_LIST)) return this.leave(result);
      throw this.stop("A comma or ] was expected");
    }
  }

  private element(list: Json[]): void {
    const slot = list.length;
    const value = this.value((container) => list.push(container));
    if (list.length === slot) {
      if (typeof value === "string" && this.followedByColon()) {
        const object: JsonObject = {};
        list.push(object);
        this.open.push(object);
        this.pair(object, value);
        this.open.pop();
        this.repair("pair-in-list", `A list holds a name and a value (${quote(value)}); read as an object.`);
        return;
      }
      list.push(value);
    }
  }

  private followedByColon(): boolean {
    this.blanks();
    return this.text.charCodeAt(this.at) === COLON;
  }

  private string(): string {
    const { text } = this;
    let from = this.at + 1;
    let result = "";
    for (let i = from; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code === QUOTE) {
        this.at = i + 1;
        return result + text.slice(from, i);
      }
      if (code === NEWLINE) {
        // Every writer escapes newlines: a bare one means that the string never ended.
        this.at = i;
        throw this.stop("A string does not end on its line");
      }
      if (code !== BACKSLASH) continue;
      result += text.slice(from, i);
      i += 1;
      const escaped = text[i];
      if (escaped === undefined) break;
      if (escaped === "u") {
        const hex = text.slice(i + 1, i + 5);
        if (/^[0-9a-fA-F]{4}$/.test(hex)) {
          result += String.fromCharCode(Number.parseInt(hex, 16));
          i += 4;
        } else {
          result += "\\u";
        }
      } else {
        result += ESCAPES[escaped] ?? escaped;
      }
      from = i + 1;
    }
    this.at = text.length;
    throw this.stop("The output ends inside a string");
  }

  private number(): Json {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (!match) throw this.stop("A number was expected");
    const [digits, fraction, exponent] = match;
    this.at += digits.length;
    // A number at the very end may have lost digits.
    if (this.at >= this.text.length) throw this.stop("The output ends inside a number");
    const value = Number(digits);
    if (fraction === undefined && exponent === undefined && !Number.isSafeInteger(value)) return digits;
    return Number.isFinite(value) ? value : digits;
  }

  private word(): Json {
    WORD.lastIndex = this.at;
    const word = WORD.exec(this.text)?.[0];
    if (word === undefined) throw this.stop(this.at >= this.text.length ? "The output ends" : "A value was expected");
    if (!Object.hasOwn(WORDS, word)) {
      if (this.at + word.length >= this.text.length) this.at = this.text.length;
      throw this.stop(`${quote(word)} is no JSON value`);
    }
    this.at += word.length;
    return WORDS[word] ?? null;
  }

  private enter(container: object): void {
    if (this.open.length >= MAX_DEPTH) throw this.stop(`Nested deeper than ${MAX_DEPTH} levels`);
    this.open.push(container);
  }

  private leave<T>(container: T): T {
    this.open.pop();
    return container;
  }

  private take(code: number): boolean {
    if (this.text.charCodeAt(this.at) !== code) return false;
    this.at += 1;
    return true;
  }

  private blanks(): void {
    const { text } = this;
    for (; this.at < text.length; this.at += 1) {
      const code = text.charCodeAt(this.at);
      if (code === 0x20 || code === NEWLINE || code === 0x0d || code === 0x09) continue;
      if (!isUnicodeBlank(code)) return;
      this.repair("unicode-blank", "Blanks that JSON does not know (such as U+2002) were read as blanks.");
    }
  }

  private stop(reason: string): Stop {
    return new Stop(this.at >= this.text.length && !reason.startsWith("The output") ? "The output ends early" : reason);
  }

  /** Reports a kind of repair once, at its first place. */
  private repair(code: string, message: string): void {
    if (this.repaired.has(code)) return;
    this.repaired.add(code);
    this.warnings.add(code, message, this.where());
  }

  private where(): string {
    return formatPath(this.path);
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

/** `[3].options.prog` from `[3, "options", "prog"]`; a very long path is cut. */
function formatPath(path: readonly (string | number)[]): string {
  let text = "";
  for (const step of path) {
    if (text.length > MAX_PATH) return `${text}…`;
    text += typeof step === "number" ? `[${step}]` : text === "" ? step : `.${step}`;
  }
  return text;
}

/** Sets a member without touching the prototype, whatever its name. */
function put(target: JsonObject, name: string, value: Json): void {
  if (name === "__proto__") {
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[name] = value;
  }
}

function isUnicodeBlank(code: number): boolean {
  return code === 0xa0 || (code >= 0x2000 && code <= 0x200b) || code === 0x202f || code === 0x3000 || code === 0xfeff;
}

function isEmpty(value: Json): boolean {
  return value === null || typeof value !== "object" || Object.keys(value).length === 0;
}

function holdsRows(value: Json): boolean {
  if (value === null || typeof value !== "object") return false;
  return !Array.isArray(value) || value.some((row) => row !== null && typeof row === "object");
}
