/** Patterns of OpenSSH, in its configuration, known_hosts and lists of algorithms: `*` and `?`. Pure. */

/** Whether a text is as the pattern says; letters count as they are. Takes the same time whatever the pattern. */
export function wildcard(pattern: string): (text: string) => boolean {
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
