/**
 * The session file: opening, checking and laying out the SQLite database behind a journal.
 *
 * The only place that imports node:sqlite. One process owns a session file at a time (exclusive lock,
 * released by the kernel when the process dies). While open it has a `-wal` beside it; a clean close
 * leaves one plain file, so a `-wal` found later means that its writer was killed.
 */
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BpfdeskError } from "../../core/errors.ts";
import { journalError, newerSession, notASession } from "./errors.ts";

/** Version of the layout below, in `PRAGMA user_version`. */
export const SESSION_FORMAT = 1;
/** "bpfd", in `PRAGMA application_id`: tells a session from any other SQLite file. */
const APPLICATION_ID = 0x62706664;

const LAYOUT = `
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,      -- epoch ms of the recording host
    type TEXT NOT NULL,
    node TEXT,
    packed INTEGER NOT NULL,  -- 1: body is deflated JSON
    body BLOB NOT NULL        -- the event without seq, at and type
  ) STRICT;
  CREATE TABLE blobs (
    id INTEGER PRIMARY KEY,
    command_id TEXT NOT NULL,
    stream TEXT NOT NULL CHECK (stream IN ('stdout', 'stderr')),
    packed INTEGER NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
  CREATE INDEX blobs_of_command ON blobs (command_id, id);
`;

export interface DatabaseOptions {
  /** Opens an existing session without changing it. */
  read_only: boolean;
  /** Largest size of the file. */
  max_bytes: number;
}

/** Opens or creates a session file. Throws BpfdeskError; the file is then left as it was. */
export function openDatabase(path: string, options: DatabaseOptions): DatabaseSync {
  const inMemory = path === ":memory:";
  let db: DatabaseSync | null = null;
  try {
    if (!inMemory && !options.read_only) createPrivately(path);
    db = new DatabaseSync(path, { readOnly: options.read_only, timeout: 0 });
    if (!inMemory && !options.read_only) db.exec("PRAGMA locking_mode = EXCLUSIVE");
    checkOrLayOut(db, path, options);
    if (!inMemory && !options.read_only) db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    const pageSize = pragma(db, "page_size");
    db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(options.max_bytes / pageSize))}`);
    return db;
  } catch (error) {
    db?.close();
    throw journalError(error, path);
  }
}

/** Closes so that one plain file is left. */
export function closeDatabase(db: DatabaseSync): void {
  try {
    // Folds the -wal into the file; when that fails (a full disk) the -wal stays and nothing is lost.
    db.exec("PRAGMA journal_mode = DELETE");
  } catch {
    // The next opening recovers from the -wal.
  }
  db.close();
}

/** True when the writer of this session was killed, or is still running. */
export function wasNotClosed(path: string): boolean {
  return existsSync(`${path}-wal`);
}

function checkOrLayOut(db: DatabaseSync, path: string, options: DatabaseOptions): void {
  const isNew = pragma(db, "schema_version") === 0;
  if (isNew && !options.read_only) {
    db.exec(`BEGIN IMMEDIATE; ${LAYOUT}
      PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SESSION_FORMAT}; COMMIT`);
    return;
  }
  if (pragma(db, "application_id") !== APPLICATION_ID) throw new BpfdeskError(notASession(path));
  const format = pragma(db, "user_version");
  if (format > SESSION_FORMAT) throw new BpfdeskError(newerSession(path, format, SESSION_FORMAT));
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** A new file is the user's alone from its first moment; SQLite gives its -wal the same mode. */
function createPrivately(path: string): void {
  if (existsSync(path)) return;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    throw new BpfdeskError({
      code: "session-cannot-open",
      message: `The session ${path} cannot be created.`,
      hint: "Check that its folder exists and that you may write there.",
      cause: error instanceof Error ? error.message : String(error),
    });
  }
}
