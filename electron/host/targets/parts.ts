/** The parts of `[user@]host[:port]`, of a target and of a pattern alike. Pure text. */

export interface Parts {
  /** With its `@`, or empty. */
  before: string;
  host: string;
  /** With its `:`, or empty. */
  after: string;
}

export function partsOf(text: string): Parts {
  const at = text.lastIndexOf("@") + 1;
  const rest = text.slice(at);
  const after = /^[^:]*(:\d*)$/.exec(rest)?.[1] ?? "";
  return { before: text.slice(0, at), host: rest.slice(0, rest.length - after.length), after };
}

export const hostPart = (text: string): string => partsOf(text).host;

/** A password beside the user's name (`user:password@host`) is for prompts; it is neither used nor kept. */
export const holdsPassword = (text: string): boolean => partsOf(text).before.includes(":");
