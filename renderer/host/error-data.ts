/** Failures as data, whatever was thrown. */
import { BpfdeskError, type ErrorData } from "../../electron/core/errors.ts";

/** Any failure as data. An error that is none of ours is a bug; its text is kept as the cause. */
export function errorData(error: unknown): ErrorData {
  if (error instanceof BpfdeskError) return error.data;
  return {
    code: "internal",
    message: "bpfdesk made a mistake.",
    hint: "Try again; please report it when it happens twice.",
    cause: error instanceof Error ? error.message : String(error),
  };
}
