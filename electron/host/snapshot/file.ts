/**
 * Snapshot files: gzip-compressed JSON of what one node answered. Reading and writing the bytes.
 *
 * A file may come from anybody: its size, form and every field are checked, and what is wrong is named
 * by its place. What the answers mean is not looked at here.
 */
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { z } from "zod";
import { SNAPSHOT_FORMAT, SNAPSHOT_VERSION, type Snapshot } from "../../core/collect/snapshot.ts";
import { BpfdeskError, type ErrorData } from "../../core/errors.ts";

/** Extension of snapshot files, with its dot. */
export const SNAPSHOT_EXTENSION = ".bpfdesk-snapshot";
/** Largest snapshot, unpacked. */
const MAX_BYTES = 512 * 1024 * 1024;

const count = z.number().int().min(0);
const collected = z.object({
  sections: z.array(
    z.object({
      section: z.string().max(200),
      scope: z.union([z.literal("node"), z.templateLiteral(["netns:", z.string().regex(/^\d+$/)])]),
      exit: z.number().int().nullable(),
      ms: count.nullable(),
      truncated: z.boolean(),
      stdout: z.string(),
      stderr: z.string(),
    }),
  ),
  complete: z.boolean(),
  noise: z.string(),
});

const header = z.object({ format: z.literal(SNAPSHOT_FORMAT), version: z.number().int().min(1) });

const snapshot = z.object({
  format: z.literal(SNAPSHOT_FORMAT),
  version: z.literal(SNAPSHOT_VERSION),
  app_version: z.string(),
  title: z.string(),
  description: z.string(),
  node: z.object({ host: z.string(), user: z.string(), root: z.boolean() }),
  recorded_at: z.number(),
  collected,
  follow_up: collected.nullable(),
}) satisfies z.ZodType<Snapshot>;

/** The bytes of a snapshot file. */
export async function writeSnapshot(value: Snapshot): Promise<Uint8Array> {
  return promisify(gzip)(JSON.stringify(value));
}

/** True for bytes that begin as a snapshot file does. */
export function looksLikeSnapshot(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The snapshot in the bytes of a file. `name` is only for messages.
 * Throws BpfdeskError `not-a-snapshot`, `snapshot-truncated`, `snapshot-damaged`, `snapshot-newer`, `snapshot-too-large`.
 */
export async function readSnapshot(
  bytes: Uint8Array,
  name: string,
  limits: { max_bytes: number } = { max_bytes: MAX_BYTES },
): Promise<Snapshot> {
  if (!looksLikeSnapshot(bytes)) throw notASnapshot(name, "It does not begin like a gzip file.");
  const text = await unzip(bytes, name, limits.max_bytes);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw notASnapshot(name, error instanceof Error ? error.message : String(error));
  }
  const start = header.safeParse(data);
  if (!start.success) throw notASnapshot(name, firstIssue(start.error));
  if (start.data.version > SNAPSHOT_VERSION) {
    throw failure({
      code: "snapshot-newer",
      message: `${name} was written by a newer bpfdesk (format ${start.data.version}, this one reads up to ${SNAPSHOT_VERSION}).`,
      hint: "Update bpfdesk to open it.",
    });
  }
  const whole = snapshot.safeParse(data);
  if (whole.success) return whole.data;
  throw failure({
    code: "snapshot-damaged",
    message: `${name} is not a valid snapshot: at ${firstIssue(whole.error)}.`,
    hint: "Get the file again from where it was recorded.",
  });
}

async function unzip(bytes: Uint8Array, name: string, max_bytes: number): Promise<string> {
  try {
    return (await promisify(gunzip)(bytes, { maxOutputLength: max_bytes })).toString("utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw failure({
        code: "snapshot-too-large",
        message: `${name} holds more than ${Math.round(max_bytes / 1024 ** 2)} MiB.`,
        hint: "It was not written by bpfdesk, or it is damaged.",
      });
    }
    const truncated = code === "Z_BUF_ERROR";
    throw failure({
      code: truncated ? "snapshot-truncated" : "snapshot-damaged",
      message: truncated ? `${name} is incomplete: its end is missing.` : `${name} is damaged.`,
      hint: "Get the file again from where it was recorded.",
      cause: error instanceof Error ? error.message : String(error),
    });
  }
}

const failure = (data: ErrorData) => new BpfdeskError({ ...data, phase: "resolving" });

const notASnapshot = (name: string, cause: string) =>
  failure({
    code: "not-a-snapshot",
    message: `${name} is not a bpfdesk snapshot.`,
    hint: "Choose a snapshot or a session that bpfdesk wrote.",
    cause,
  });

/** `collected.sections.3.exit: expected number`, the first of what is wrong. */
function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue ? `${issue.path.map(String).join(".") || "top"}: ${issue.message}` : "top";
}
