/** What cannot be seen with the privileges a connection has, said in advance. */
import type { Section } from "../../core/collect/section.ts";
import type { Privileges } from "../../core/journal/events.ts";
import { hasRoot } from "../../core/privileges.ts";

interface Seen {
  privileges: Privileges;
  rootRefused?: string;
  /** The tools that do run as root. */
  rootTools?: Readonly<Record<string, string>> | undefined;
}

/** Why there is no root, then one sentence for each thing that needs it; empty with root. */
export function limitsOf({ privileges, rootRefused, rootTools = {} }: Seen, sections: readonly Section[]): string[] {
  if (hasRoot(privileges)) return [];
  const tools = Object.keys(rootTools);
  const why = [
    ...(rootRefused ? [`No root: ${rootRefused}.`] : []),
    ...(tools.length > 0 ? [`sudo runs only these as root: ${tools.join(", ")}.`] : []),
  ];
  const blind = sections.filter(
    // What only runbooks ask for is no part of what is seen here.
    ({ needs_root, stage, root_tool = "" }) => needs_root && stage !== 3 && rootTools[root_tool] === undefined,
  );
  return [...new Set([...why, ...blind.map((section) => section.without_root ?? `${section.title}: needs root.`)])];
}
