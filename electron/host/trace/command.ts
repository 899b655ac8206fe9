/** The command lines of the tracers on a node. Values are elements of an argv, never shell text. */
import type { TraceLimits } from "../../core/journal/events.ts";

export interface TraceOrder {
  tracer: string;
  params: Readonly<Record<string, string>>;
  limits: TraceLimits;
}

export function runArgv(path: string, { tracer, params, limits }: TraceOrder): string[] {
  const { for_s, events, budget_pct } = limits;
  return [
    ...[path, "run", tracer, "--for", String(for_s), "--budget", String(budget_pct)],
    ...(events === null ? [] : ["--events", String(events)]),
    ...Object.entries(params).flatMap(([name, value]) => ["--param", `${name}=${value}`]),
  ];
}

export const checkArgv = (path: string): string[] => [path, "check"];
