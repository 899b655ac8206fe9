/** Blocks for what is not there or went wrong: one design for every empty, loading and error state. */
import { CircleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { ErrorData } from "../../electron/core/errors.ts";
import { NodeText } from "./node-text.tsx";
import { PHASE_NAMES } from "./phases.ts";

/** Nothing to show, why, and what to do. */
export function EmptyState(props: { icon: LucideIcon; title: string; children?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="empty-state">
      <props.icon size={28} aria-hidden />
      <p className="empty-title">{props.title}</p>
      {props.children ? <div className="muted">{props.children}</div> : null}
      {props.actions ? <div className="actions">{props.actions}</div> : null}
    </div>
  );
}

/** A failure: the phase, what happened, what to try, the cause folded. */
export function ErrorBlock({ error, actions }: { error: ErrorData; actions?: ReactNode }) {
  return (
    <section className="error-block" role="alert">
      <CircleAlert size={18} aria-hidden />
      <div>
        <p className="error-title">
          {error.phase ? <span className="error-phase">{PHASE_NAMES[error.phase]}: </span> : null}
          <NodeText text={error.message} />
        </p>
        {error.hint ? (
          <p>
            <NodeText text={error.hint} />
          </p>
        ) : null}
        {error.cause ? (
          <details>
            <summary>Technical cause</summary>
            <pre className="cause">
              <NodeText text={error.cause} lines />
            </pre>
          </details>
        ) : null}
        {actions ? <div className="actions">{actions}</div> : null}
      </div>
    </section>
  );
}

/** Something is under way. */
export function Loading({ what }: { what: string }) {
  return (
    <div className="empty-state" role="status">
      <span className="spinner" aria-hidden />
      <p className="muted">{what}</p>
    </div>
  );
}
