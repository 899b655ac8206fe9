/** A change plan in full: exactly what is run, on what, to whom, at what risk, and how it is taken back. */
import {
  Ban,
  CircleHelp,
  Crown,
  KeyRound,
  Link2Off,
  type LucideIcon,
  ShieldOff,
  TriangleAlert,
  Workflow,
  Zap,
} from "lucide-react";
import type { ChangePlan, ChangeRisk } from "../../electron/core/change/types.ts";
import { rateText, riskTitle } from "../stores/change/text.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { NodeText } from "../ui/node-text.tsx";

export function PlanFacts({ plan }: { plan: ChangePlan }) {
  const { affects, owner, attachment } = plan;
  return (
    <div className="plan">
      <Line title="Exactly this is run on the node" text={plan.command} />
      <Line title="By hand the same would be (to read only)" text={plan.by_hand} />
      <Risks risks={plan.risks} />
      <dl className="facts">
        <dt>Hook</dt>
        <dd>
          <NodeText text={affects.hook} />
        </dd>
        <dt>Pod</dt>
        <dd>{affects.pod === null ? <span className="muted">none</span> : <NodeText text={affects.pod} />}</dd>
        <dt>Program</dt>
        <dd>
          <NodeText text={attachment.prog_name} mono /> <span className="muted">id {attachment.prog_id}</span>
        </dd>
        <dt>It sees now</dt>
        <dd>{rateText(affects.packets_per_s)}</dd>
        <dt>Remains, in order</dt>
        <dd>
          <Chain chain={affects.remains} nothing="Nothing remains on this hook." />
        </dd>
        <dt>Owner</dt>
        <dd>
          <NodeText text={owner.text} />
        </dd>
        <dt>It will probably</dt>
        <dd>
          <NodeText text={owner.will_probably} />
        </dd>
        <dt>Undo</dt>
        <dd>
          <NodeText text={plan.undo} />
        </dd>
        <dt>Verification</dt>
        <dd>
          <NodeText text={plan.verification} />
        </dd>
        <dt>Lease</dt>
        <dd>It is put back by itself when it is not confirmed within {plan.lease_s} s.</dd>
      </dl>
    </div>
  );
}

function Line({ title, text }: { title: string; text: string }) {
  return (
    <div className="plan-command">
      <div className="with-copy">
        <h3>{title}</h3>
        <CopyButton text={text} what="command" />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard */}
      <pre className="code" tabIndex={0}>
        <NodeText text={text} />
      </pre>
    </div>
  );
}

/** What is attached, in the order it is run. */
export function Chain({ chain, nothing }: { chain: readonly string[]; nothing: string }) {
  if (chain.length === 0) return <span className="muted">{nothing}</span>;
  return (
    <ol className="chain mono">
      {chain.map((one, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a place in the order is all the identity it has
        <li key={at}>
          <NodeText text={one} />
        </li>
      ))}
    </ol>
  );
}

const RISK_ICONS: Record<ChangeRisk["code"], LucideIcon> = {
  "ssh-path": KeyRound,
  "control-plane": Crown,
  "last-enforcing": ShieldOff,
  "device-policy": Ban,
  "controller-owns": Workflow,
  "comes-back-without-link": Link2Off,
  "unknown-owner": CircleHelp,
  "wakes-another": Zap,
};

function Risks({ risks }: { risks: readonly ChangeRisk[] }) {
  if (risks.length === 0) {
    return <p className="muted">No particular risk was found in the picture.</p>;
  }
  return (
    <section aria-label="Risks" className="risks">
      <h3>
        <TriangleAlert size={14} aria-hidden className="risk-icon" /> Risks
      </h3>
      <ul>
        {risks.map(({ code, text }) => {
          const Icon = RISK_ICONS[code] ?? TriangleAlert;
          return (
            <li key={`${code} ${text}`}>
              <Icon size={14} aria-hidden className="risk-icon" />
              <span>
                <strong>{riskTitle(code)}:</strong> <NodeText text={text} />
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
