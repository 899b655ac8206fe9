/** What several nodes have in common, before the nodes themselves: an upgrade is on many, a single node's trouble on one. */
import { useState } from "react";
import { type Alike, nodesOf } from "../../../electron/core/runbook/alike.ts";
import { WORST_FIRST } from "../../../electron/core/runbook/batch.ts";
import type { BatchRow } from "../../stores/runbooks/batch-rows.ts";
import { onNodesText } from "../../stores/runbooks/in-common.ts";
import { kindText, VERDICT_WORDS } from "../../stores/runbooks/verdicts.ts";
import { countText, plural } from "../../ui/format.ts";
import { NodeText } from "../../ui/node-text.tsx";
import { VerdictMark } from "./signs.tsx";

/** A conclusion whose nodes are to be seen; `subject` null: about whatever. */
export interface Chosen {
  kind: string;
  subject: string | null;
}

interface InCommonProps {
  alike: readonly Alike[];
  rows: readonly BatchRow[];
  chosen: Chosen | null;
  onChoose(chosen: Chosen | null): void;
}

/** What is seen without asking for more. */
const KINDS = 4;
const SUBJECTS = 2;

export function InCommon({ alike, rows, chosen, onChoose }: InCommonProps) {
  const [all, setAll] = useState(false);
  const judged = rows.filter(({ tally }) => tally.worst !== null).length;
  if (judged === 0) return null;
  const shown = all ? alike : alike.slice(0, KINDS);
  return (
    <section className="alike" aria-label="In common">
      {alike.length === 0 ? (
        <p className="muted">All that was judged on {plural(judged, "node")} is ruled out.</p>
      ) : (
        <ul className="alike-list">
          {shown.map((one) => (
            <Kind key={one.kind} alike={one} judged={judged} rows={rows} chosen={chosen} onChoose={onChoose} />
          ))}
        </ul>
      )}
      <p className="alike-foot muted">
        {alike.length > shown.length ? (
          <button type="button" className="thing-link" onClick={() => setAll(true)}>
            Show {plural(alike.length - shown.length, "more conclusion")}
          </button>
        ) : null}
        {judged < rows.length ? (
          <span>
            {plural(judged, "node has", "nodes have")} verdicts, {countText(rows.length - judged)} none.
          </span>
        ) : null}
      </p>
    </section>
  );
}

interface KindProps extends Omit<InCommonProps, "alike"> {
  alike: Alike;
  judged: number;
}

function Kind({ alike, judged, rows, chosen, onChoose }: KindProps) {
  const [all, setAll] = useState(false);
  const labelOf = (node: string) => rows.find((row) => row.node === node)?.label ?? node;
  const shown = all ? alike.subjects : alike.subjects.slice(0, SUBJECTS);
  const rest = alike.subjects.length - shown.length;
  const choose = (subject: string | null) => {
    const same = chosen?.kind === alike.kind && chosen.subject === subject;
    onChoose(same ? null : { kind: alike.kind, subject });
  };
  const isChosen = (subject: string | null) => chosen?.kind === alike.kind && chosen.subject === subject;
  return (
    <li className="alike-kind">
      <VerdictMark word={alike.worst} />
      <button type="button" className="alike-choice" aria-pressed={isChosen(null)} onClick={() => choose(null)}>
        <strong>
          <NodeText text={kindText(alike.kind)} />
        </strong>{" "}
        <NodeText text={onNodesText(alike.nodes, judged, labelOf)} />
        {wordsText(alike)}
      </button>
      {shown.map(({ text, nodes }) => (
        <button
          key={text}
          type="button"
          className="alike-choice alike-subject"
          aria-pressed={isChosen(text)}
          onClick={() => choose(text)}
        >
          <NodeText text={text} />
          {nodesOf(nodes).length === nodesOf(alike.nodes).length ? null : (
            <span className="muted"> {plural(nodesOf(nodes).length, "node")}</span>
          )}
        </button>
      ))}
      {rest > 0 ? (
        <button type="button" className="thing-link alike-rest" onClick={() => setAll(true)}>
          {countText(rest)} more
        </button>
      ) : null}
    </li>
  );
}

/** On how many it is what, where that differs: ` (10 confirmed, 4 likely)`. */
function wordsText({ nodes }: Alike): string {
  const words = WORST_FIRST.filter((word) => nodes[word].length > 0);
  if (words.length < 2) return "";
  return ` (${words.map((word) => `${countText(nodes[word].length)} ${VERDICT_WORDS[word]}`).join(", ")})`;
}
