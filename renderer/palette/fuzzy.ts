/**
 * How well typed text fits a name: all its characters in order, better when they are together or at
 * the start of a word. Pure.
 */

/** Higher is better; null when it does not fit. An empty query fits everything equally. */
export function fuzzyScore(query: string, text: string): number | null {
  const wanted = query.toLowerCase();
  const name = text.toLowerCase();
  const whole = name.indexOf(wanted);
  // A contiguous hit always beats a scattered one; a shorter name is the closer one.
  if (whole >= 0) return 1000 - name.length + (whole === 0 ? 500 : isWordStart(name, whole) ? 200 : 0);
  let score = 0;
  let from = 0;
  let last = -2;
  for (const char of wanted) {
    if (char === " ") continue;
    const at = name.indexOf(char, from);
    if (at < 0) return null;
    score += at === last + 1 ? 6 : isWordStart(name, at) ? 4 : 1;
    last = at;
    from = at + 1;
  }
  return score - name.length / 100;
}

/** The best `limit` of some things, best first; equal ones keep their order. */
export function fuzzyRank<T>(query: string, things: readonly T[], textOf: (thing: T) => string, limit: number): T[] {
  const wanted = query.trim();
  const scored: { thing: T; score: number }[] = [];
  for (const thing of things) {
    const score = fuzzyScore(wanted, textOf(thing));
    if (score !== null) scored.push({ thing, score });
  }
  if (wanted !== "") scored.sort((a, b) => b.score - a.score);
  return scored.slice(0, limit).map(({ thing }) => thing);
}

function isWordStart(text: string, at: number): boolean {
  return at === 0 || /[^\p{L}\p{N}]/u.test(text[at - 1] ?? " ");
}
