/** One verdict: the word, what about, what it means, the facts with where each is from, what is missing, what could be done. */
import { Activity, Box, MessageCircle, ScrollText } from "lucide-react";
import { useState } from "react";
import { useStore } from "zustand";
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import type { Evidence, EvidenceSource, RunbookVerdict } from "../../../electron/core/runbook/types.ts";
import { evidenceLink, showEvidence, showThing } from "../../stores/runbooks/evidence.ts";
import { kindText } from "../../stores/runbooks/verdicts.ts";
import { sessionStore } from "../../stores/session.ts";
import { NodeText } from "../../ui/node-text.tsx";
import { ProposalPart } from "./proposal.tsx";
import { VerdictMark } from "./signs.tsx";

export function VerdictCard(props: {
  verdict: RunbookVerdict;
  run: RunbookRunState;
  /** How it differs from the run it is compared with; null: it does not. */
  mark: string | null;
}) {
  const { verdict, run, mark } = props;
  return (
    <li className={`verdict verdict-card-${verdict.verdict}`} data-verdict={verdict.id}>
      <h4 className="verdict-head">
        <VerdictMark word={verdict.verdict} />
        <span className="verdict-kind">
          <NodeText text={kindText(verdict.kind)} />
        </span>
        <Subject verdict={verdict} run={run} />
        {mark === null ? null : <span className="verdict-was">{mark}</span>}
      </h4>
      <p>
        <NodeText text={verdict.meaning} />
      </p>
      {verdict.evidence.length > 0 ? <Facts evidence={verdict.evidence} run={run} /> : null}
      {verdict.missing.length > 0 ? (
        <div className="verdict-missing">
          <p>What would tell:</p>
          <ul>
            {[...new Set(verdict.missing)].map((one) => (
              <li key={one}>
                <NodeText text={one} />
              </li>
            ))}
          </ul>
        </div>
      ) : null}
      {verdict.proposal ? <ProposalPart proposal={verdict.proposal} run={run} /> : null}
    </li>
  );
}

function Subject({ verdict, run }: { verdict: RunbookVerdict; run: RunbookRunState }) {
  const key = verdict.subject_key;
  if (key === null) return <NodeText text={verdict.subject} className="verdict-subject" />;
  return (
    <button type="button" className="thing-link verdict-subject" onClick={() => showThing(key, run.node)}>
      <NodeText text={verdict.subject} />
    </button>
  );
}

/** So many facts at first: what could be done about them is on the same screen then. */
const FIRST_FACTS = 6;
/** One or two more are shown rather than asked for. */
const FEW_MORE = 2;

function Facts({ evidence, run }: { evidence: readonly Evidence[]; run: RunbookRunState }) {
  const [all, setAll] = useState(evidence.length <= FIRST_FACTS + FEW_MORE);
  const shown = all ? evidence : evidence.slice(0, FIRST_FACTS);
  return (
    <>
      <ul className="verdict-evidence" aria-label="Evidence">
        {shown.map((fact, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: facts of one verdict have no other identity, and do not move
          <Fact key={at} fact={fact} run={run} />
        ))}
      </ul>
      {all ? null : (
        <button type="button" className="thing-link verdict-rest" onClick={() => setAll(true)}>
          Show {evidence.length - shown.length} more facts
        </button>
      )}
    </>
  );
}

const SOURCE_ICONS: Record<EvidenceSource["kind"], typeof Box> = {
  command: ScrollText,
  trace: Activity,
  thing: Box,
  answer: MessageCircle,
};

function Fact({ fact, run }: { fact: Evidence; run: RunbookRunState }) {
  const commands = useStore(sessionStore, (state) => state.commands);
  const traces = useStore(sessionStore, (state) => state.traces);
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const link = evidenceLink(fact.source, run, { commands, traces, nodes });
  const Icon = SOURCE_ICONS[fact.source.kind];
  return (
    <li>
      <NodeText text={fact.text} />{" "}
      {link.gone === null ? (
        <button type="button" className="evidence-link" onClick={() => showEvidence(fact.source, run)}>
          <Icon size={12} aria-hidden /> <NodeText text={link.text} />
          <span className="visually-hidden"> of this fact</span>
        </button>
      ) : (
        <span className="evidence-gone" title={link.gone}>
          <Icon size={12} aria-hidden />
          <span>
            <NodeText text={link.text} />: {link.gone}
          </span>
        </span>
      )}
    </li>
  );
}
