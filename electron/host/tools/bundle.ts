/**
 * The bundled bpftool as files of this installation (`npm run build:tools`): manifest, archive, and its
 * members for nodes without tar. Nothing here touches a node.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { BpfdeskError } from "../../core/errors.ts";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

const manifestSchema = z.object({
  version: z.string().min(1),
  arch: z.enum(["x86_64", "arm64"]),
  bytes: z.int().positive(),
  sha256: hash,
  unpacked_bytes: z.int().positive(),
  /** Path within the archive → SHA256. */
  files: z.record(z.string().regex(/^(?:lib\/)?[A-Za-z0-9][A-Za-z0-9._+-]*$/), hash),
});
type ToolManifest = z.output<typeof manifestSchema>;

export interface Bundle {
  manifest: ToolManifest;
  archive: Uint8Array;
}

/** Reads and checks the bundle of one architecture. Throws `bpftool-not-bundled` or `bundle-damaged`. */
export async function readBundle(toolsDir: string, arch: "x86_64" | "arm64"): Promise<Bundle> {
  const folder = path.join(toolsDir, arch);
  const [text, archive] = await Promise.all([
    readFile(path.join(folder, "manifest.json"), "utf8").catch(() => null),
    readFile(path.join(folder, "bpftool.tar.gz")).catch(() => null),
  ]);
  if (text === null || archive === null) {
    throw new BpfdeskError({
      code: "bpftool-not-bundled",
      message: `This installation holds no bpftool for ${arch}.`,
      hint: "Make it with npm run build:tools (on Debian), or install bpftool on the node.",
    });
  }
  let manifest: ToolManifest | null = null;
  try {
    manifest = manifestSchema.parse(JSON.parse(text));
  } catch {
    // Said below, together with the archive that does not match.
  }
  if (manifest === null || createHash("sha256").update(archive).digest("hex") !== manifest.sha256) {
    throw new BpfdeskError({
      code: "bundle-damaged",
      message: `The bundled bpftool in ${folder} does not match its manifest.`,
      hint: "Make it again with npm run build:tools.",
    });
  }
  return { manifest, archive };
}

/** The members of the bundle's archive, which is ustar with plain files only. */
export function unpackBundle(bundle: Bundle): Map<string, Uint8Array> {
  const tar = gunzipSync(bundle.archive);
  const members = new Map<string, Uint8Array>();
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const name = tar.toString("latin1", at, at + 100).replace(/\0.*$/s, "");
    const size = Number.parseInt(tar.toString("latin1", at + 124, at + 136), 8);
    members.set(name, tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return members;
}
