/** Where the window was, kept in one small file. What cannot be read or is off the screen is forgotten. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Rectangle } from "electron";
import { z } from "zod";

const coordinate = z.number().int().min(-100_000).max(100_000);
const bounds = z.object({
  x: coordinate,
  y: coordinate,
  width: z.number().int().min(640).max(20_000),
  height: z.number().int().min(480).max(20_000),
});

const FIRST = { width: 1440, height: 900 };

/** The bounds to open with: the kept ones where most of the window would be on a display. */
export function readWindowState(file: string, displays: readonly Rectangle[]): Partial<Rectangle> {
  try {
    const kept = bounds.parse(JSON.parse(readFileSync(file, "utf8")));
    return displays.some((display) => showsMostOf(kept, display)) ? kept : FIRST;
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

function showsMostOf(window: Rectangle, display: Rectangle): boolean {
  const overlap = (a: number, aSize: number, b: number, bSize: number) =>
    Math.max(0, Math.min(a + aSize, b + bSize) - Math.max(a, b));
  const width = overlap(window.x, window.width, display.x, display.width);
  const height = overlap(window.y, window.height, display.y, display.height);
  return width * height * 2 > window.width * window.height;
}
