/**
 * Turns an argv into one line for a login shell. The only place where text becomes shell text.
 * Understood alike by sh, dash, bash, zsh, ksh, busybox and fish; csh does not take newlines in quotes.
 */
import { BpfdeskError } from "../../core/errors.ts";

/** Never needs quotes, in any place of a line. A leading `=` or `name=` would mean something. */
const PLAIN = /^(?:[A-Za-z0-9_@%+:,./-]+|-[A-Za-z0-9_@%+:,./=-]+)$/;

/** One argument. Throws `bad-argument` for text with a NUL, which no argv can carry. */
export function quoteArg(arg: string): string {
  if (arg.includes("\0")) {
    throw new BpfdeskError({
      code: "bad-argument",
      message: "A command holds a NUL character, which no program can be given.",
      hint: "Check the values the command was made of.",
    });
  }
  if (PLAIN.test(arg)) return arg;
  // fish, unlike sh, takes a backslash within single quotes as an escape: quotes and backslashes stay outside.
  const quoted = arg.replace(/['\\]/g, (special) => `'\\${special}'`);
  return `'${quoted}'`;
}

/** A whole command line; a shell that reads it runs exactly `argv`. */
export function quoteArgv(argv: readonly string[]): string {
  return argv.map(quoteArg).join(" ");
}
