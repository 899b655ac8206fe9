/** Checks a tracer's parameters against its manifest, before anything is sent to a node. */
import { encodeUtf8 } from "../collect/utf8.ts";
import { BpfdeskError } from "../errors.ts";
import type { TracerManifest, TracerParam } from "./manifest.ts";

/** As long as one argument of a command may reasonably be. */
const MAX_LENGTH = 4096;
const MAX_U64 = (1n << 64n) - 1n;

/** Throws `bad-param` with every problem in words: the parameter, what was given, what may be. */
export function validateParams(manifest: TracerManifest, params: Readonly<Record<string, string>>): void {
  const problems = problemsOf(manifest, params);
  const [first, ...others] = problems;
  if (first === undefined) return;
  throw new BpfdeskError({
    code: "bad-param",
    message: first,
    hint:
      manifest.params.length === 0
        ? `${manifest.name} has no parameters.`
        : `Parameters of ${manifest.name}: ${manifest.params.map(({ name }) => name).join(", ")}.`,
    ...(others.length === 0 ? {} : { cause: others.join(" ") }),
  });
}

/** In words, one sentence each, the manifest's order first. */
function problemsOf(manifest: TracerManifest, params: Readonly<Record<string, string>>): string[] {
  const declared = new Set(manifest.params.map(({ name }) => name));
  const unknown = Object.keys(params).filter((name) => !declared.has(name));
  return [
    ...manifest.params.flatMap((param) => {
      const value = Object.hasOwn(params, param.name) ? params[param.name] : param.default;
      // An empty value stands for none, also where there is a default.
      if (value) return problemOf(param, value) ?? [];
      return param.required ? [`${param.name} must be given.`] : [];
    }),
    ...unknown.map((name) => `${manifest.name} has no parameter ${JSON.stringify(name)}.`),
  ];
}

/** Null when the value, which is not empty, will do. */
function problemOf(param: TracerParam, value: string): string | null {
  const wrong = (what: string) => `${param.name} is ${JSON.stringify(value.slice(0, 80))}, ${what}.`;
  const longest = param.max_length ?? MAX_LENGTH;
  const length = encodeUtf8(value).length;
  if (length > longest) return `${param.name} has ${length} bytes; at most ${longest} are allowed.`;
  // An argument of a command cannot hold it.
  if (value.includes("\0")) return wrong("which holds a zero byte");
  switch (param.type) {
    case "text":
      return null;
    case "bool":
      return value === "true" || value === "false" ? null : wrong("and must be true or false");
    case "enum":
      return param.values?.includes(value) === false ? wrong(`and must be one of ${param.values.join(", ")}`) : null;
    case "list": {
      const { values } = param;
      const odd = values && value.split(",").find((one) => one !== "" && !values.includes(one));
      return odd === undefined
        ? null
        : `${param.name} holds ${JSON.stringify(odd.slice(0, 80))}; each must be one of ${values?.join(", ")}.`;
    }
    case "u64":
      if (!/^\d{1,20}$/.test(value) || BigInt(value) > MAX_U64) return wrong("and must be a whole number");
      return withinBounds(param, Number(value)) ? null : wrong(`and must be ${boundsOf(param)}`);
    case "f64":
      if (!/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value) || !Number.isFinite(Number(value)))
        return wrong("and must be a number");
      return withinBounds(param, Number(value)) ? null : wrong(`and must be ${boundsOf(param)}`);
  }
}

function withinBounds({ min, max }: TracerParam, value: number): boolean {
  return (min === undefined || value >= min) && (max === undefined || value <= max);
}

/** `from 1 to 10 s`, `at least 1`. */
function boundsOf({ min, max, unit }: TracerParam): string {
  const of = unit === undefined ? "" : ` ${unit.replace("_", " ")}`;
  if (min !== undefined && max !== undefined) return `from ${min} to ${max}${of}`;
  return min === undefined ? `at most ${max}${of}` : `at least ${min}${of}`;
}
