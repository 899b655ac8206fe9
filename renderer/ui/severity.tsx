/** A severity as icon, word and colour: never colour alone. */
import { CircleAlert, Info, type LucideIcon, TriangleAlert } from "lucide-react";
import type { Severity } from "../../electron/core/model/types.ts";

export const SEVERITIES: readonly Severity[] = ["critical", "warning", "info"];

const icons: Record<Severity, LucideIcon> = { critical: CircleAlert, warning: TriangleAlert, info: Info };

/** With `count` it reads "3 critical"; with `iconOnly` the word is for screen readers. */
export function SeverityMark(props: { severity: Severity; count?: number; iconOnly?: boolean }) {
  const Icon = icons[props.severity];
  const word = props.count === undefined ? props.severity : `${props.count} ${props.severity}`;
  return (
    <span className={`severity severity-${props.severity}`}>
      <Icon size={14} aria-hidden />
      <span className={props.iconOnly ? "visually-hidden" : undefined}>{word}</span>
    </span>
  );
}

/** The worst of some findings, or null when there are none. */
export function worst(severities: readonly Severity[]): Severity | null {
  return SEVERITIES.find((severity) => severities.includes(severity)) ?? null;
}
