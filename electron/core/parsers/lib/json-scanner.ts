/**
 * The smallest pieces of JSON: blanks, strings, numbers, words, and where reading stopped. Knows nothing
 * of lists, objects or documents.
 */
import { quote } from "./warnings.ts";

export type Scalar = null | boolean | number | string;

/** Thrown where a document cannot be read further; caught by the reader of documents, never leaves it. */
export class Stop {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

export const QUOTE = 0x22;
const BACKSLASH = 0x5c;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
export const NEWLINE = 0x0a;

const NUMBER = /-?(?:\d+)(\.\d+)?([eE][+-]?\d+)?/y;
const WORD = /[A-Za-z]+/y;
const WORDS: Record<string, Scalar> = { true: true, false: false, null: null, nan: null, NaN: null, inf: null };
const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

export abstract class Scanner {
  protected readonly text: string;
  /** Position of the next character. */
  protected at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Called for something odd that was understood anyway. */
  protected abstract repair(code: string, message: string): void;

  protected string(): string {
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

  protected number(): Scalar {
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

  protected word(): Scalar {
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

  protected take(code: number): boolean {
    if (this.text.charCodeAt(this.at) !== code) return false;
    this.at += 1;
    return true;
  }

  protected blanks(): void {
    const { text } = this;
    for (; this.at < text.length; this.at += 1) {
      const code = text.charCodeAt(this.at);
      if (code === 0x20 || code === NEWLINE || code === 0x0d || code === 0x09) continue;
      if (!isUnicodeBlank(code)) return;
      this.repair("unicode-blank", "Blanks that JSON does not know (such as U+2002) were read as blanks.");
    }
  }

  protected stop(reason: string): Stop {
    return new Stop(this.at >= this.text.length && !reason.startsWith("The output") ? "The output ends early" : reason);
  }
}

function isUnicodeBlank(code: number): boolean {
  return code === 0xa0 || (code >= 0x2000 && code <= 0x200b) || code === 0x202f || code === 0x3000 || code === 0xfeff;
}
