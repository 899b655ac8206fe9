/**
 * What a person types to name several targets, taken apart: words between commas, spaces and lines, `!` before
 * a word that takes away. Pure text; looks nothing up.
 */
import { hostPart } from "./parts.ts";

export interface Word {
  /** As typed, without the `!`. */
  text: string;
  /** It takes away what it names. */
  not: boolean;
  /** `exact` is taken as it is: the name of a record, this machine. Never read from a text. */
  kind: "target" | "pattern" | "group" | "file" | "exact";
}

/** The words of a text, in order. */
export function readWords(text: string): Word[] {
  return text.split(/[\s,]+/).flatMap((word) => (word === "" ? [] : [readWord(word)]));
}

export function readWord(typed: string): Word {
  const not = typed.startsWith("!");
  const text = not ? typed.slice(1) : typed;
  return { text, not, kind: kindOf(text) };
}

/** True for words that name one target outright: no list, pattern, group or file. */
export function isOneTarget([word, ...more]: readonly Word[]): boolean {
  return word !== undefined && more.length === 0 && !word.not && (word.kind === "target" || word.kind === "exact");
}

function kindOf(text: string): Word["kind"] {
  if (text.startsWith("@")) return "file";
  if (text.startsWith("group:")) return "group";
  return /[*?]/.test(hostPart(text)) ? "pattern" : "target";
}
