/** What cannot be seen with the privileges a connection has, said in advance. */
import type { Section } from "../../core/collect/section.ts";
import type { Privileges } from "../../core/journal/events.ts";

/** One sentence for each thing that needs root; empty with root. */
export function limitsOf(privileges: Privileges, sections: readonly Section[]): string[] {
  if (privileges !== "none") return [];
  const blind = sections.filter((section) => section.needs_root);
  return [...new Set(blind.map((section) => section.without_root ?? `${section.title}: needs root.`))];
}
