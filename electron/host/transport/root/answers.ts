/**
 * What a person answered sudo or doas, kept in memory for the commands that follow. Only answers that
 * are the same every time are kept: a password, not a one-time code.
 */

/** The plain question, which carries the prompt that sudo was given. */
export const PLAIN = "";

export class Answers {
  private readonly known = new Map<string, Buffer>();
  /** Questions whose kept answer was refused later. */
  private readonly refused = new Set<string>();

  get(question: string): Buffer | undefined {
    return this.known.get(question);
  }

  keep(question: string, answer: Buffer): void {
    this.known.set(question, answer);
    this.refused.delete(question);
  }

  /** It was refused: it is never sent again. */
  forget(question: string): void {
    this.known.get(question)?.fill(0);
    if (this.known.delete(question)) this.refused.add(question);
  }

  /** Counts from 1; a question whose answer was refused before is asked for another time. */
  attempt(question: string): number {
    return this.refused.has(question) ? 2 : 1;
  }

  wipe(): void {
    for (const answer of this.known.values()) answer.fill(0);
    this.known.clear();
  }
}

/**
 * Whether the answer to this question is the same every time. When in doubt it is not: sending a used
 * code again counts as a failed login on the node.
 */
export function sameEveryTime(question: string): boolean {
  if (question === PLAIN) return true;
  if (!/pass\s?(?:word|phrase)|kennwort|passwort|mot de passe|contraseña/i.test(question)) return false;
  return !/code|otp|token|one.?time|once|verif|challenge|factor|duo|yubi|\bpin\b|\d{4}/i.test(question);
}
