/**
 * An Execution over any guarded process, remote or local: finds where the command's own output
 * begins, answers sudo, feeds stdin, keeps time, stops, and tells why the guard stopped it. It opens
 * nothing and knows no transport.
 *
 * The two streams never emit `error`: what arrived before a loss stays readable to its end, and
 * `exited` alone says what went wrong.
 */
import type { Readable, Writable } from "node:stream";
import { BpfdeskError, type ErrorData } from "../../core/errors.ts";
import { endMark, type StopReason } from "./guard.ts";
import { Inlet } from "./inlet.ts";
import { Outlet } from "./outlet.ts";
import type { ExecExit, Execution } from "./types.ts";

/** A started process: a channel of an SSH connection, or a child of this one. */
export interface RawProcess {
  stdin: Writable;
  stdout: Readable;
  stderr: Readable;
  /** Resolves when the line takes more. Absent where writing to stdin waits for that. */
  room?(): Promise<void>;
  /** Resolves once it ended and its output was read; `lost` when the way to it went away first. Never rejects. */
  ended: Promise<{ code: number | null; signal: string | null; lost: boolean }>;
  /** Asks for TERM; may not arrive. */
  terminate(): void;
  /** Gives up: closes the way to it. `ended` resolves then. */
  abandon(): void;
}

/** Answers what stands between the line and root (sudo, doas) until the command itself starts. */
export interface Dialogue {
  /** What came on stderr, piece by piece. */
  hear(bytes: Buffer): void;
  /** The command started, or ended without: nothing is answered any more. */
  end(started: boolean): void;
  /** Text for a message, without the questions that were answered. */
  clean(said: string): string;
}

/** What a dialogue may do with the command it stands in front of. */
export interface DialogueWay {
  write(bytes: Buffer): void;
  stop(reason: ErrorData): void;
  /** A person is asked: the time limit stands still until the returned function is called. */
  hold(): () => void;
}

export type OpenDialogue = (way: DialogueWay) => Dialogue;

export interface ExecutionOptions {
  node: string;
  token: string;
  stdin: Uint8Array | string | undefined;
  timeout_ms: number;
  signal: AbortSignal | undefined;
  /** Null where nothing is asked before the command starts. */
  dialogue: OpenDialogue | null;
  /** Shown in errors: the program's name. */
  program: string;
}

/** After end of file on its stdin the guard needs a moment; then TERM; then the way to it is closed. */
const TERM_AFTER_MS = 3000;
const ABANDON_AFTER_MS = 8000;

/** An Execution and what its transport does for it. */
export interface Supervised extends Execution {
  /** To be called in time again and again, or the guard stops the command. */
  renew(): void;
}

/** Takes over a process that was started with `guardArgv`. */
export function superviseExecution(raw: RawProcess, options: ExecutionOptions): Supervised {
  const inlet = new Inlet({ stdin: raw.stdin, bytes: options.stdin, room: raw.room?.bind(raw) });
  let started = false;
  let stopped: BpfdeskError | null = null;
  const timers: NodeJS.Timeout[] = [];

  const later = (ms: number, action: () => void) => {
    const timer = setTimeout(action, ms);
    timers.push(timer);
    return timer;
  };
  const stop = (reason: ErrorData) => {
    if (stopped !== null) return;
    stopped = new BpfdeskError({ ...reason, node: options.node });
    stdout.drain();
    stderr.drain();
    inlet.end();
    later(TERM_AFTER_MS, raw.terminate);
    later(ABANDON_AFTER_MS, raw.abandon);
  };
  let over = false;
  let clock: NodeJS.Timeout | undefined;
  const startClock = () => {
    clock = later(options.timeout_ms, () =>
      stop({
        code: "exec-timeout",
        message: `${options.program} on ${options.node} took longer than ${options.timeout_ms / 1000} s and was stopped.`,
        hint: "The node may be overloaded; try again or look at it by hand.",
      }),
    );
  };
  const dialogue =
    options.dialogue?.({
      write: (bytes) => inlet.answer(bytes),
      stop,
      hold: () => {
        clearTimeout(clock);
        return () => {
          if (stopped === null && !over) startClock();
        };
      },
    }) ?? null;
  // The guard writes its line on both; on a terminal that of stderr comes at the end.
  const begin = () => {
    if (started) return;
    started = true;
    dialogue?.end(true);
    // With sudo in front, bytes sent earlier could have been read as a password.
    inlet.feed();
  };

  const start = Buffer.from(`${options.token}\n`);
  const stdout = new Outlet({ source: raw.stdout, start, end: null, onStart: begin, optional: false });
  const stderr = new Outlet({
    source: raw.stderr,
    start,
    end: Buffer.from(endMark(options.token)),
    onPreamble: (bytes) => dialogue?.hear(bytes),
    onStart: begin,
    optional: true,
  });
  if (dialogue === null) inlet.feed();

  const onAbort = () => stop(cancelled(options.program, options.node));
  if (options.signal?.aborted) onAbort();
  else options.signal?.addEventListener("abort", onAbort, { once: true });
  startClock();

  const exited = raw.ended.then(async ({ code, signal, lost }): Promise<ExecExit> => {
    over = true;
    dialogue?.end(false);
    for (const timer of timers) clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
    stdout.finish(started);
    stderr.finish(started);
    if (stopped !== null) throw stopped;
    const told = stoppedThere(stderr.lastWords, options.program, options.node);
    if (told !== null) throw new BpfdeskError(told);
    if (lost) throw new BpfdeskError(connectionLost(options.program, options.node));
    if (!started) {
      const said = dialogue === null ? stderr.preamble() : dialogue.clean(stderr.preamble());
      throw new BpfdeskError(notStarted(options, code, said, stdout.preamble()));
    }
    return { code, signal };
  });
  exited.catch(() => {}); // a caller that only reads the streams must not bring the host down
  return {
    stdout: stdout.readable,
    stderr: stderr.readable,
    exited,
    cancel: onAbort,
    interrupt: () => inlet.interrupt(),
    say: (word) => inlet.word(word),
    renew: () => inlet.renew(),
  };
}

/** What the guard's last words mean; null when it did not stop the command. */
function stoppedThere(words: string | null, program: string, node: string): ErrorData | null {
  switch (words as StopReason | null) {
    case null:
      return null;
    case "lease-expired":
      return {
        code: "lease-expired",
        message: `${program} on ${node} was stopped there, because the node heard nothing of bpfdesk for too long.`,
        hint: "This computer was asleep or the line stood still. Run it again.",
        node,
      };
    case "limit":
      return {
        code: "exec-timeout",
        message: `${program} was stopped by ${node} when its time was over.`,
        hint: "The node may be overloaded; try again or look at it by hand.",
        node,
      };
    case "stdin-closed":
      return connectionLost(program, node);
    default:
      return {
        code: "stopped-there",
        message: `${program} was stopped on ${node} by somebody or something there.`,
        hint: "A person or the service manager of the node ended it. Run it again if it is still wanted.",
        node,
      };
  }
}

export function cancelled(what: string, node: string): ErrorData {
  return { code: "cancelled", message: `${what} on ${node} was cancelled.`, hint: "", node };
}

export function connectionLost(program: string, node: string): ErrorData {
  return {
    code: "connection-lost",
    message: `The connection to ${node} was lost while ${program} ran.`,
    hint: "Connect again. The command was stopped on the node as soon as it saw the loss.",
    node,
  };
}

function notStarted(options: ExecutionOptions, code: number | null, stderr: string, stdout: string): ErrorData {
  const said = (stderr.trim() || stdout.trim()).slice(0, 2000);
  const sudo = /^sudo: /m.test(said) || /sudoers/.test(said);
  return {
    code: sudo ? "sudo-refused" : "exec-failed",
    message: sudo
      ? `sudo on ${options.node} refused to run ${options.program}.`
      : `The login shell on ${options.node} did not start ${options.program} (exit ${code ?? "unknown"}).`,
    hint: sudo
      ? "The account needs a sudoers entry that allows /bin/sh."
      : "The account needs a login shell that runs commands (not nologin, not a forced command).",
    node: options.node,
    ...(said === "" ? {} : { cause: said }),
  };
}
