/**
 * The bundled tracers as files of this installation (`npm run build:tracers`): their manifests, and a binary an
 * architecture. Nothing here touches a node.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { BpfdeskError } from "../../core/errors.ts";
import { type TracerManifest, tracerManifest } from "../../core/trace/manifest.ts";

/** Of every tracer that ships with this installation; none where it was made without. Throws `bundle-damaged`. */
export async function readManifests(tracersDir: string): Promise<TracerManifest[]> {
  const file = join(tracersDir, "tracers.json");
  const text = await readFile(file, "utf8").catch(() => null);
  if (text === null) return [];
  try {
    return z.array(tracerManifest).parse(JSON.parse(text));
  } catch (error) {
    throw new BpfdeskError({
      code: "bundle-damaged",
      message: `The list of tracers in ${file} is not one.`,
      hint: "Make it again with npm run build:tracers.",
      cause: error instanceof Error ? error.message.slice(0, 1000) : String(error),
    });
  }
}
