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

/** `*` and `?` as in ~/.ssh/config, letters as they are; takes the same time whatever the pattern. */
export function matcher(pattern: string): (text: string) => boolean {
  return (text) => {
    let [at, from] = [0, 0];
    let star: { at: number; from: number } | null = null;
    while (from < text.length) {
      const letter = pattern[at];
      if (letter === "*") star = { at: at++, from };
      else if (letter !== undefined && (letter === "?" || letter === text[from])) {
        at++;
        from++;
      } else if (star) {
        star.from++;
        at = star.at + 1;
        from = star.from;
      } else return false;
    }
    while (pattern[at] === "*") at++;
    return at === pattern.length;
  };
}
