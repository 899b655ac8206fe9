/**
 * The form of a tracer as plain data, built from its manifest: what stands in it at first, what is wrong with it, and
 * what it asks the host for. The host and the tracer check again; this is for the person in front of it.
 */
import type { TracerManifest, TracerParam } from "../../../electron/core/trace/manifest.ts";

/** Everything is text as typed; `true` and `false` for a box to tick. */
export interface FormValues {
  params: Readonly<Record<string, string>>;
  for_s: string;
  /** Empty: no limit. */
  events: string;
  budget_pct: string;
}

export type LimitName = "for_s" | "events" | "budget_pct";

/** What is wrong, by name of the parameter or the limit. */
export interface FormProblems {
  params: Readonly<Record<string, string>>;
  limits: Readonly<Partial<Record<LimitName, string>>>;
}

export interface StartInput {
  tracer: string;
  params: Record<string, string>;
  for_s: number;
  events: number | null;
  budget_pct: number;
}

const U64_MAX = 2n ** 64n - 1n;
const LONGEST_S = 86_400;
const MOST_EVENTS = 1e9;
const LONGEST_PARAM = 4096;

/** Defaults of the manifest, with `params` in their place where given. */
export function firstValues(manifest: TracerManifest, params: Readonly<Record<string, string>> = {}): FormValues {
  const values = manifest.params.map((param) => [param.name, params[param.name] ?? defaultOf(param)] as const);
  return { params: Object.fromEntries(values), for_s: "30", events: "", budget_pct: "3" };
}

function defaultOf(param: TracerParam): string {
  return param.default ?? (param.type === "bool" ? "false" : "");
}

/** What would be refused, in words that stand beside the field. */
export function problemsOf(manifest: TracerManifest, values: FormValues): FormProblems {
  const params: Record<string, string> = {};
  for (const param of manifest.params) {
    const problem = paramProblem(param, (values.params[param.name] ?? "").trim());
    if (problem !== null) params[param.name] = problem;
  }
  const limits: FormProblems["limits"] = {
    ...problem("for_s", numberProblem(values.for_s.trim(), { whole: true, min: 1, max: LONGEST_S, unit: "s" })),
    ...problem(
      "events",
      values.events.trim() === ""
        ? null
        : numberProblem(values.events.trim(), { whole: true, min: 1, max: MOST_EVENTS }),
    ),
    ...problem("budget_pct", numberProblem(values.budget_pct.trim(), { min: 0.1, max: 100, unit: "%" })),
  };
  return { params, limits };
}

/** Whether nothing is wrong. */
export function isSound({ params, limits }: FormProblems): boolean {
  return Object.keys(params).length + Object.keys(limits).length === 0;
}

/** What the host is asked; only for a sound form. What is as the manifest says is left out. */
export function startInput(manifest: TracerManifest, values: FormValues): StartInput {
  const given = manifest.params.flatMap((param) => {
    const text = clean(param, values.params[param.name] ?? "");
    // An empty text in place of a default means none.
    return text === defaultOf(param) ? [] : [[param.name, text] as const];
  });
  const events = values.events.trim();
  return {
    tracer: manifest.name,
    params: Object.fromEntries(given),
    for_s: Number(values.for_s.trim()),
    events: events === "" ? null : Number(events),
    budget_pct: Number(values.budget_pct.trim()),
  };
}

/** Items of a comma-separated list, without empty ones. */
export function listItems(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function clean(param: TracerParam, text: string): string {
  return param.type === "list" ? listItems(text).join(",") : text.trim();
}

function problem(name: LimitName, text: string | null): Partial<Record<LimitName, string>> {
  return text === null ? {} : { [name]: text };
}

function paramProblem(param: TracerParam, text: string): string | null {
  if (text === "") return param.required ? "This is needed." : null;
  const longest = param.max_length ?? LONGEST_PARAM;
  switch (param.type) {
    case "u64":
      return numberProblem(text, { ...bounds(param), whole: true });
    case "f64":
      return numberProblem(text, bounds(param));
    case "enum":
      return (param.values ?? []).includes(text) ? null : `One of ${(param.values ?? []).join(", ")}.`;
    case "bool":
      return null;
    case "list": {
      if (param.required && listItems(text).length === 0) return "This is needed.";
      const odd = param.values && listItems(text).find((item) => !param.values?.includes(item));
      if (odd !== undefined) return `Each one of ${param.values?.join(", ")}.`;
      return text.length > longest ? `At most ${longest} characters.` : null;
    }
    case "text":
      return text.length > longest ? `At most ${longest} characters.` : null;
  }
}

interface Bounds {
  whole?: boolean;
  min?: number;
  max?: number;
  unit?: string;
}

function bounds({ min, max, unit }: TracerParam): Bounds {
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(unit === undefined ? {} : { unit }),
  };
}

function numberProblem(text: string, { whole = false, min, max, unit }: Bounds): string | null {
  if (text === "") return "This is needed.";
  const isNumber = whole ? /^\d+$/.test(text) : /^-?\d+(\.\d+)?$/.test(text);
  if (!isNumber) return whole ? "A whole number, without sign." : "A number, such as 0.5.";
  if (whole && BigInt(text) > U64_MAX) return "That is more than 64 bits hold.";
  const value = Number(text);
  const end = unit === undefined ? "." : ` ${unit}.`;
  if (min !== undefined && value < min) return `At least ${min}${end}`;
  if (max !== undefined && value > max) return `At most ${max}${end}`;
  return null;
}

/** Bounds of a number in words, e.g. `1 to 86400 s`; empty without any. */
export function boundsText({ min, max, unit }: TracerParam): string {
  const end = unit === undefined ? "" : ` ${unit}`;
  if (min !== undefined && max !== undefined) return `${min} to ${max}${end}`;
  if (min !== undefined) return `at least ${min}${end}`;
  if (max !== undefined) return `at most ${max}${end}`;
  return end.trim();
}
