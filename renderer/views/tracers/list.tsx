/** The list of tracers: question, cost, and what the kernel of the node in view offers each. */
import { CircleAlert, CircleCheck, CircleHelp, TriangleAlert } from "lucide-react";
import { ListBox, ListBoxItem } from "react-aria-components";
import type { NodeState } from "../../../electron/core/journal/state.ts";
import type { TracerManifest } from "../../../electron/core/trace/manifest.ts";
import { askCheck, type CheckState, useCheck } from "../../stores/traces/checks.ts";
import { chooseTracer } from "../../stores/traces/form-store.ts";
import { type Offered, offeredTo } from "../../stores/traces/offered.ts";
import { whyNot } from "../../stores/traces/run-state.ts";
import { Button } from "../../ui/button.tsx";
import { NodeText } from "../../ui/node-text.tsx";

export function TracerList(props: { tracers: readonly TracerManifest[]; shown: string; node: NodeState }) {
  const { tracers, shown, node } = props;
  const check = useCheck(node.node);
  return (
    <nav className="tracer-list" aria-label="Tracers">
      <CheckBar node={node} check={check} />
      <ListBox
        aria-label="Tracers"
        className="list-box"
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[shown]}
        onSelectionChange={(keys) => {
          const [name] = keys === "all" ? [] : keys;
          if (name !== undefined) chooseTracer(String(name));
        }}
      >
        {tracers.map((tracer) => (
          <ListBoxItem key={tracer.name} id={tracer.name} className="list-item tracer-item" textValue={tracer.title}>
            <span className="tracer-head">
              <strong>{tracer.title}</strong> <Cost tracer={tracer} />
            </span>
            <span className="tracer-question">{tracer.question}</span>
            <OfferedLine offered={offeredTo(tracer, check)} />
          </ListBoxItem>
        ))}
      </ListBox>
      <p className="tracer-note muted">
        All tracers are one program. It is put into a private folder on the node and removed when bpfdesk leaves the
        node; when a run ends, the kernel takes away all that it had attached.
      </p>
    </nav>
  );
}

/** What is asked of the node and what it said, or why it cannot be asked. */
function CheckBar({ node, check }: { node: NodeState; check: CheckState | undefined }) {
  const reason = whyNot(node);
  return (
    <div className="check-bar">
      {reason === null ? (
        <Asking node={node} check={check} />
      ) : (
        <p className="strong-note">
          <CircleAlert size={13} aria-hidden /> {reason}
        </p>
      )}
    </div>
  );
}

function Asking({ node, check }: { node: NodeState; check: CheckState | undefined }) {
  const ask = () => void askCheck(node.node);
  if (!check) return <Button onPress={ask}>Ask what this kernel offers</Button>;
  switch (check.state) {
    case "asking":
      return (
        <p role="status" className="with-icon">
          <span className="muted">Asking what this kernel offers…</span>
          <Button variant="quiet" onPress={check.cancel}>
            Cancel
          </Button>
        </p>
      );
    case "failed":
      return (
        <div className="stack">
          <p className="severity-critical" role="alert">
            <NodeText text={check.error.message} /> <NodeText text={check.error.hint} />
          </p>
          <Button onPress={ask}>Ask again</Button>
        </div>
      );
    case "ready":
      return (
        <p>
          <span className="muted">Kernel</span> <NodeText text={check.check.kernel} mono />{" "}
          <Features features={check.check.features} />
        </p>
      );
  }
}

function Features({ features }: { features: Record<string, { available: boolean; why: string }> }) {
  const missing = Object.entries(features).filter(([, { available }]) => !available);
  if (missing.length === 0) return <span className="muted">offers everything that is looked for.</span>;
  return (
    <details>
      <summary>{missing.length} of what is looked for is not offered</summary>
      <ul className="evidence">
        {missing.map(([name, { why }]) => (
          <li key={name}>
            <code>{name}</code>: <NodeText text={why} />
          </li>
        ))}
      </ul>
    </details>
  );
}

export function Cost({ tracer }: { tracer: TracerManifest }) {
  return (
    <span className={`cost cost-${tracer.cost}`} title={tracer.cost_note}>
      {tracer.cost} cost
    </span>
  );
}

const SIGNS = {
  unknown: { icon: CircleHelp, className: "muted" },
  good: { icon: CircleCheck, className: "severity-good" },
  fallback: { icon: TriangleAlert, className: "severity-warning" },
  refused: { icon: CircleAlert, className: "severity-critical" },
};

export function OfferedLine({ offered }: { offered: Offered }) {
  const { icon: Icon, className } = SIGNS[offered.state];
  return (
    <span className="offered">
      <Icon size={13} aria-hidden className={className} />
      <span>
        <NodeText text={offered.text} />
        {offered.detail === "" ? null : (
          <span className="muted">
            {offered.state === "refused" ? ": " : ", proves: "}
            <NodeText text={offered.detail} />
          </span>
        )}
        {offered.fallbacks.map(({ wanted, why }) => (
          <span key={wanted} className="offered-fallback">
            {" "}
            not <NodeText text={wanted} mono />: <NodeText text={why} />
          </span>
        ))}
      </span>
    </span>
  );
}
