/** What sections that were read for a run say, each by itself. */
import type { Collected } from "../collect/frames.ts";
import { readFacts } from "../facts/facts.ts";
import type { SectionState } from "../model/types.ts";
import type { SectionFacts } from "../parse.ts";
import type { Reading } from "./types.ts";

/** One reading a section and place, in the order they came. `command_id`: whose output it was. */
export function readingsOf(collected: Collected, command_id: string): Reading[] {
  const facts = readFacts(collected);
  return facts.states.map((state) => {
    const { section, scope } = state;
    const place: Partial<SectionFacts> = scope.startsWith("netns:")
      ? (facts.netns.get(scope.slice("netns:".length)) ?? {})
      : facts.node;
    const value = (place as Readonly<Record<string, unknown>>)[section] ?? null;
    return { section, scope: scope as Reading["scope"], command_id, facts: value, problem: problemOf(state) };
  });
}

function problemOf({ ok, exit, truncated, warnings }: SectionState): string | null {
  if (ok) return null;
  const said = warnings.map(({ message }) => message).join(" ");
  if (said !== "") return said;
  return truncated ? "Its output was cut." : `It ended with ${exit === null ? "no exit code" : `exit code ${exit}`}.`;
}
