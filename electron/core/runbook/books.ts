/** Every runbook that ships with the app. A book is a folder of `books/`; there is no list to edit. */
import type { Runbook } from "./types.ts";

const shipped: readonly Runbook[] = Object.values(
  import.meta.glob<Runbook>("./books/*/index.ts", { eager: true, import: "default" }),
).sort((a, b) => (a.id < b.id ? -1 : 1));

export function shippedBooks(): readonly Runbook[] {
  return shipped;
}
