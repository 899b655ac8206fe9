/** What a person should look at first, with the evidence; each leads to its place. */
import { BookOpenCheck, Filter, ShieldCheck } from "lucide-react";
import { useMemo } from "react";
import type { Finding } from "../../../electron/core/model/types.ts";
import { visibleText } from "../../../electron/core/text/visible.ts";
import { type DatapathIndex, findingKey, indexOf } from "../../stores/datapath-index.ts";
import { setFilter } from "../../stores/filter.ts";
import { useBooks } from "../../stores/runbooks/books.ts";
import { openBook } from "../../stores/runbooks/form-store.ts";
import { type BookOffer, offersOf } from "../../stores/runbooks/offers.ts";
import { reveal, select, useSelected } from "../../stores/selection.ts";
import { useDatapath } from "../../stores/use-node.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { EmptyState } from "../../ui/message.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import { SEVERITIES, SeverityMark } from "../../ui/severity.tsx";
import { defineView } from "../define.ts";

function Findings() {
  const datapath = useDatapath();
  const books = useBooks().list;
  const offers = useMemo(() => (datapath ? offersOf(books, datapath) : []), [books, datapath]);
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
      <Offers offers={offers} />
      <ul className="finding-list" aria-label="Findings">
        {sorted.map((finding) => (
          <FindingCard key={findingKey(finding)} finding={finding} index={index} offers={offers} />
        ))}
      </ul>
    </>
  );
}

/** Runbooks that these findings suggest. */
function Offers({ offers }: { offers: readonly BookOffer[] }) {
  if (offers.length === 0) return null;
  return (
    <section className="book-offers" aria-label="Suggested runbooks">
      {offers.map(({ book, title, inputs, text }) => (
        <span key={book} className="with-icon">
          {text}:
          <Button variant="quiet" icon={BookOpenCheck} onPress={() => openBook(book, inputs)}>
            <span>
              Open <NodeText text={title} />
            </span>
          </Button>
        </span>
      ))}
    </section>
  );
}

function FindingCard(props: { finding: Finding; index: DatapathIndex; offers: readonly BookOffer[] }) {
  const { finding, index, offers } = props;
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
        {offers
          .filter(({ findings }) => findings.has(finding))
          .map(({ book, title, findings }) => (
            <IconButton
              key={book}
              icon={BookOpenCheck}
              label={visibleText(`Open the runbook ${title} for this`)}
              onPress={() => openBook(book, findings.get(finding))}
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
