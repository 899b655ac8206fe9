/**
 * An Execution over any guarded process, remote or local: finds where the command's own output
 * begins, answers sudo, feeds stdin, keeps time, stops. It opens nothing and knows no transport.
 *
 * The two streams never emit `error`: what arrived before a loss stays readable to its end, and
 * `exited` alone says what went wrong.
 */
import { Readable, type Writable } from "node:stream";
import { BpfdeskError, type ErrorData } from "../../core/errors.ts";
import type { ExecExit, Execution } from "./types.ts";

/** A started process: a channel of an SSH connection, or a child of this one. */
export interface RawProcess {
  stdin: Writable;
  stdout: Readable;
  stderr: Readable;
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
/** Output kept for a reader that is slow or not there. */
const BUFFER = 256 << 10;
/** Of what a login profile prints before the command this much is kept for messages. */
const PREAMBLE = 16 << 10;

/** Takes over a process that was started with `guardArgv`. */
export function superviseExecution(raw: RawProcess, options: ExecutionOptions): Execution {
  const startLine = Buffer.from(`${options.token}\n`);
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
    raw.stdin.end();
    later(TERM_AFTER_MS, raw.terminate);
    later(ABANDON_AFTER_MS, raw.abandon);
  };
  const feed = () => {
    if (options.stdin !== undefined && options.stdin.length > 0) raw.stdin.write(options.stdin);
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
      write: (bytes) => void raw.stdin.write(bytes),
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
    if (dialogue !== null) feed();
  };

  const stdout = new Outlet(raw.stdout, startLine, () => {}, begin, false);
  const stderr = new Outlet(raw.stderr, startLine, (bytes) => dialogue?.hear(bytes), begin, true);
  raw.stdin.on("error", () => {}); // a command that ended early does not read its input
  if (dialogue === null) feed();

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
    if (lost) throw new BpfdeskError(connectionLost(options.program, options.node));
    if (!started) {
      const said = dialogue === null ? stderr.preamble() : dialogue.clean(stderr.preamble());
      throw new BpfdeskError(notStarted(options, code, said, stdout.preamble()));
    }
    return { code, signal };
  });
  exited.catch(() => {}); // a caller that only reads the streams must not bring the host down
  return { stdout: stdout.readable, stderr: stderr.readable, exited, cancel: onAbort };
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

/**
 * One output stream: drops what comes before the start line (keeping some of it for messages), then
 * passes on with back-pressure.
 */
class Outlet {
  readonly readable: Readable;
  private before: Buffer | null = Buffer.alloc(0);
  private head = "";
  private draining = false;

  private readonly source: Readable;
  private readonly startLine: Buffer;
  /** Told of what comes before the start line. */
  private readonly onPreamble: (bytes: Buffer) => void;
  private readonly onStart: () => void;
  /** Nobody reading it must not stop the process: output nobody asked for is dropped. */
  private readonly optional: boolean;

  constructor(
    source: Readable,
    startLine: Buffer,
    onPreamble: (bytes: Buffer) => void,
    onStart: () => void,
    optional: boolean,
  ) {
    this.source = source;
    this.startLine = startLine;
    this.onPreamble = onPreamble;
    this.onStart = onStart;
    this.optional = optional;
    this.readable = new Readable({ highWaterMark: BUFFER, read: () => void source.resume() });
    source.on("data", (bytes: Buffer) => this.take(bytes));
    source.on("error", () => {}); // told by `ended`
  }

  /** From now on a slow reader no longer holds the process back. */
  drain(): void {
    this.draining = true;
    this.source.resume();
  }

  /** Ends the stream. Without a start line what came is all there is, and is passed on as it is. */
  finish(started: boolean): void {
    if (this.before !== null && !started) this.readable.push(this.head + this.before.toString());
    this.readable.push(null);
  }

  preamble(): string {
    return this.head + (this.before?.toString() ?? "");
  }

  private take(bytes: Buffer): void {
    if (this.before === null) {
      this.pass(bytes);
      return;
    }
    const seen = Buffer.concat([this.before, bytes]);
    const at = seen.indexOf(this.startLine);
    if (at >= 0) {
      this.before = null;
      this.head = "";
      this.onStart();
      this.pass(seen.subarray(at + this.startLine.length));
      return;
    }
    this.onPreamble(bytes);
    // What stays can still be the beginning of a line that is waited for.
    const keep = Math.min(seen.length, 256);
    if (this.head.length < PREAMBLE) this.head += seen.subarray(0, seen.length - keep).toString();
    this.before = Buffer.from(seen.subarray(seen.length - keep));
  }

  private pass(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const full = this.readable.readableLength >= BUFFER;
    const unread = this.readable.readableFlowing === null && this.readable.listenerCount("readable") === 0;
    if (full && (this.draining || (this.optional && unread))) return;
    if (!this.readable.push(bytes) && !this.draining && !(this.optional && unread)) this.source.pause();
  }
}
