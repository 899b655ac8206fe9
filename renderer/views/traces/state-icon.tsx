/** The state of a run as a sign; the word for it stands beside it. */
import { CircleAlert, CircleCheck, CircleDot, LoaderCircle } from "lucide-react";
import type { TraceState } from "../../../electron/core/journal/state.ts";

const SIGNS = {
  starting: { icon: LoaderCircle, className: "spin" },
  running: { icon: CircleDot, className: "severity-good" },
  ended: { icon: CircleCheck, className: "muted" },
  failed: { icon: CircleAlert, className: "severity-critical" },
};

export function StateIcon({ trace }: { trace: TraceState }) {
  const { icon: Icon, className } = SIGNS[trace.state];
  return <Icon size={14} aria-hidden className={`state-icon ${className}`} />;
}
