/** Where the window was, kept in one small file. What cannot be read or is off the screen is forgotten. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Rectangle } from "electron";

/** Whole numbers of a size that some screen could have. */
const LIMITS = { x: [-100_000, 100_000], y: [-100_000, 100_000], width: [640, 20_000], height: [480, 20_000] } as const;

const FIRST = { width: 1440, height: 900 };

/** The bounds to open with: the kept ones where most of the window would be on a display. */
export function readWindowState(file: string, displays: readonly Rectangle[]): Partial<Rectangle> {
  try {
    const kept: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isRectangle(kept) && displays.some((display) => showsMostOf(kept, display)) ? kept : FIRST;
  } catch {
    return FIRST;
  }
}

export function writeWindowState(file: string, { x, y, width, height }: Rectangle): void {
  try {
    writeFileSync(file, JSON.stringify({ x, y, width, height }), { mode: 0o600 });
  } catch {
    // The window opens at its first place next time.
  }
}

function isRectangle(value: unknown): value is Rectangle {
  if (typeof value !== "object" || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  return Object.entries(LIMITS).every(([name, [least, most]]) => {
    const field = fields.get(name);
    return Number.isInteger(field) && Number(field) >= least && Number(field) <= most;
  });
}

function showsMostOf(window: Rectangle, display: Rectangle): boolean {
  const overlap = (a: number, aSize: number, b: number, bSize: number) =>
    Math.max(0, Math.min(a + aSize, b + bSize) - Math.max(a, b));
  const width = overlap(window.x, window.width, display.x, display.width);
  const height = overlap(window.y, window.height, display.y, display.height);
  return width * height * 2 > window.width * window.height;
}
