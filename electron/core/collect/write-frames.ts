/**
 * Writes collected sections as the stream a collector script would have sent, so that a recorded answer is
 * read by the same code as a live one. Times are the recorded ones. A section that was cut off ends without
 * its `end` frame, as it did on the line.
 */
import type { Collected } from "./frames.ts";
import { encodeUtf8 } from "./utf8.ts";

/** The stream of one run under this nonce. */
export function writeFrames(collected: Collected, nonce: string): Uint8Array {
  const mark = `\x1e${nonce}`;
  const parts: Uint8Array[] = [];
  const put = (text: string) => parts.push(encodeUtf8(text));
  put(collected.noise);
  for (const { section, scope, exit, ms, truncated, stdout, stderr } of collected.sections) {
    // An output that was cut has one byte more than its limit on the line.
    const output = encodeUtf8(stdout);
    const more = truncated && exit !== null ? "\n" : "";
    put(`${mark} begin ${section} ${scope} max=${output.length}\n`);
    parts.push(output);
    if (exit === null && stderr === "") continue;
    const end = exit === null ? "" : `\n${mark} end ${section} ${scope} exit=${exit} ms=${ms ?? ""}\n`;
    put(`${more}\n${mark} err ${section} ${scope}\n${stderr}${end}`);
  }
  if (collected.complete) put(`${mark} done ms=0\n`);
  return joined(parts);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
