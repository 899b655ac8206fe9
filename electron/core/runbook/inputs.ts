/** Checks what a person gave a runbook against what it asks for, before anything is run. */
import { BpfdeskError } from "../errors.ts";
import type { BookInput, Runbook } from "./types.ts";

/** A runbook looks at a node for minutes, not for days. */
const LONGEST_S = 3600;

/**
 * The inputs a run begins with: those given, and the defaults of the others. An empty text counts as not given.
 * Throws `bad-input` with every problem in words.
 */
export function checkInputs(
  book: Pick<Runbook, "id" | "inputs">,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const problems: string[] = [];
  const inputs: Record<string, string> = {};
  for (const input of book.inputs) {
    const value = (Object.hasOwn(given, input.name) ? given[input.name] : "")?.trim() || (input.default ?? "");
    if (value === "") {
      if (input.required) problems.push(`${input.name} must be given: ${input.description}`);
      continue;
    }
    const wrong = problemOf(input, value);
    if (wrong === null) inputs[input.name] = value;
    else problems.push(`${input.name} is ${JSON.stringify(value.slice(0, 80))}, ${wrong}.`);
  }
  const known = new Set(book.inputs.map(({ name }) => name));
  for (const name of Object.keys(given)) {
    if (!known.has(name)) problems.push(`${book.id} has no input ${JSON.stringify(name.slice(0, 80))}.`);
  }
  const [first, ...others] = problems;
  if (first === undefined) return inputs;
  throw new BpfdeskError({
    code: "bad-input",
    message: first,
    hint:
      book.inputs.length === 0
        ? `${book.id} has no inputs.`
        : `Inputs of ${book.id}: ${book.inputs.map(({ name }) => name).join(", ")}.`,
    ...(others.length === 0 ? {} : { cause: others.join(" ") }),
  });
}

function problemOf({ type }: BookInput, value: string): string | null {
  if (value.includes("\0")) return "which holds a zero byte";
  switch (type) {
    case "seconds":
      return /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= LONGEST_S
        ? null
        : `and must be a whole number of seconds from 1 to ${LONGEST_S}`;
    case "number":
      return /^-?\d{1,15}(\.\d{1,9})?$/.test(value) ? null : "and must be a number";
    case "interface":
      // IFNAMSIZ less its zero byte (include/uapi/linux/if.h); dev_valid_name() refuses these two.
      return value.length <= 15 && !/[\s/]/.test(value) ? null : "and must be the name of an interface";
    case "address":
      return /^[0-9a-fA-F:.]{2,45}(\/\d{1,3})?(:\d{1,5})?$/.test(value) ||
        /^\[[0-9a-fA-F:.]{2,45}\](:\d{1,5})?$/.test(value)
        ? null
        : "and must be an IP address";
    case "pod":
    case "name":
    case "text":
      return null;
  }
}
