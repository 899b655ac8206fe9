/**
 * Untrusted text made visible: control characters and characters that reorder or hide text are
 * replaced by a glyph that shows they are there. Every way out to a person (page, terminal) uses it.
 */

/** A run of text; `unsafe` names the character that was replaced, e.g. `U+202E`. */
export interface TextPart {
  text: string;
  unsafe: string | null;
}

// Controls, bidi marks and overrides, unpaired surrogates, line and paragraph separators, and
// whatever Unicode says is drawn as nothing.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Splits text into safe runs and replaced characters. `keepLines` lets line feeds and tabs through. */
export function visibleParts(text: string, keepLines = false): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(UNSAFE)) {
    const char = match[0];
    if (keepLines && (char === "\n" || char === "\t")) continue;
    if (match.index > from) parts.push({ text: text.slice(from, match.index), unsafe: null });
    parts.push({ text: glyph(char), unsafe: codePoint(char) });
    from = match.index + char.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), unsafe: null });
  return parts;
}

/** The same as one plain string, for titles, labels and the clipboard's tables. */
export function visibleText(text: string, keepLines = false): string {
  return visibleParts(text, keepLines)
    .map((part) => part.text)
    .join("");
}

/** U+0000–U+001F have pictures of their own (U+2400 block); everything else shows its code point. */
function glyph(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? "\u2421" : `‹${codePoint(char)}›`;
}

function codePoint(char: string): string {
  return `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
