/** The programs that give root, how each is called, and what its refusals mean. */
import { randomBytes } from "node:crypto";
import type { Privileges } from "../../../core/journal/events.ts";
import { connectionLost, type OpenDialogue } from "../execution.ts";
import type { FoundPrivileges, PrivilegeOptions } from "../privileges.ts";
import { ENVIRONMENT, INSIDE, OUTSIDE, splitTerminal } from "./terminal.ts";
import { failure, openTold, text } from "./told.ts";

interface Tool {
  name: "sudo" | "doas";
  /** Never asks: fails where it would. */
  quiet(argv: readonly string[]): string[];
  /** May ask. */
  asking(argv: readonly string[]): string[];
}

export const SUDO: Tool = {
  name: "sudo",
  quiet: (argv) => ["sudo", "-n", "--", ...argv],
  // -k: sudo keeps no valid ticket that another process could use.
  asking: (argv) => ["sudo", "-k", "-S", "--", ...argv],
};

export const DOAS: Tool = {
  name: "doas",
  quiet: (argv) => ["doas", "-n", "--", ...argv],
  asking: (argv) => ["doas", "--", ...argv],
};

/** One way to root that may ask. */
export interface Way {
  tool: Tool;
  terminal: boolean;
  kind: Privileges;
}

/**
 * Ends the noise of a login profile. $1 the mark, $2 sudo's prompt, then the command. The prompt is given by
 * SUDO_PROMPT, which stands for PAM's plain "Password:" only; `sudo -p` would hide PAM's other questions.
 */
const MARKED = `echo "$1" >&2; ${ENVIRONMENT}; exec "$@"`;

/** The argv that asks the login user's questions, marks where they begin, and runs `argv` as root. */
export function asking(way: Way, argv: readonly string[], mark: string, prompt: string | null): string[] {
  if (way.terminal) return onTerminal(way.tool.asking, argv, mark, prompt);
  return ["/bin/sh", "-c", MARKED, "bpfdesk", mark, prompt ?? "", ...way.tool.asking(argv)];
}

function onTerminal(
  become: (argv: readonly string[]) => string[],
  argv: readonly string[],
  mark: string,
  prompt: string | null,
): string[] {
  const inside = ["/bin/sh", "-c", INSIDE, "bpfdesk", mark, ...argv];
  return ["/bin/sh", "-c", OUTSIDE, "bpfdesk", mark, prompt ?? "", ...become(inside)];
}

/** A command that tells whether it is root: it prints the token and its uid. */
export const whoAmI = (token: string): string[] => ["/bin/sh", "-c", 'echo "$1 $(id -u)"', "sh", token];

export const newMark = (): string => `bpfdesk-${randomBytes(12).toString("hex")}`;

/** Nothing is asked, but input waits until the terminal passes it on unchanged. */
const SILENT: OpenDialogue = () => ({ hear: () => {}, end: () => {}, clean: (said) => said });

/** Tries a way on a terminal that asks nothing. What it said otherwise. */
export async function withoutPassword(
  options: PrivilegeOptions,
  user: string,
  tool: Tool,
  kind: Privileges,
): Promise<FoundPrivileges | { said: string }> {
  const mark = newMark();
  const asRoot = (argv: readonly string[]) => onTerminal(tool.quiet, argv, mark, null);
  const { raw, tell } = await openTold(options, asRoot(whoAmI(mark)), {
    record_key: `${tool.name}-terminal`,
    root: true,
    terminal: true,
  });
  const split = splitTerminal(raw, mark);
  const [stdout, stderr, end] = await Promise.all([text(split.stdout), text(split.stderr), split.ended]);
  tell({ exit: end.code, signal: end.signal, stdout, stderr });
  if (end.lost) throw failure(options, connectionLost("the search for root", options.node));
  if (!stdout.includes(`${mark} 0`)) return { said: stderr.slice(stderr.indexOf(mark) + mark.length) };
  const receive: FoundPrivileges["receive"] = (started) => splitTerminal(started, mark);
  return { kind, user, asRoot, receive, dialogue: SILENT, terminal: true, reason: "", wipe: () => {} };
}

/** sudo's words for `requiretty`. */
export const needsTerminal = (said: string): boolean => /must have a tty|no tty present/.test(said);

/** What a refusal means; its own words when they are not known. */
export function sudoSays(said: string): string {
  if (needsTerminal(said)) return "sudo wants a terminal (requiretty)";
  if (/password is required/.test(said)) return "sudo needs a password";
  if (/not in the sudoers|may not run|not allowed/.test(said)) return "sudoers does not allow it";
  if (/Operation not permitted/.test(said)) return "doas.conf does not allow it";
  const line = said.trim().split("\n", 1)[0]?.slice(0, 200);
  return line === undefined || line === "" ? "sudo refused without a reason" : `sudo says: ${line}`;
}
