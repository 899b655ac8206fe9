/**
 * Lends a node one static binary of this installation: read and checked here, put in a private folder, hashed by the node
 * before each use, taken away with the connection.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { toolArch } from "../../core/collect/needs-bpftool.ts";
import { BpfdeskError } from "../../core/errors.ts";
import type { LentBinary } from "../session/work.ts";
import type { NodeTransport } from "../transport/types.ts";
import { type CheckedTool, checkBeforeUse } from "./checked.ts";
import { lendFolder } from "./folder.ts";

export interface BinaryKind {
  what: CheckedTool["what"];
  file: string;
  /** In a sentence: "the tracers", "tracers". */
  plural: string;
  /** Code of the error when this installation has none. */
  not_bundled: string;
  /** What an architecture without it means. */
  without: string;
}

export interface LendOptions {
  /** Folder with a folder an architecture. */
  dir: string;
  signal: AbortSignal;
  /** Where to try on the node. */
  candidates?: readonly string[];
}

type Arch = "x86_64" | "arm64";

const binaryManifest = z.object({
  version: z.string().min(1),
  arch: z.enum(["x86_64", "arm64"]),
  bytes: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Of `npm run build:tracers`, which builds all of them. */
const BUILD = "npm run build:tracers";
const SPARE_BYTES = 512 * 1024;

/**
 * Two round trips. Rejects with the kind's `not_bundled`, `bundle-damaged`, `arch-unknown`, `no-place`, `upload-failed`, or
 * the transport's own error. Nothing is left on the node then.
 */
export async function lendBinary(
  transport: NodeTransport,
  kind: BinaryKind,
  options: LendOptions,
): Promise<LentBinary> {
  const { dir, signal, candidates } = options;
  const bytes = (await bytesNeeded(dir, kind)) + SPARE_BYTES;
  const folder = await lendFolder(transport, { what: kind.what, bytes, signal, candidates });
  try {
    const arch = toolArch(folder.machine);
    if (arch === null) throw archUnknown(transport.host, folder.machine, kind);
    const binary = await readBinary(dir, arch, kind);
    const path = `${folder.path}/${kind.file}`;
    await transport.upload(binary.bytes, path, 0o700, signal);
    const { remove } = folder;
    const files = { [kind.file]: binary.sha256 };
    checkBeforeUse(transport, { what: kind.what, path, folder: folder.path, files, remove });
    return {
      path,
      remove,
      get gone() {
        return folder.gone;
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

/** For the largest of them. */
async function bytesNeeded(dir: string, kind: BinaryKind): Promise<number> {
  const sizes = await Promise.all(
    (["x86_64", "arm64"] as const).map((arch) =>
      readFile(join(dir, arch, "manifest.json"), "utf8").then(
        (text) => binaryManifest.parse(JSON.parse(text)).bytes,
        () => 0,
      ),
    ),
  );
  const most = Math.max(...sizes);
  if (most > 0) return most;
  throw notBundled(`This installation holds no ${kind.plural}.`, kind);
}

async function readBinary(dir: string, arch: Arch, kind: BinaryKind): Promise<{ sha256: string; bytes: Uint8Array }> {
  const folder = join(dir, arch);
  const [text, bytes] = await Promise.all([
    readFile(join(folder, "manifest.json"), "utf8").catch(() => null),
    readFile(join(folder, kind.file)).catch(() => null),
  ]);
  if (text === null || bytes === null) {
    throw notBundled(`This installation holds no ${kind.plural} for ${arch}.`, kind);
  }
  try {
    const { sha256 } = binaryManifest.parse(JSON.parse(text));
    if (createHash("sha256").update(bytes).digest("hex") === sha256) return { sha256, bytes };
  } catch (error) {
    throw bundleDamaged(`The manifest of the ${kind.plural} in ${folder} is not one.`, error);
  }
  throw bundleDamaged(`The ${kind.plural} in ${folder} do not match their manifest.`);
}

function notBundled(message: string, { not_bundled }: BinaryKind): BpfdeskError {
  return new BpfdeskError({ code: not_bundled, message, hint: `Make them with ${BUILD} (on Debian).` });
}

export function bundleDamaged(message: string, error?: unknown): BpfdeskError {
  return new BpfdeskError({
    code: "bundle-damaged",
    message,
    hint: `Make it again with ${BUILD}.`,
    ...(error === undefined ? {} : { cause: String(error).slice(0, 1000) }),
  });
}

function archUnknown(host: string, machine: string, { plural, without }: BinaryKind): BpfdeskError {
  return new BpfdeskError({
    code: "arch-unknown",
    message: `${host} is a ${machine || "machine of an unknown kind"}; ${plural} exist for x86_64 and arm64.`,
    hint: without,
    node: host,
  });
}
