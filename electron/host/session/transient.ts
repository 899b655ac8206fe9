/**
 * Which failures of a connection pass by themselves, so that trying again makes sense without a person.
 *
 * Only those of the network and of a server that is not there. A refusal (password, key, host key), a question
 * that was cancelled and a wrong configuration come again every time; repeating them would lock accounts or
 * fill a screen with questions.
 */
import type { ErrorData } from "../../core/errors.ts";

const TRANSIENT: ReadonlySet<string> = new Set([
  "connect-failed",
  "connect-timeout",
  "connection-lost",
  "connection-closed",
  // Cut in the middle of the key exchange, or a server that is just starting.
  "not-ssh",
]);

export const isTransient = ({ code }: Pick<ErrorData, "code">): boolean => TRANSIENT.has(code);
