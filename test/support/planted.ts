/**
 * Secrets planted to be looked for, and the search: any place, every form they could leak in.
 * Knows nothing of what handles them.
 */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

export interface Planted {
  /** What it is, for messages. */
  label: string;
  text: string;
}

export interface Needle {
  label: string;
  form: string;
  bytes: Buffer;
}

/** A secret with everything in it that is written differently somewhere: quotes, backslash, space, not ASCII. */
export function plant(label: string): Planted {
  return { label, text: `q${randomBytes(6).toString("hex")}"ö\\ '${randomBytes(6).toString("hex")}` };
}

/** What to look for: each secret, and its beginning, in every form. */
export function needlesOf(secrets: readonly Planted[]): Needle[] {
  return secrets.flatMap(({ label, text }) => {
    const bytes = Buffer.from(text);
    const json = JSON.stringify(text).slice(1, -1);
    const forms: Record<string, Buffer | string> = {
      "as it is": bytes,
      // As much as V8 quotes of what it cannot parse.
      "its beginning": bytes.subarray(0, 9),
      latin1: Buffer.from(text, "latin1"),
      utf16: Buffer.from(text, "utf16le"),
      "as JSON": json,
      "as JSON in JSON": JSON.stringify(json).slice(1, -1),
      "in hex": bytes.toString("hex"),
      "in upper-case hex": bytes.toString("hex").toUpperCase(),
      "percent-encoded": encodeURIComponent(text),
      "for a shell": text.replaceAll("'", "'\\''"),
      ...base64Forms(bytes),
    };
    return Object.entries(forms).map(([form, value]) => ({ label, form, bytes: Buffer.from(value) }));
  });
}

/** Base64 of it alone or within something longer: three ways to fall on groups of three bytes. */
function base64Forms(bytes: Buffer): Record<string, string> {
  return Object.fromEntries(
    [0, 1, 2].map((before) => {
      const encoded = Buffer.concat([Buffer.alloc(before), bytes])
        .toString("base64")
        .replace(/=+$/, "");
      // The first and last characters also hold bits of what stands around it.
      return [`in base64 (${before})`, encoded.slice(Math.ceil((before * 8) / 6), -1)];
    }),
  );
}

/** Which needles are in there, as `label form`. */
export function findIn(haystack: Uint8Array | string, needles: readonly Needle[]): string[] {
  const bytes = Buffer.isBuffer(haystack) ? haystack : Buffer.from(haystack);
  return needles.filter((needle) => bytes.includes(needle.bytes)).map(({ label, form }) => `${label} ${form}`);
}

/** Files larger than this are other people's. */
const MAX_FILE_BYTES = 64 << 20;

/** Every leak in files below the folder that were changed at or after `since` (epoch ms), as `file: label form`. */
export function findInFiles(folder: string, needles: readonly Needle[], since = 0): string[] {
  const leaks: string[] = [];
  const visit = (at: string) => {
    let entries: fs.Dirent[];
    try {
      entries = fs.readdirSync(at, { withFileTypes: true });
    } catch {
      return; // gone meanwhile
    }
    for (const entry of entries) {
      const file = path.join(at, entry.name);
      if (entry.isDirectory()) visit(file);
      else if (entry.isFile()) leaks.push(...findInFile(file, needles, since));
    }
  };
  visit(folder);
  return leaks;
}

function findInFile(file: string, needles: readonly Needle[], since: number): string[] {
  try {
    const { size, ctimeMs } = fs.statSync(file);
    if (size > MAX_FILE_BYTES || ctimeMs < since) return [];
    return findIn(fs.readFileSync(file), needles).map((found) => `${file}: ${found}`);
  } catch {
    return []; // gone meanwhile
  }
}
