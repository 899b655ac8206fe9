/** Streams in which a marker line (`#dev eth0 ingress`, `#prog 12`) says what the output after it is about. */
import { quote, type Warnings } from "./warnings.ts";

export interface Part {
  /** Words after the marker. */
  words: string[];
  /** Everything up to the next marker. */
  body: string;
}

/**
 * Cuts `text` at lines that start with `marker` and a blank. Text before the first one belongs to
 * nothing and is reported. A name with blanks cannot occur: the kernel refuses it for interfaces.
 */
export function splitMarked(text: string, marker: string, warnings: Warnings): Part[] {
  const pieces = `\n${text}`.split(`\n${marker} `);
  const before = pieces.shift()?.trim() ?? "";
  if (before !== "") warnings.add("text-before-marker", `Output before the first ${marker} line: ${quote(before)}.`);
  return pieces.map((piece) => {
    const end = piece.indexOf("\n");
    const head = end < 0 ? piece : piece.slice(0, end);
    return { words: head.trim().split(/\s+/), body: end < 0 ? "" : piece.slice(end + 1) };
  });
}
