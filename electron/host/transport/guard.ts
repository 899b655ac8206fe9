/**
 * The guard: POSIX sh around every command, so that nothing outlives its connection.
 *
 * sshd does not stop a command without a terminal when the channel closes or the line is lost, and
 * neither does sudo. The guard keeps the channel's stdin for itself, hands the announced bytes of it
 * to the command, and stops the command's whole session (TERM, then KILL) when its stdin ends, when
 * nothing came for the lease, when the time limit passes, or when it gets TERM. It also marks where the
 * command's own output begins, because login profiles print whatever they like before, and says at the
 * end why it stopped the command. It never sees a secret: values are positional arguments.
 */
import { KEEPER, MAIN, START } from "./guard-script.ts";

export interface GuardOptions {
  /** Printed as a line on stdout and on stderr right before the command starts. Not a secret. */
  token: string;
  /** `$BPFDESK_TAG` of everything the guard starts, and of itself. */
  tag: string;
  /** How many bytes of stdin the command gets before its end of file; null leaves its stdin open. */
  stdin_bytes: number | null;
  /** The command is stopped after this many seconds even when the connection looks alive. */
  limit_s: number;
  /** The command is stopped when nothing arrives on stdin for this many seconds. */
  lease_s: number;
}

/** What the host writes on stdin after the announced bytes; any line renews the lease. */
export const RENEW = "\n";
/** SIGINT for the command's session. */
export const INTERRUPT = "i\n";
/** A line on the command's stdin, which must have been left open (`stdin_bytes` null). */
export function wordFor(word: string): string {
  if (!/^[a-z]+$/.test(word)) throw new Error(`${JSON.stringify(word)} is no word that can be said to a command`);
  return `w ${word}\n`;
}

/** Why the guard stopped its command. */
export const STOP_REASONS = ["stdin-closed", "lease-expired", "limit", "terminated"] as const;
export type StopReason = (typeof STOP_REASONS)[number];

/** What the guard writes on stderr at the very end when it stopped the command itself, before the reason and a newline. */
export function endMark(token: string): string {
  return `${token} ended `;
}

/** The argv that runs `argv` under the guard. `argv[0]` is looked up in PATH plus the usual sbin folders. */
export function guardArgv(argv: readonly string[], options: GuardOptions): string[] {
  const bytes = options.stdin_bytes === null ? "-" : String(options.stdin_bytes);
  const seconds = [options.limit_s, options.lease_s].map((value) => String(Math.ceil(value)));
  return ["/bin/sh", "-c", START, "bpfdesk", options.tag, options.token, MAIN, KEEPER, bytes, ...seconds, ...argv];
}
