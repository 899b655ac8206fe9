/** What a run found, what matters most first. Many are found by typing; what was ruled out starts folded. */
import { useDeferredValue, useState } from "react";
import { Input, Label, SearchField } from "react-aria-components";
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import type { Judged, RunComparison } from "../../../electron/core/runbook/compare.ts";
import type { RunbookVerdict } from "../../../electron/core/runbook/types.ts";
import { fittingVerdicts, groupsOf, markOf, spokenText } from "../../stores/runbooks/verdicts.ts";
import { countText, plural } from "../../ui/format.ts";
import { NodeText } from "../../ui/node-text.tsx";
import { VerdictMark } from "./signs.tsx";
import { VerdictCard } from "./verdict-card.tsx";

/** So many are seen without searching. */
const FEW = 8;
/** Cards of one word before the rest is asked for: a card with all its evidence is tall. */
const SHOWN = 20;

export function Verdicts(props: { run: RunbookRunState; live: boolean; comparison: RunComparison | null }) {
  const { run, live, comparison } = props;
  const [typed, setTyped] = useState("");
  const wanted = useDeferredValue(typed);
  const { verdicts } = run;
  const fitting = fittingVerdicts(verdicts, wanted);
  return (
    <section className="verdicts" aria-label="Verdicts">
      <p className="visually-hidden" role="status">
        {spokenText(verdicts)}
      </p>
      {verdicts.length > FEW ? (
        <div className="verdict-bar">
          <SearchField className="record-filter" value={typed} onChange={setTyped}>
            <Label className="visually-hidden">Find in verdicts</Label>
            <Input className="input" placeholder="Find in verdicts" spellCheck={false} />
          </SearchField>
          <span className="muted" role="status">
            {fitting.length === verdicts.length
              ? plural(verdicts.length, "verdict")
              : `${countText(fitting.length)} of ${plural(verdicts.length, "verdict")}`}
          </span>
        </div>
      ) : null}
      {verdicts.length > 0 && live && run.state === "running" ? (
        <p className="muted verdict-so-far">So far; the run goes on.</p>
      ) : null}
      {verdicts.length === 0 ? <NoVerdict run={run} live={live} /> : null}
      {groupsOf(fitting).map((group) => (
        <Group key={group.word} {...group} run={run} comparison={comparison} open={wanted !== ""} />
      ))}
      {comparison && comparison.gone.length > 0 ? <Gone verdicts={comparison.gone} /> : null}
    </section>
  );
}

function NoVerdict({ run, live }: { run: RunbookRunState; live: boolean }) {
  if (live) return <p className="muted verdict-none">No verdict yet: they come when the evidence was examined.</p>;
  return (
    <p className="muted verdict-none">
      {run.outcome === "finished" ? "It came to no verdict: it found nothing to judge." : "It came to no verdict."}
    </p>
  );
}

interface GroupProps {
  word: RunbookVerdict["verdict"];
  verdicts: readonly RunbookVerdict[];
  run: RunbookRunState;
  comparison: RunComparison | null;
  /** Something was searched for: what fits is not hidden. */
  open: boolean;
}

function Group({ word, verdicts, run, comparison, open }: GroupProps) {
  const [all, setAll] = useState(false);
  const shown = all ? verdicts : verdicts.slice(0, SHOWN);
  const rest = verdicts.length - shown.length;
  return (
    <details className="verdict-group" open={open || word !== "ruled_out"}>
      <summary className="verdict-group-head">
        <VerdictMark word={word} count={verdicts.length} />
      </summary>
      <ul className="verdict-list">
        {shown.map((verdict) => (
          <VerdictCard
            key={verdict.id}
            verdict={verdict}
            run={run}
            mark={comparison ? markOf(comparison, verdict) : null}
          />
        ))}
      </ul>
      {rest > 0 ? (
        <p className="verdict-more">
          <button type="button" className="thing-link" onClick={() => setAll(true)}>
            Show {countText(rest)} more
          </button>
        </p>
      ) : null}
    </details>
  );
}

function Gone({ verdicts }: { verdicts: readonly Judged[] }) {
  return (
    <details className="verdict-group">
      <summary className="verdict-group-head">
        <span className="muted">{countText(verdicts.length)} only in the earlier run</span>
      </summary>
      <ul className="verdict-list">
        {verdicts.map((one) => (
          <li key={one.id} className="verdict-gone">
            <VerdictMark word={one.verdict} /> <NodeText text={one.subject} />
          </li>
        ))}
      </ul>
    </details>
  );
}
