/**
 * Text to bytes and back. Every JavaScript runtime has the codecs, but the types of core know only the
 * language, on purpose; this is the one place where these two globals are named.
 */

interface Codecs {
  TextDecoder: new (label: "utf-8", options: { ignoreBOM: boolean }) => { decode(bytes: Uint8Array): string };
  TextEncoder: new () => { encode(text: string): Uint8Array };
}

const codecs = globalThis as unknown as Codecs;

/** Bytes as text; what is not UTF-8 becomes U+FFFD, a byte order mark stays. */
export function decodeUtf8(bytes: Uint8Array): string {
  return new codecs.TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** Text as UTF-8 bytes. */
export function encodeUtf8(text: string): Uint8Array {
  return new codecs.TextEncoder().encode(text);
}
