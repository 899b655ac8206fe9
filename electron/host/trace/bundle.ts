/**
 * The bundled tracers as files of this installation (`npm run build:tracers`): their manifests, and a binary an
 * architecture. Nothing here touches a node.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { BpfdeskError } from "../../core/errors.ts";
import { type TracerManifest, tracerManifest } from "../../core/trace/manifest.ts";

type Arch = "x86_64" | "arm64";

const binaryManifest = z.object({
  version: z.string().min(1),
  arch: z.enum(["x86_64", "arm64"]),
  bytes: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

export interface TracerBinary {
  sha256: string;
  bytes: Uint8Array;
}

const BUILD = "npm run build:tracers";

/** Of every tracer that ships with this installation; none where it was made without. Throws `bundle-damaged`. */
export async function readManifests(tracersDir: string): Promise<TracerManifest[]> {
  const file = join(tracersDir, "tracers.json");
  const text = await readFile(file, "utf8").catch(() => null);
  if (text === null) return [];
  try {
    return z.array(tracerManifest).parse(JSON.parse(text));
  } catch (error) {
    throw damaged(`The list of tracers in ${file} is not one.`, error);
  }
}

/** So many bytes a node needs for the largest of them. Throws `tracers-not-bundled` when there is none. */
export async function bytesNeeded(tracersDir: string): Promise<number> {
  const sizes = await Promise.all(
    (["x86_64", "arm64"] as const).map((arch) =>
      readFile(join(tracersDir, arch, "manifest.json"), "utf8").then(
        (text) => binaryManifest.parse(JSON.parse(text)).bytes,
        () => 0,
      ),
    ),
  );
  const most = Math.max(...sizes);
  if (most > 0) return most;
  throw notBundled("This installation holds no tracers.");
}

/** Reads and checks the binary of one architecture. Throws `tracers-not-bundled` or `bundle-damaged`. */
export async function readBinary(tracersDir: string, arch: Arch): Promise<TracerBinary> {
  const folder = join(tracersDir, arch);
  const [text, bytes] = await Promise.all([
    readFile(join(folder, "manifest.json"), "utf8").catch(() => null),
    readFile(join(folder, "bpfdesk-tracer")).catch(() => null),
  ]);
  if (text === null || bytes === null) throw notBundled(`This installation holds no tracers for ${arch}.`);
  try {
    const { sha256 } = binaryManifest.parse(JSON.parse(text));
    if (createHash("sha256").update(bytes).digest("hex") === sha256) return { sha256, bytes };
  } catch (error) {
    throw damaged(`The manifest of the tracers in ${folder} is not one.`, error);
  }
  throw damaged(`The tracers in ${folder} do not match their manifest.`);
}

function notBundled(message: string): BpfdeskError {
  return new BpfdeskError({
    code: "tracers-not-bundled",
    message,
    hint: `Make them with ${BUILD} (on Debian).`,
  });
}

function damaged(message: string, error?: unknown): BpfdeskError {
  return new BpfdeskError({
    code: "bundle-damaged",
    message,
    hint: `Make it again with ${BUILD}.`,
    ...(error === undefined ? {} : { cause: String(error).slice(0, 1000) }),
  });
}
