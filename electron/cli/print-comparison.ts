/** Two nodes side by side for a person's terminal: what differs, and how much is the same. Node text is made visible. */

import type { NodeComparison } from "../core/fleet/compare-nodes.ts";
import type { ComparedRow } from "../core/fleet/compare-sets.ts";
import { visibleText } from "../core/text/visible.ts";
import type { Paint } from "./paint.ts";

/** `names`: the targets as the person gave them. */
export function printComparison({ parts, differs }: NodeComparison, names: [string, string], p: Paint): string {
  const [left, right] = names.map((name) => visibleText(name)) as [string, string];
  const lines = parts.flatMap(({ title, rows, unread }) => {
    const apart = rows.filter(({ state }) => state !== "same");
    const same = rows.length - apart.length;
    const blind = [...unreadLine(left, unread.left), ...unreadLine(right, unread.right)];
    if (apart.length === 0 && blind.length === 0) return [];
    return [
      "",
      `${p.bold(title)}  ${p.dim(`${same} the same`)}`,
      ...blind,
      ...apart.flatMap((row) => rowLines(row, left, right, p)),
    ];
  });
  return [`${p.bold(left)} and ${p.bold(right)}: ${differs ? "they differ" : "nothing differs"}.`, ...lines, ""].join(
    "\n",
  );
}

const unreadLine = (name: string, sections: readonly string[]) =>
  sections.length === 0 ? [] : [`  ${name}: not seen whole: ${sections.map((one) => visibleText(one)).join(", ")}`];

function rowLines({ name, state, left, right }: ComparedRow, leftName: string, rightName: string, p: Paint): string[] {
  const mark = { same: " ", different: "≠", only_left: "<", only_right: ">" }[state];
  const side = (label: string, value: ComparedRow["left"]) => {
    if (value === null) return `      ${label}: ${p.dim("none")}`;
    const { count, where } = value;
    const many = count > 1 ? `${count}: ` : "";
    const shown = where.map((one) => visibleText(one)).join(", ");
    const of = where.length === 0 ? "" : `  ${p.dim(`(${many}${shown}${count > where.length ? ", …" : ""})`)}`;
    return `      ${label}: ${visibleText(value.value)}${of}`;
  };
  return [`  ${p.alarm(mark)} ${visibleText(name)}`, side(leftName, left), side(rightName, right)];
}
