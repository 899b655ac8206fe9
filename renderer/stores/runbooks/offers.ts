/** Which books the findings of a picture suggest, and with which inputs. Goes by what the books say. Pure. */
import type { Finding } from "../../../electron/core/model/types.ts";
import type { BookSuggestion } from "../../../electron/core/runbook/types.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { plural } from "../../ui/format.ts";
import { type DatapathIndex, podLabel } from "../datapath-index.ts";
import { usable } from "./books.ts";
import type { InputValues } from "./form.ts";

export interface BookOffer {
  book: RunbookInfo;
  inputs: InputValues;
  /** `3 findings (multiple programs)`. */
  text: string;
}

/** One offer for each book that some finding suggests, those with most findings first. */
export function offersOf(books: readonly RunbookInfo[], index: DatapathIndex): BookOffer[] {
  return usable(books)
    .flatMap((book) => {
      const found = index.datapath.findings.flatMap((finding) => offerFor(book, finding, index) ?? []);
      const [first] = found;
      if (!first) return [];
      const rules = [...new Set(found.map(({ rule }) => rule))].map((rule) => rule.replaceAll("-", " "));
      // What differs between the findings is left open: the book then looks at all.
      const same = found.every(({ inputs }) => JSON.stringify(inputs) === JSON.stringify(first.inputs));
      const text = `${plural(found.length, "finding")} (${rules.join(", ")})`;
      return [{ book, inputs: same ? first.inputs : {}, text, count: found.length }];
    })
    .sort((a, b) => b.count - a.count)
    .map(({ book, inputs, text }) => ({ book, inputs, text }));
}

/** The books one finding suggests, with the inputs to look at just that. */
export function offersForFinding(
  books: readonly RunbookInfo[],
  finding: Finding,
  index: DatapathIndex,
): { book: RunbookInfo; inputs: InputValues }[] {
  return usable(books).flatMap((book) => {
    const offer = offerFor(book, finding, index);
    return offer ? [{ book, inputs: offer.inputs }] : [];
  });
}

function offerFor(
  book: RunbookInfo,
  finding: Finding,
  index: DatapathIndex,
): { rule: string; inputs: InputValues } | null {
  const suggestion = book.suggested_by.find((one) => one.finding === finding.id);
  return suggestion ? { rule: finding.id, inputs: inputsOf(suggestion, finding, index) } : null;
}

function inputsOf({ inputs = {} }: BookSuggestion, { subject }: Finding, index: DatapathIndex): InputValues {
  const thing = index.things.get(subject);
  const iface = thing?.kind === "interface" ? thing.value : thing?.kind === "entry" ? thing.iface : undefined;
  const podKey = thing?.kind === "pod" ? thing.key : (iface?.pod ?? null);
  const pod = podKey === null ? undefined : index.things.get(podKey);
  const known: Record<string, string | undefined> = {
    $subject: subject,
    $ifname: iface?.name,
    $pod: pod?.kind === "pod" ? podLabel(pod.value) : undefined,
  };
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, value]) => {
      const text = value.startsWith("$") ? known[value] : value;
      return text === undefined ? [] : [[name, text]];
    }),
  );
}
