/** What could be done about a verdict: advice, another book, or a change, which is only planned from here. */
import { BookOpenCheck, Lightbulb, Wrench } from "lucide-react";
import { useStore } from "zustand";
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import type { Proposal } from "../../../electron/core/runbook/types.ts";
import { ChangeLine } from "../../change/change-line.tsx";
import { planChange } from "../../stores/change/dialog.ts";
import { changeOf, isUnderWay, whyNoChange } from "../../stores/change/text.ts";
import { bookOf, bookTitle, useBooks } from "../../stores/runbooks/books.ts";
import { openBook } from "../../stores/runbooks/form-store.ts";
import { sessionStore, showNode } from "../../stores/session.ts";
import { Button } from "../../ui/button.tsx";
import { NodeText } from "../../ui/node-text.tsx";

export function ProposalPart({ proposal, run }: { proposal: Proposal; run: RunbookRunState }) {
  return (
    <div className="proposal">
      <p>
        <Lightbulb size={14} aria-hidden />
        <span>
          <span className="visually-hidden">Proposal: </span>
          <NodeText text={proposal.text} />
        </span>
      </p>
      {proposal.kind === "open" ? <OpenBook proposal={proposal} run={run} /> : null}
      {proposal.kind === "detach" ? <PlanIt proposal={proposal} run={run} /> : null}
    </div>
  );
}

function OpenBook({ proposal, run }: { proposal: Extract<Proposal, { kind: "open" }>; run: RunbookRunState }) {
  const { list } = useBooks();
  const inputs = Object.entries(proposal.inputs);
  const open = () => {
    showNode(run.node);
    openBook(proposal.book, proposal.inputs);
  };
  return (
    <div className="actions">
      <Button icon={BookOpenCheck} isDisabled={!bookOf(list, proposal.book)} onPress={open}>
        <span>
          Open <NodeText text={bookTitle(list, proposal.book)} />
          {inputs.length > 0 ? (
            <>
              {" with "}
              <NodeText text={inputs.map(([name, value]) => `${name} ${value}`).join(", ")} />
            </>
          ) : null}
        </span>
      </Button>
    </div>
  );
}

function PlanIt({ proposal, run }: { proposal: Extract<Proposal, { kind: "detach" }>; run: RunbookRunState }) {
  const { entry } = proposal.attachment;
  const why = useStore(sessionStore, ({ nodes }) => whyNoChange(nodes[run.node]));
  const changes = useStore(sessionStore, (state) => state.changes);
  const change = changeOf(changes, run.node, entry);
  const made = change && (isUnderWay(change.phase) || change.phase === "confirmed" || change.phase === "left");
  return (
    <>
      {change ? <ChangeLine change={change} /> : null}
      {made ? null : (
        <div className="actions">
          <Button icon={Wrench} isDisabled={why !== null} onPress={() => void planChange(run.node, entry)}>
            Plan this change…
          </Button>
          <span className="muted">{why ?? "Shows what it would mean; nothing is changed before you approve it."}</span>
        </div>
      )}
    </>
  );
}
