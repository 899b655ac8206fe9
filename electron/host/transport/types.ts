/**
 * NodeTransport: the one way to reach a node. Everything above is blind to which kind it is.
 * Implementations: ssh2 (`ssh/`), local, replay. None of them parses what it carries.
 */
import type { Readable } from "node:stream";
import type { Privileges } from "../../core/journal/events.ts";
import type { LinkInfo } from "../../core/ssh/link.ts";
import type { RecordedRun } from "../runbook/recorded.ts";
import type { RecordedTrace } from "../trace/recorded.ts";

export interface ExecRequest {
  /**
   * The program and its arguments. A transport that needs one string (ssh) quotes every element;
   * values are never interpolated into shell text.
   */
  argv: string[];
  /** Run as root by the means found at connect time. Fails with `no-root` when there is none. */
  root: boolean;
  /** Fed to stdin, then EOF; without it stdin stays open until the command ends or is cancelled. */
  stdin?: Uint8Array | string;
  /** Hard limit in ms; the command is then stopped and `exited` rejects with `exec-timeout`. */
  timeout_ms: number;
  signal?: AbortSignal;
  /** Stopping and tidying up: may use the session that is kept free for it when all others are busy. */
  cleanup?: boolean;
  /**
   * What a replay transport looks the recorded answer up by, e.g. `collect`, `prog-xlated:102`.
   * Live transports ignore it.
   */
  record_key: string;
}

export interface ExecExit {
  /** Null when ended by a signal or by losing the connection. */
  code: number | null;
  signal: string | null;
}

/** A running command. stdout and stderr are separate, apply back-pressure, and must both be consumed. */
export interface Execution {
  stdout: Readable;
  stderr: Readable;
  /** Resolves when the command ended and both streams are finished; rejects with a BpfdeskError. */
  exited: Promise<ExecExit>;
  /** Stops the command on the node within a second: TERM at once, then KILL for its whole session. */
  cancel(): void;
  /** Sends it SIGINT, as Ctrl-C does: what it still has to say (bpftrace prints its maps) can be read. */
  interrupt(): void;
  /** A line on its stdin, a lower-case word. Only where `stdin` was not given; without effect otherwise. */
  say(word: string): void;
}

/** Commands at work and waiting for a place on a connection. */
export interface Queue {
  running: number;
  waiting: number;
  /** So many run at a time. */
  limit: number;
}

export interface NodeTransport {
  readonly kind: "ssh" | "local" | "replay";
  /** `user@host:port`, `local`, or the snapshot's node. */
  readonly host: string;
  readonly user: string;
  readonly privileges: Privileges;
  /** Why there is no root, in words; empty or absent otherwise. */
  readonly rootRefused?: string;
  /** Lines for sudoers that would give what is missing; absent with root. */
  readonly sudoers?: string | undefined;
  /** With `sudo_some`: the tools that run as root by `sudo -n -- PATH`, name to absolute path. */
  readonly rootTools?: Readonly<Record<string, string>> | undefined;
  /** How the connection is made; absent without one. */
  readonly link?: LinkInfo;
  /** Carried by every process of this connection on the node (`$BPFDESK_TAG`), to find what was left. Absent in a replay. */
  readonly tag?: string;
  /** Of a record of a session: the traces that were run in it. Absent otherwise. */
  readonly traces?: readonly RecordedTrace[] | undefined;
  /** The runs of runbooks of it, likewise. */
  readonly runs?: readonly RecordedRun[] | undefined;
  exec(request: ExecRequest): Promise<Execution>;
  /** Writes bytes to a new file with the mode, over exec stdin (no SFTP needed). Rejects when the hash read back differs. */
  upload(bytes: Uint8Array, path: string, mode: number, signal?: AbortSignal): Promise<void>;
  /** A line a person can paste that does what `exec` would do. */
  shellLine(request: Pick<ExecRequest, "argv" | "root">): string;
  /** Called whenever the number of commands that wait for a place changes. Absent where none ever waits. */
  onQueue?(listener: (queue: Queue) => void): void;
  /** Overwrites what it holds of secrets (the screen was locked); a command that needs one asks again. Absent where there are none. */
  forgetSecrets?(): void;
  /** Called once when the connection is lost; not after close(). */
  onLost(listener: (error: Error) => void): void;
  close(): Promise<void>;
}
