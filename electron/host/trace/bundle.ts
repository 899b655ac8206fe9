/** What the bundled tracers say of themselves (`npm run build:tracers`). Nothing here touches a node. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type TracerManifest, tracerManifest } from "../../core/trace/manifest.ts";
import { bundleDamaged } from "../tools/lend-binary.ts";

/** Of every tracer that ships with this installation; none where it was made without. Throws `bundle-damaged`. */
export async function readManifests(tracersDir: string): Promise<TracerManifest[]> {
  const file = join(tracersDir, "tracers.json");
  const text = await readFile(file, "utf8").catch(() => null);
  if (text === null) return [];
  try {
    return z.array(tracerManifest).parse(JSON.parse(text));
  } catch (error) {
    throw bundleDamaged(`The list of tracers in ${file} is not one.`, error);
  }
}
