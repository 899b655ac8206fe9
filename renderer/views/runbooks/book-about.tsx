/** What a book is for, when to use it, what it does step by step and what that costs; and what is wrong with a team's own. */
import { FileWarning, Gauge, Stethoscope } from "lucide-react";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { loadBooks } from "../../stores/runbooks/books.ts";
import { Button } from "../../ui/button.tsx";
import { NodeText } from "../../ui/node-text.tsx";

export function BookAbout({ book }: { book: RunbookInfo }) {
  return (
    <header className="book-about">
      <h2>
        <NodeText text={book.title} />
      </h2>
      <p className="book-symptom">
        <Stethoscope size={14} aria-hidden /> <span className="visually-hidden">Symptom: </span>
        <NodeText text={book.symptom} />
      </p>
      <p>
        <NodeText text={book.when_to_use} />
      </p>
      <p className="book-runs">
        <Gauge size={14} aria-hidden />
        <span>
          <span className="muted">What it runs and costs: </span>
          <NodeText text={book.runs} />
        </span>
      </p>
      {book.steps.length > 0 ? (
        <details>
          <summary>What it does, step by step</summary>
          <ol className="book-steps">
            {book.steps.map((step) => (
              <li key={step.id}>
                <strong>
                  <NodeText text={step.title} />
                </strong>{" "}
                <span className="muted">({step.kind})</span> <NodeText text={step.text} />
              </li>
            ))}
          </ol>
        </details>
      ) : null}
      {book.file === null ? null : (
        <p className="muted">
          Your team's own, from <NodeText text={book.file} mono />
        </p>
      )}
    </header>
  );
}

export function BookProblems({ book }: { book: RunbookInfo }) {
  return (
    <section className="strong-warning stack" aria-label="Problems">
      <p>
        <FileWarning size={14} aria-hidden /> It cannot be used until this is mended
        {book.file === null ? "" : " in its file"}:
      </p>
      <ul className="problem-list mono">
        {[...new Set(book.problems)].map((problem) => (
          <li key={problem}>
            <NodeText text={problem} />
          </li>
        ))}
      </ul>
      <div className="actions">
        <Button onPress={() => void loadBooks()}>Read it again</Button>
      </div>
    </section>
  );
}
