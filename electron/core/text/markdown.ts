/**
 * Untrusted text in a Markdown file: it stays text. Nothing of it becomes a heading, a link, an image, HTML or a line of
 * its own, whoever renders it.
 */
import { visibleText } from "./visible.ts";

/** What means something wherever it stands; an underscore only beside a word. */
const ANYWHERE = /[\\`*[\]<>#|~&@$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;
/** What makes a list, a heading or a rule where a line, or an item of a list, begins. */
const AT_START = /^(\s*)([-+=:]|\d+(?=[.)]))/;

/** As part of a line. */
export function markdownText(text: string): string {
  return (
    visibleText(text)
      .replace(ANYWHERE, (char) => `\\${char}`)
      // GitHub makes links of these by itself (GFM 6.9).
      .replaceAll("://", "\\://")
      .replace(/\bwww\./gi, (www) => `${www.slice(0, -1)}\\.`)
      .replace(AT_START, (_, space: string, mark: string) =>
        /\d/.test(mark) ? `${space}${mark}\\` : `${space}\\${mark}`,
      )
  );
}

/** As a block of code, several lines. */
export function markdownCode(text: string): string {
  const shown = visibleText(text, true);
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${shown.replace(/\n+$/, "")}\n${fence}`;
}
