/** What a run proves and what it cannot, what the tracer noted, and its own last words. */
import { CircleAlert, Info, ShieldCheck } from "lucide-react";
import type { TraceState } from "../../../electron/core/journal/state.ts";
import type { TracerManifest } from "../../../electron/core/trace/manifest.ts";
import { summaryFacts } from "../../stores/traces/text.ts";
import { timeText } from "../../ui/format.ts";
import { NodeText } from "../../ui/node-text.tsx";

const SHOWN_NOTES = 3;

export function Remarks({ trace, manifest }: { trace: TraceState; manifest: TracerManifest | undefined }) {
  const { schema, notes } = trace;
  if (!schema) return null;
  const variant = manifest?.variants.find(({ id }) => id === schema.variant);
  const newest = notes.toReversed();
  return (
    <div className="run-remarks">
      <p>
        <ShieldCheck size={13} aria-hidden /> <span className="muted">Proves</span> <NodeText text={schema.proves} />{" "}
        <span className="muted">
          by <NodeText text={variant?.title ?? schema.variant} /> on kernel <NodeText text={schema.kernel} mono />
        </span>
      </p>
      {schema.fallbacks.map(({ wanted, why }) => (
        <p key={wanted} className="strong-note">
          <CircleAlert size={13} aria-hidden /> Fallback: <NodeText text={wanted} mono /> is not possible here:{" "}
          <NodeText text={why} />
        </p>
      ))}
      {newest.slice(0, SHOWN_NOTES).map((note) => (
        <Note key={`${note.time_us} ${note.code}`} {...note} />
      ))}
      {newest.length > SHOWN_NOTES ? (
        <details>
          <summary>{newest.length - SHOWN_NOTES} earlier notes</summary>
          {newest.slice(SHOWN_NOTES).map((note) => (
            <Note key={`${note.time_us} ${note.code}`} {...note} />
          ))}
        </details>
      ) : null}
      <Summary trace={trace} />
    </div>
  );
}

function Note({ time_us, message }: { time_us: number; message: string }) {
  return (
    <p className="run-note">
      <Info size={13} aria-hidden /> <span className="muted">{timeText(time_us / 1000).slice(11)}</span>{" "}
      <NodeText text={message} />
    </p>
  );
}

function Summary({ trace }: { trace: TraceState }) {
  const facts = trace.summary ? summaryFacts(trace.summary) : [];
  if (facts.length === 0) return null;
  return (
    <p className="run-summary">
      <span className="muted">In all:</span>{" "}
      {facts.map(({ name, value }, at) => (
        <span key={name}>
          {at === 0 ? "" : " · "}
          <span className="muted">
            <NodeText text={name} />
          </span>{" "}
          <NodeText text={value} mono />
        </span>
      ))}
    </p>
  );
}
