/**
 * The messages on a port. A request has an id of the client's choice; everything about it carries it.
 *
 *     client → server   call {id, method, input, credit}   credit > 0: a stream
 *                       credit {id, n}                      n more items may come
 *                       cancel {id}                         nobody waits for it any more
 *     server → client   ret {id, value} | err {id, error}   the one end of a call
 *                       next {id, value}… then end {id} | err {id, error}
 *
 * `readFrame` checks the shape only; a method's input is checked against the contract by the server.
 */
import type { ErrorData } from "../../core/errors.ts";

/** How many items a producer may be ahead of its reader. */
export const WINDOW = 32;

export type ClientFrame =
  | { t: "call"; id: number; method: string; input: unknown; credit: number }
  | { t: "credit"; id: number; n: number }
  | { t: "cancel"; id: number };

export type ServerFrame =
  | { t: "ret"; id: number; value: unknown }
  | { t: "next"; id: number; value: unknown }
  | { t: "end"; id: number }
  | { t: "err"; id: number; error: ErrorData };

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** A frame from a client, or null when it is not one: the sender is not trusted. */
export function readClientFrame(message: unknown): ClientFrame | null {
  if (!isRecord(message) || !isCount(message.id)) return null;
  const { t, id } = message;
  if (t === "call" && typeof message.method === "string" && isCount(message.credit)) {
    return { t, id, method: message.method, input: message.input, credit: message.credit };
  }
  if (t === "credit" && isCount(message.n)) return { t, id, n: message.n };
  if (t === "cancel") return { t, id };
  return null;
}

/** A frame from the server, or null when it is not one. */
export function readServerFrame(message: unknown): ServerFrame | null {
  if (!isRecord(message) || !isCount(message.id)) return null;
  const { t, id } = message;
  if (t === "ret" || t === "next") return { t, id, value: message.value };
  if (t === "end") return { t, id };
  if (t === "err" && isErrorData(message.error)) return { t, id, error: message.error };
  return null;
}

function isErrorData(value: unknown): value is ErrorData {
  return (
    isRecord(value) &&
    typeof value.code === "string" &&
    typeof value.message === "string" &&
    typeof value.hint === "string"
  );
}
