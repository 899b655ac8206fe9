/** Compares a pasted SHA256 fingerprint with the one a host showed. Pure. */

/** `empty` while nothing was pasted. The `SHA256:` in front, blanks around and base64 padding do not matter. */
export function compareFingerprint(pasted: string, shown: string): "empty" | "same" | "different" {
  const wanted = normalize(pasted);
  if (wanted === "") return "empty";
  return wanted === normalize(shown) ? "same" : "different";
}

function normalize(text: string): string {
  return text
    .trim()
    .replace(/^sha256:/i, "")
    .replace(/=+$/, "");
}
