/** Which books the findings of a picture suggest, in words, and which of them one finding suggests. Pure. */
import type { Datapath, Finding } from "../../../electron/core/model/types.ts";
import { suggestionsOf } from "../../../electron/core/runbook/suggest.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { plural } from "../../ui/format.ts";
import { bookTitle, usable } from "./books.ts";
import type { InputValues } from "./form.ts";

export interface BookOffer {
  book: string;
  title: string;
  inputs: InputValues;
  /** `3 findings (multiple programs)`. */
  text: string;
  findings: ReadonlyMap<Finding, InputValues>;
}

/** One offer for each book that some finding suggests, those with most findings first. */
export function offersOf(books: readonly RunbookInfo[], datapath: Datapath): BookOffer[] {
  return suggestionsOf(datapath, usable(books))
    .map(({ book, findings, inputs }) => {
      const rules = [...new Set(findings.map(({ finding }) => finding.id.replaceAll("-", " ")))];
      return {
        book,
        title: bookTitle(books, book),
        inputs,
        text: `${plural(findings.length, "finding")} (${rules.join(", ")})`,
        findings: new Map(findings.map((one) => [one.finding, one.inputs])),
      };
    })
    .sort((a, b) => b.findings.size - a.findings.size);
}
