/**
 * The journal of one session: an append-only list of events, with raw outputs beside it.
 *
 * An event is in the file before anybody sees it, so after a crash everything that was ever shown is there.
 * A subscriber that keeps up is handed what was just stored; one that is behind reads from the file, so a
 * slow subscriber costs no memory. Does not know what the events mean.
 */
import { BpfdeskError } from "../../core/errors.ts";
import type { EventBody, JournalEvent } from "../../core/journal/events.ts";
import { closeDatabase, openDatabase } from "./database.ts";
import { journalError } from "./errors.ts";
import { pack, unpack } from "./pack.ts";

interface StoredBlob {
  id: number;
  stream: "stdout" | "stderr";
  bytes: Uint8Array;
}

export interface Journal {
  readonly path: string;
  /** Sequence number of the newest event, 0 when there is none. */
  readonly last_seq: number;
  /** Stores the events in one transaction, all or none, then wakes subscribers. Throws BpfdeskError. */
  append(events: readonly EventBody[]): JournalEvent[];
  /** Events after `after_seq` in order: at most `limit`, and about 1 MiB of stored text, but at least one if there is one. */
  read(after_seq: number, limit: number): JournalEvent[];
  /** The events of these types in order, of one node when it is named; others are not even unpacked. */
  ofTypes<T extends EventBody["type"]>(types: readonly T[], node?: string): Generator<EventOf<T>, void>;
  /** Sequence number of the newest event of these types, of one node; 0 when there is none. Unpacks nothing. */
  lastSeqOf(types: readonly EventBody["type"][], node: string): number;
  /** Batches of every event after `after_seq` in order, then live ones. Ends on close or abort; throws when recording fails. */
  subscribe(
    after_seq: number,
    signal: { readonly aborted: boolean } & AbortTarget,
  ): AsyncGenerator<JournalEvent[], void>;
  /** Stores a piece of a command's output; returns its id. Throws BpfdeskError. */
  putBlob(command_id: string, stream: "stdout" | "stderr", bytes: Uint8Array): number;
  /** The stored output of a command in the order it came, one piece at a time; what came after piece `after`. */
  blobs(command_id: string, after?: number): Generator<StoredBlob, void>;
  close(): void;
}

type EventOf<T extends EventBody["type"]> = JournalEvent & { type: T };

interface AbortTarget {
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export interface JournalOptions {
  /** Opens an existing session without changing it. */
  read_only?: boolean;
  /** Largest size of the session file, default 4 GiB. */
  max_bytes?: number;
  /** Epoch ms. */
  now?: () => number;
}

const BATCH_EVENTS = 256;
const BATCH_BYTES = 1 << 20;

/** Opens or creates the session file at `path`, or one in memory for ":memory:". Throws BpfdeskError. */
export function openJournal(path: string, options: JournalOptions = {}): Journal {
  const db = openDatabase(path, {
    read_only: options.read_only ?? false,
    max_bytes: options.max_bytes ?? 4 * 1024 ** 3,
  });
  const now = options.now ?? Date.now;
  const insertEvent = db.prepare("INSERT INTO events (seq, at, type, node, packed, body) VALUES (?, ?, ?, ?, ?, ?)");
  const selectEvents = db.prepare("SELECT seq, at, type, packed, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?");
  const selectOfType = db.prepare(
    `SELECT seq, at, type, packed, body FROM events
      WHERE seq > ? AND type IN (SELECT value FROM json_each(?)) AND (? IS NULL OR node = ?) ORDER BY seq LIMIT 1`,
  );
  const selectLast = db.prepare(
    `SELECT coalesce(max(seq), 0) AS seq FROM events WHERE type IN (SELECT value FROM json_each(?)) AND node = ?`,
  );
  const insertBlob = db.prepare("INSERT INTO blobs (command_id, stream, packed, bytes) VALUES (?, ?, ?, ?)");
  const selectBlob = db.prepare(
    "SELECT id, stream, packed, bytes FROM blobs WHERE command_id = ? AND id > ? ORDER BY id LIMIT 1",
  );
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  /** Subscribers that have seen everything and wait for more. */
  const wakers = new Set<() => void>();
  /** What was stored in this turn of the event loop, for subscribers that keep up. Bounded as a batch is. */
  let fresh: JournalEvent[] = [];
  let freshBytes = 0;
  let failure: BpfdeskError | null = null;
  let closed = false;
  let lastSeq = guarded(() => Number(db.prepare("SELECT coalesce(max(seq), 0) AS seq FROM events").get()?.seq));

  function wake(): void {
    for (const waker of [...wakers]) waker();
  }

  function forget(): void {
    fresh = [];
    freshBytes = 0;
  }

  function remember(stored: readonly JournalEvent[], bytes: number): void {
    if (freshBytes + bytes > BATCH_BYTES || fresh.length + stored.length > BATCH_EVENTS) forget();
    if (fresh.length === 0) setImmediate(forget);
    fresh.push(...stored);
    freshBytes += bytes;
  }

  /** The fresh events after `after_seq`, when they begin there. */
  function freshAfter(after_seq: number): JournalEvent[] {
    const first = fresh[0]?.seq ?? Number.POSITIVE_INFINITY;
    return first <= after_seq + 1 ? fresh.slice(after_seq + 1 - first) : [];
  }

  /** Runs a database action; a failure to write also reaches the subscribers, who would wait for ever. */
  function guarded<T>(action: () => T): T {
    if (closed) throw new BpfdeskError(sessionClosed(path));
    try {
      return action();
    } catch (error) {
      const known = journalError(error, path);
      failure = known;
      wake();
      throw known;
    }
  }

  function eventOf(row: Record<string, unknown>): JournalEvent {
    const body = unpack(Number(row.packed), row.body as Uint8Array);
    const fields = JSON.parse(decoder.decode(body)) as object;
    // In this order: what was stored does not say where it stands.
    return { ...fields, seq: Number(row.seq), at: Number(row.at), type: row.type } as JournalEvent;
  }

  return {
    path,
    get last_seq() {
      return lastSeq;
    },

    append(events) {
      let bytes = 0;
      const stored = guarded(() => {
        const at = now();
        db.exec("BEGIN IMMEDIATE");
        try {
          const done = events.map((event, index): JournalEvent => {
            const { type, ...rest } = event;
            const seq = lastSeq + 1 + index;
            const body = pack(encoder.encode(JSON.stringify(rest)));
            bytes += body.bytes.length;
            insertEvent.run(seq, at, type, "node" in event ? event.node : null, body.packed, body.bytes);
            return { ...event, seq, at };
          });
          db.exec("COMMIT");
          return done;
        } catch (error) {
          // A full disk may have rolled back already.
          if (db.isTransaction) db.exec("ROLLBACK");
          throw error;
        }
      });
      lastSeq += stored.length;
      failure = null;
      remember(stored, bytes);
      wake();
      return stored;
    },

    read(after_seq, limit) {
      return guarded(() => {
        const events: JournalEvent[] = [];
        let bytes = 0;
        for (const row of selectEvents.iterate(after_seq, limit)) {
          bytes += (row.body as Uint8Array).length;
          if (events.length > 0 && bytes > BATCH_BYTES) break;
          events.push(eventOf(row));
        }
        return events;
      });
    },

    *ofTypes<T extends EventBody["type"]>(types: readonly T[], node?: string) {
      for (let after = 0; ; ) {
        const row = guarded(() => selectOfType.get(after, JSON.stringify(types), node ?? null, node ?? null));
        if (!row) return;
        after = Number(row.seq);
        yield guarded(() => eventOf(row)) as EventOf<T>;
      }
    },

    lastSeqOf: (types, node) => guarded(() => Number(selectLast.get(JSON.stringify(types), node)?.seq)),

    async *subscribe(after_seq, signal) {
      let cursor = after_seq;
      while (!closed && !signal.aborted) {
        const known = freshAfter(cursor);
        const events = known.length > 0 ? known : this.read(cursor, BATCH_EVENTS);
        const last = events.at(-1);
        if (last) {
          cursor = last.seq;
          yield events;
          continue;
        }
        if (failure) throw failure;
        await new Promise<void>((resolve) => {
          const done = () => {
            wakers.delete(done);
            signal.removeEventListener("abort", done);
            resolve();
          };
          wakers.add(done);
          signal.addEventListener("abort", done, { once: true });
        });
      }
    },

    putBlob(command_id, stream, bytes) {
      return guarded(() => {
        const stored = pack(bytes);
        return Number(insertBlob.run(command_id, stream, stored.packed, stored.bytes).lastInsertRowid);
      });
    },

    *blobs(command_id, after = 0) {
      for (let id = after; ; ) {
        const row = guarded(() => selectBlob.get(command_id, id));
        if (!row) return;
        id = Number(row.id);
        const stream = row.stream === "stderr" ? "stderr" : "stdout";
        yield { id, stream, bytes: guarded(() => unpack(Number(row.packed), row.bytes as Uint8Array)) };
      }
    },

    close() {
      if (closed) return;
      closed = true;
      wake();
      closeDatabase(db);
    },
  };
}

const sessionClosed = (path: string) => ({
  code: "session-closed",
  message: `The session ${path} is closed.`,
  hint: "Open it again to go on.",
});
