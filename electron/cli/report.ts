/** Errors for a person's terminal: phase, what happened, what to try. */
import { BpfdeskError, type ErrorData } from "../core/errors.ts";
import { nameBug } from "../host/crash.ts";
import { EXIT } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Exceptions that are not data are bugs and say so.
 *
 * @param name the node it is about, where there are several
 * @returns the exit code
 */
export function report(error: unknown, terminal: Terminal, name?: string): number {
  for (const line of lines(errorData(error), name)) terminal.say(line);
  return EXIT.error;
}

export function errorData(error: unknown): ErrorData {
  if (error instanceof BpfdeskError) return error.data;
  return { code: "internal", message: `internal error: ${nameBug(error)}`, hint: "" };
}

function lines({ phase, message, hint, cause }: ErrorData, name?: string): string[] {
  const where = [...(name === undefined ? [] : [name]), ...(phase ? [phase.replace("_", " ")] : [])];
  return [
    `bpfdesk: ${where.map((one) => `${one}: `).join("")}${message}`,
    ...(hint ? [`  try: ${hint}`] : []),
    ...(cause ? [`  cause: ${cause}`] : []),
  ];
}
