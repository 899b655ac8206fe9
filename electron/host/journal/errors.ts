/** SQLite's failures in words a person can act on. */
import { BpfdeskError, type ErrorData } from "../../core/errors.ts";

/** Primary result codes, https://www.sqlite.org/rescode.html */
const SQLITE = { BUSY: 5, LOCKED: 6, READONLY: 8, IOERR: 10, CORRUPT: 11, FULL: 13, CANTOPEN: 14, NOTADB: 26 } as const;

/** Turns whatever SQLite threw into a BpfdeskError that names the file. */
export function journalError(error: unknown, path: string): BpfdeskError {
  if (error instanceof BpfdeskError) return error;
  const code = primaryCode(error);
  const cause = error instanceof Error ? error.message : String(error);
  return new BpfdeskError({ ...describe(code, path), cause });
}

function primaryCode(error: unknown): number | null {
  if (typeof error !== "object" || error === null || !("errcode" in error)) return null;
  // Extended codes keep the primary one in the low byte.
  return typeof error.errcode === "number" ? error.errcode & 0xff : null;
}

function describe(code: number | null, path: string): Omit<ErrorData, "cause"> {
  switch (code) {
    case SQLITE.BUSY:
    case SQLITE.LOCKED:
      return {
        code: "session-in-use",
        message: `The session ${path} is open in another bpfdesk.`,
        hint: "Close it there first, or save a snapshot there and open that.",
      };
    case SQLITE.READONLY:
      return {
        code: "session-read-only",
        message: `The session ${path} cannot be written.`,
        hint: "Check the permissions of the file and its folder, or copy it to another folder.",
      };
    case SQLITE.FULL:
      return {
        code: "session-full",
        message: `Nothing more can be recorded in ${path}: the disk is full or the session has reached its size limit.`,
        hint: "Free some space or start a new session. What was recorded so far is safe.",
      };
    case SQLITE.CORRUPT:
      return {
        code: "session-damaged",
        message: `The session ${path} is damaged.`,
        hint: "Open an older copy; start a new session to go on working.",
      };
    case SQLITE.NOTADB:
      return notASession(path);
    case SQLITE.CANTOPEN:
      return {
        code: "session-cannot-open",
        message: `The session ${path} cannot be opened or created.`,
        hint: "Check that its folder exists and that you may write there.",
      };
    default:
      return {
        code: "session-failed",
        message: `The session ${path} could not be read or written.`,
        hint: "Check the disk; start a new session to go on working.",
      };
  }
}

export const notASession = (path: string): ErrorData => ({
  code: "not-a-session",
  message: `${path} is not a bpfdesk session.`,
  hint: "Choose a file that bpfdesk wrote.",
});

export const newerSession = (path: string, format: number, known: number): ErrorData => ({
  code: "session-newer",
  message: `The session ${path} was written by a newer bpfdesk (format ${format}, this one reads up to ${known}).`,
  hint: "Update bpfdesk to open it.",
});
