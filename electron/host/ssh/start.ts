/** Starting a command in its turn, and again when the server has no session for it just then. */
import { setTimeout as sleep } from "node:timers/promises";
import { BpfdeskError } from "../../core/errors.ts";
import { cancelled, type RawProcess } from "../transport/execution.ts";
import type { Place, SessionPool } from "./sessions.ts";

export interface StartOptions<C> {
  node: string;
  signal: AbortSignal | undefined;
  cleanup: boolean;
  /** Gives the place back when the session is closed. What it rejects with leaves the place to `startInTurn`. */
  open(place: Place<C>): Promise<RawProcess>;
  /** Whether the server refused the session, rather than that something is wrong. */
  isRefusal(error: unknown): boolean;
}

/** A login shell gets the command as one argument, and Linux allows 128 KiB for one (MAX_ARG_STRLEN). */
const MAX_COMMAND = 128 * 1024 - 64;
/** How often a session is asked for again although none of ours runs, and the first pause before that; they grow. */
const REFUSALS = 5;
const REFUSED_PAUSE_MS = 100;

/** Rejects with a BpfdeskError: `cancelled`, `exec-failed`, or what `open` rejected with. */
export async function startInTurn<C>(pool: SessionPool<C>, options: StartOptions<C>): Promise<RawProcess> {
  const { node, signal, cleanup } = options;
  for (;;) {
    const place = await pool.acquire(signal, cleanup).catch(() => {
      throw new BpfdeskError(cancelled("A waiting command", node));
    });
    const raw = await startAt(place, options).catch((error: unknown) => {
      place.release();
      throw error;
    });
    if (raw !== null) return raw;
  }
}

/** Null when the place was given back, because the server allows fewer sessions than we use (MaxSessions). */
async function startAt<C>(place: Place<C>, options: StartOptions<C>): Promise<RawProcess | null> {
  const { node, signal } = options;
  for (let refused = 1; ; refused++) {
    try {
      return await options.open(place);
    } catch (error) {
      if (signal?.aborted) throw new BpfdeskError(cancelled("A starting command", node));
      if (!options.isRefusal(error)) throw notStarted(error, node);
      // A server frees the place of a session a moment after that has ended for us: once is no proof of a limit.
      if (refused > 1 && place.refused()) return null;
      if (refused > REFUSALS) throw notStarted(error, node);
      await sleep(REFUSED_PAUSE_MS * refused, undefined, signal ? { signal } : {}).catch(() => {
        throw new BpfdeskError(cancelled("A waiting command", node));
      });
    }
  }
}

/** Throws `command-too-long` for a line that no login shell can be given. */
export function checkLength(command: string, node: string): void {
  if (Buffer.byteLength(command) <= MAX_COMMAND) return;
  throw new BpfdeskError({
    code: "command-too-long",
    message: `A command for ${node} is longer than a shell takes (128 KiB).`,
    hint: "Send its text by stdin.",
    node,
  });
}

/** The server gave no session: a BpfdeskError, `exec-failed` unless the error is one already. */
export function notStarted(error: unknown, node: string): Error {
  if (error instanceof BpfdeskError) return error;
  return new BpfdeskError({
    code: "exec-failed",
    message: `${node} did not start a session for the command.`,
    hint: "Its sshd may allow none (MaxSessions 0) or only a forced command.",
    node,
    cause: error instanceof Error ? error.message : String(error),
  });
}
