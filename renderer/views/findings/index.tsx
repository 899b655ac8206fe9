/** What a person should look at first, with the evidence; each leads to its place. */
import { BookOpenCheck, Filter, ShieldCheck } from "lucide-react";
import { useMemo } from "react";
import type { Finding } from "../../../electron/core/model/types.ts";
import { visibleText } from "../../../electron/core/text/visible.ts";
import { type DatapathIndex, findingKey, indexOf } from "../../stores/datapath-index.ts";
import { setFilter } from "../../stores/filter.ts";
import { useBooks } from "../../stores/runbooks/books.ts";
import { openBook } from "../../stores/runbooks/form-store.ts";
import { offersForFinding, offersOf } from "../../stores/runbooks/offers.ts";
import { reveal, select, useSelected } from "../../stores/selection.ts";
import { useDatapath } from "../../stores/use-node.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { EmptyState } from "../../ui/message.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import { SEVERITIES, SeverityMark } from "../../ui/severity.tsx";
import { defineView } from "../define.ts";

function Findings() {
  const datapath = useDatapath();
  if (!datapath) return null;
  const unread = datapath.sections.filter((section) => !section.ok).length;
  if (datapath.findings.length === 0) {
    return (
      <EmptyState icon={ShieldCheck} title="No findings">
        {unread > 0
          ? "But some sections could not be read: what they would show was not examined."
          : "None of the rules found anything in what was read."}
      </EmptyState>
    );
  }
  const sorted = SEVERITIES.flatMap((severity) => datapath.findings.filter((finding) => finding.severity === severity));
  const index = indexOf(datapath);
  return (
    <>
      <Offers index={index} />
      <ul className="finding-list" aria-label="Findings">
        {sorted.map((finding) => (
          <FindingCard key={findingKey(finding)} finding={finding} index={index} />
        ))}
      </ul>
    </>
  );
}

/** Runbooks that these findings suggest. */
function Offers({ index }: { index: DatapathIndex }) {
  const { list } = useBooks();
  const offers = useMemo(() => offersOf(list, index), [list, index]);
  if (offers.length === 0) return null;
  return (
    <section className="book-offers" aria-label="Suggested runbooks">
      {offers.map(({ book, inputs, text }) => (
        <span key={book.id} className="with-icon">
          {text}:
          <Button variant="quiet" icon={BookOpenCheck} onPress={() => openBook(book.id, inputs)}>
            Open <NodeText text={book.title} />
          </Button>
        </span>
      ))}
    </section>
  );
}

function FindingCard({ finding, index }: { finding: Finding; index: DatapathIndex }) {
  const { list } = useBooks();
  const hasPlace = index.things.has(finding.subject);
  const key = findingKey(finding);
  const selected = useSelected() === key;
  return (
    <li className={selected ? "finding selected" : "finding"}>
      <div className="finding-head">
        <SeverityMark severity={finding.severity} />
        <button
          type="button"
          className="thing-link"
          onClick={() => {
            if (hasPlace) reveal(finding.subject);
            select(key);
          }}
        >
          <NodeText text={finding.subject_name} />
        </button>
        <span className="muted">{finding.id}</span>
        <span className="grow" />
        {offersForFinding(list, finding, index).map(({ book, inputs }) => (
          <IconButton
            key={book.id}
            icon={BookOpenCheck}
            label={visibleText(`Open the runbook ${book.title} for this`)}
            onPress={() => openBook(book.id, inputs)}
          />
        ))}
        <IconButton icon={Filter} label="Show only what it concerns" onPress={() => setFilter({ finding: key })} />
      </div>
      <p>
        <NodeText text={finding.meaning} />
      </p>
      <ul className="evidence">
        {finding.evidence.map((fact) => (
          <li key={fact}>
            <NodeText text={fact} />
          </li>
        ))}
      </ul>
    </li>
  );
}

export default defineView({
  id: "findings",
  title: "Findings",
  icon: ShieldCheck,
  order: 10,
  scope: "node",
  place: "bottom",
  Component: Findings,
});
