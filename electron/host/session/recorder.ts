/**
 * Writes one node's commands into the journal: start, output as it comes, end.
 *
 * Knows the journal and nothing of transports; `recording-transport.ts` puts it around one.
 * Output is kept in pieces of some size, not one row per chunk the network happened to deliver.
 */
import { Transform, type TransformCallback } from "node:stream";
import type { ErrorData } from "../../core/errors.ts";
import type { EventBody } from "../../core/journal/events.ts";
import type { Journal } from "../journal/journal.ts";

/** A piece is written when it has this many bytes … */
const PIECE_BYTES = 64 * 1024;
/** … or is this old, in ms. */
const PIECE_AGE_MS = 50;

type CommandStart = Omit<Extract<EventBody, { type: "command.started" }>, "type" | "node" | "command_id">;

export interface RecordedCommand {
  readonly command_id: string;
  /** A stage that records what flows through it before it flows on. */
  stage(stream: "stdout" | "stderr"): Transform;
  /** Records output that is at hand as a whole. */
  wrote(stream: "stdout" | "stderr", bytes: Uint8Array): void;
  /** Writes the end; later calls do nothing. */
  ended(outcome: { exit: number | null; signal: string | null; error: ErrorData | null }): void;
}

export interface Recorder {
  /** The id the next command with this record key will have. */
  reserve(record_key: string): string;
  started(start: CommandStart): RecordedCommand;
  /** How many commands have begun and not ended. */
  running(): number;
}

export function createRecorder(journal: Journal, node: string): Recorder {
  const reserved = new Map<string, string>();
  // The journal's number makes ids unique in a session that is opened again.
  const prefix = `${node}.${journal.last_seq}`;
  let count = 0;
  let running = 0;
  const nextId = () => `${prefix}.${++count}`;

  return {
    reserve(record_key) {
      const id = nextId();
      reserved.set(record_key, id);
      return id;
    },

    running: () => running,

    started(start) {
      const key = start.record_key ?? "";
      const command_id = reserved.get(key) ?? nextId();
      reserved.delete(key);
      const began = performance.now();
      const bytes = { stdout: 0, stderr: 0 };
      let open = true;
      journal.append([{ type: "command.started", node, command_id, ...start }]);
      running += 1;
      const wrote: RecordedCommand["wrote"] = (stream, piece) => {
        bytes[stream] += piece.length;
        const blob = journal.putBlob(command_id, stream, piece);
        journal.append([{ type: "command.output", node, command_id, stream, blob, bytes: piece.length }]);
      };
      return {
        command_id,
        wrote,
        stage: (stream) => new RecordingStage((piece) => wrote(stream, piece)),
        ended(outcome) {
          if (!open) return;
          open = false;
          running -= 1;
          journal.append([
            {
              type: "command.ended",
              node,
              command_id,
              ...outcome,
              duration_ms: Math.round(performance.now() - began),
              stdout_bytes: bytes.stdout,
              stderr_bytes: bytes.stderr,
            },
          ]);
        },
      };
    },
  };
}

/** Gathers chunks to pieces, records each, and only then passes it on. A failure to record ends the stream. */
class RecordingStage extends Transform {
  #gathered: Buffer[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #record: (piece: Uint8Array) => void;

  constructor(record: (piece: Uint8Array) => void) {
    super();
    this.#record = record;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#gathered.push(chunk);
    this.#size += chunk.length;
    if (this.#size >= PIECE_BYTES) {
      this.#pass(done);
    } else {
      this.#arm();
      done();
    }
  }

  override _flush(done: TransformCallback): void {
    this.#pass(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#timer) clearTimeout(this.#timer);
    // What arrived before a cut-off is evidence too.
    try {
      this.#recordGathered();
      done(error);
    } catch (failure) {
      done(error ?? (failure instanceof Error ? failure : new Error(String(failure))));
    }
  }

  /** Passes a quiet command's bytes on after a while, unless the reader has enough to read already. */
  #arm(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (this.readableLength < this.readableHighWaterMark) this.#pass();
      else this.#arm();
    }, PIECE_AGE_MS);
  }

  #pass(done?: TransformCallback): void {
    try {
      const piece = this.#recordGathered();
      if (piece) this.push(piece);
      done?.();
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      if (done) done(failure);
      else this.destroy(failure);
    }
  }

  #recordGathered(): Buffer | null {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#size === 0) return null;
    const piece = Buffer.concat(this.#gathered, this.#size);
    this.#gathered = [];
    this.#size = 0;
    this.#record(piece);
    return piece;
  }
}
