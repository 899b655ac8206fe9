/**
 * Sizes: how wide text is and how big things are drawn, in CSS pixels at 100 % zoom.
 *
 * Text is set in one monospaced font, so its width is its length. Estimated a little wide, and the
 * view cuts what is longer, so that an unusual font cannot make boxes overlap.
 */

/** The numbers a view has to share with the layout (the styles of the picture use the same). */
export const SIZE = {
  head: 236,
  group: 30,
  idle_row: 24,
  /** From a row's top to its tracks, and from them to its bottom. */
  row_pad: 4,
  /** Caption of a track. */
  caption: 17,
  track_pad: 7,
  /** Between tracks. */
  track_gap: 14,
  entry: 58,
  small: 42,
  /** What a line of fold buttons adds to a box. */
  folds: 17,
  map: 18,
  map_gap: 2,
  /** Between boxes of a chain: room for an arrow and a verdict. */
  chain_gap: 62,
  /** Between boxes without an arrow. */
  plain_gap: 10,
  layer_gap: 54,
  layer_space: 10,
  exit: 76,
  box_min: 164,
  box_max: 312,
} as const;

/** Advance of a character as a part of the font size; DejaVu Sans Mono and most others have 0.6. */
const ADVANCE = 0.605;

/** Width of one line of text. Counts code points: node text is mostly ASCII. */
export function textWidth(text: string, font_px: number): number {
  return Math.ceil([...text].length * font_px * ADVANCE);
}

/** Cuts to `max` characters, with an ellipsis when something is lost. */
export function shorten(text: string, max: number): string {
  const characters = [...text];
  return characters.length <= max ? text : `${characters.slice(0, max - 1).join("")}…`;
}

/** `1234567` as `1.2M`. Takes decimal text, because counters may exceed 2^53. */
export function compactCount(decimal: string): string {
  const value = Number(decimal);
  if (!Number.isFinite(value)) return "";
  const units: [number, string][] = [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ];
  for (const [size, unit] of units)
    if (value >= size) return `${value >= size * 100 ? Math.round(value / size) : (value / size).toFixed(1)}${unit}`;
  return String(value);
}
