/**
 * The form of a runbook as plain data, built from what the book says it takes: what stands in it at first, what is wrong
 * with it, and what the host is asked for. The host checks again; this is for the person in front of it.
 */
import type { BookInput } from "../../../electron/core/runbook/types.ts";
import type { TracerParam } from "../../../electron/core/trace/manifest.ts";

/** As typed, by name of the input. */
export type InputValues = Readonly<Record<string, string>>;

/** Longest value the contract takes. */
const LONGEST = 1000;
const LONGEST_S = 3600;

/** What stands in the form: what was given, else the book's own default, else nothing. */
export function firstInputs(inputs: readonly BookInput[], given: InputValues = {}): InputValues {
  return Object.fromEntries(inputs.map(({ name, default: usual }) => [name, given[name] ?? usual ?? ""]));
}

/** What would be refused, in words that stand beside the field, by name. */
export function inputProblems(inputs: readonly BookInput[], values: InputValues): Readonly<Record<string, string>> {
  return Object.fromEntries(
    inputs.flatMap((input) => {
      const problem = problemOf(input, (values[input.name] ?? "").trim());
      return problem === null ? [] : [[input.name, problem]];
    }),
  );
}

function problemOf({ type, required, default: usual }: BookInput, text: string): string | null {
  // The host takes the book's own where nothing is given.
  if (text === "") return required && usual === undefined ? "This is needed." : null;
  if (text.length > LONGEST) return `At most ${LONGEST} characters.`;
  switch (type) {
    case "seconds":
      return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= LONGEST_S
        ? null
        : `A whole number of seconds, 1 to ${LONGEST_S}.`;
    case "number":
      return /^-?\d{1,15}(\.\d{1,9})?$/.test(text) ? null : "A number.";
    case "interface":
      return text.length <= 15 && !/[\s/]/.test(text) ? null : "One interface's name, at most 15 characters.";
    case "address":
      return /^[0-9a-f:.[\]/]{2,60}$/i.test(text) ? null : "An IP address.";
    case "pod":
    case "name":
    case "text":
      return null;
  }
}

/** What the host is asked for: without what was left empty. */
export function startInputs(inputs: readonly BookInput[], values: InputValues): Record<string, string> {
  return Object.fromEntries(
    inputs.flatMap(({ name }) => {
      const text = (values[name] ?? "").trim();
      return text === "" ? [] : [[name, text]];
    }),
  );
}

const SUGGESTS: Partial<Record<BookInput["type"], TracerParam["suggests"]>> = {
  interface: "ifname",
  pod: "pod",
  address: "ip",
};

/** The same as a parameter of a tracer, whose field and whose values of the picture serve here, too. */
export function paramOf({ name, title, description, type, required }: BookInput): TracerParam {
  const suggests = SUGGESTS[type];
  return {
    name,
    title,
    description,
    required,
    type: type === "seconds" ? "u64" : type === "number" ? "f64" : "text",
    ...(type === "seconds" ? { min: 1, max: LONGEST_S, unit: "s" as const } : {}),
    ...(suggests ? { suggests } : {}),
  };
}

/** Inputs that name something of one node only. */
export function ofOneNode(inputs: readonly BookInput[], values: InputValues): BookInput[] {
  return inputs.filter(({ name, type }) => type === "interface" && (values[name] ?? "").trim() !== "");
}
