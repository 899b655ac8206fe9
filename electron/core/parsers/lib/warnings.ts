/**
 * Collects a parser's warnings and keeps their number small: a node with ten thousand odd rows gives
 * a readable list, and the last entry says how many more there were.
 */
import type { Warning } from "../../parse.ts";

/** Warnings kept one by one; the rest are only counted. */
const LIMIT = 40;
/** Node text quoted in a message is cut to this many characters. */
const QUOTE = 80;

export class Warnings {
  private readonly kept: Warning[] = [];
  private more = 0;

  /** Adds a remark; `path` is left out when the whole input is meant. */
  add(code: string, message: string, path?: string): void {
    if (this.kept.length >= LIMIT) this.more += 1;
    else this.kept.push(path ? { code, message, path } : { code, message });
  }

  /** Everything added so far, in order. */
  list(): Warning[] {
    if (this.more === 0) return [...this.kept];
    return [...this.kept, { code: "more-warnings", message: `${this.more} more remarks of this kind were left out.` }];
  }
}

/** A short piece of node text for a message, in quotes. */
export function quote(text: string): string {
  const cut = text.length > QUOTE ? `${text.slice(0, QUOTE)}…` : text;
  return `"${cut}"`;
}
