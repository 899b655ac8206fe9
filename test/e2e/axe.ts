/** Asks axe what is wrong with a page. */
import axe from "axe-core";
import type { Page } from "playwright-core";
import { drawn } from "../support/app.ts";

/** Rules that are broken seriously, with the elements that break them. `within`: CSS selectors; nothing means the page. */
export async function seriousFindings(
  page: Page,
  within: { include?: string; exclude?: string } = {},
): Promise<string[]> {
  // The page's own policy forbids foreign scripts; the debugger may evaluate nevertheless.
  await page.evaluate(axe.source);
  await drawn(page);
  const results = await page.evaluate(
    (where) => (window as unknown as { axe: typeof axe }).axe.run({ include: "html", ...where }),
    within,
  );
  return results.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}
