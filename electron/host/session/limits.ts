/** What cannot be seen with the privileges a connection has, said in advance. */
import type { Section } from "../../core/collect/section.ts";
import type { Privileges } from "../../core/journal/events.ts";

/** Why there is no root, then one sentence for each thing that needs it; empty with root. */
export function limitsOf(
  { privileges, rootRefused }: { privileges: Privileges; rootRefused?: string },
  sections: readonly Section[],
): string[] {
  if (privileges !== "none") return [];
  const why = rootRefused ? [`No root: ${rootRefused}.`] : [];
  const blind = sections.filter((section) => section.needs_root);
  return [...new Set([...why, ...blind.map((section) => section.without_root ?? `${section.title}: needs root.`)])];
}
