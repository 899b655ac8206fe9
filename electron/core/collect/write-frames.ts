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
  const parts: string[] = [collected.noise];
  for (const { section, scope, exit, ms, truncated, stdout, stderr } of collected.sections) {
    // An output that was cut has one byte more than its limit on the line.
    const max = encodeUtf8(stdout).length;
    const more = truncated && exit !== null ? "\n" : "";
    parts.push(`${mark} begin ${section} ${scope} max=${max}\n${stdout}${more}`);
    if (exit === null && stderr === "") continue;
    parts.push(`\n${mark} err ${section} ${scope}\n${stderr}`);
    if (exit !== null) parts.push(`\n${mark} end ${section} ${scope} exit=${exit} ms=${ms ?? ""}\n`);
  }
  if (collected.complete) parts.push(`${mark} done ms=0\n`);
  return encodeUtf8(parts.join(""));
}
