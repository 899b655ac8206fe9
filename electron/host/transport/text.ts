/** Output as text, read to its end whatever its size, and kept to what somebody looks at. */

/** Its beginning: not much more than `limit` characters. */
export async function firstText(stream: NodeJS.ReadableStream, limit: number): Promise<string> {
  let text = "";
  for await (const bytes of stream) if (text.length < limit) text += bytes.toString();
  return text;
}

/** Its end, at least `limit` characters of it. */
export async function lastText(stream: NodeJS.ReadableStream, limit: number): Promise<string> {
  let text = "";
  for await (const bytes of stream) {
    text += bytes.toString();
    if (text.length > 2 * limit) text = text.slice(-limit);
  }
  return text;
}
