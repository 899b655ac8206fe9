/** The books, with the symptom each is for, and below them the runs of this session, newest first. */
import { FileWarning, RotateCw, Users } from "lucide-react";
import { Collection, Header, ListBox, ListBoxItem, ListBoxSection } from "react-aria-components";
import { useStore } from "zustand";
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import { visibleText } from "../../../electron/core/text/visible.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { type BooksState, bookTitle, loadBooks } from "../../stores/runbooks/books.ts";
import { chooseBook } from "../../stores/runbooks/form-store.ts";
import { runText, runWord } from "../../stores/runbooks/run-state.ts";
import { showRun } from "../../stores/runbooks/shown.ts";
import { countsText } from "../../stores/runbooks/verdicts.ts";
import { sessionStore } from "../../stores/session.ts";
import { nodeLabel } from "../../stores/traces/text.ts";
import { IconButton } from "../../ui/button.tsx";
import { plural, timeText } from "../../ui/format.ts";
import { NodeText } from "../../ui/node-text.tsx";
import { RunIcon } from "./signs.tsx";
import { TeamFolder } from "./team-folder.tsx";

export function RunbookList(props: { books: BooksState; runs: readonly RunbookRunState[]; shown: string }) {
  const { books, runs, shown } = props;
  const own = books.list.filter(({ file }) => file !== null).length;
  return (
    <nav className="runbook-list" aria-label="Runbooks and their runs">
      <ListBox
        aria-label="Runbooks and their runs"
        className="list-box"
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[shown]}
        onSelectionChange={(keys) => {
          const [key] = keys === "all" ? [] : keys;
          const [, kind, id = ""] = /^(book|run):(.*)$/s.exec(String(key)) ?? [];
          if (kind === "book") chooseBook(id);
          if (kind === "run") showRun(id);
        }}
      >
        <ListBoxSection>
          <Header className="list-header">Runbooks</Header>
          <Collection items={books.list}>{(book) => <BookItem book={book} />}</Collection>
        </ListBoxSection>
        {runs.length > 0 ? (
          <ListBoxSection>
            <Header className="list-header">Runs, newest first</Header>
            <Collection
              items={runs.toReversed().map((run) => ({ id: `run:${run.run_id}`, run }))}
              dependencies={[books]}
            >
              {({ run }) => <RunItem run={run} title={bookTitle(books.list, run.book)} />}
            </Collection>
          </ListBoxSection>
        ) : null}
      </ListBox>
      <div className="runbook-list-foot">
        <span className="muted ellipsis">
          {books.error ? (
            <NodeText text={books.error.message} titled />
          ) : books.folder === null ? (
            own > 0 ? (
              `${own} of the team's own`
            ) : (
              "No folder of a team's own"
            )
          ) : (
            <NodeText text={books.folder} titled />
          )}
        </span>
        <span className="grow" />
        <TeamFolder />
        <IconButton icon={RotateCw} label="Read the runbooks again" onPress={() => void loadBooks()} />
      </div>
    </nav>
  );
}

function BookItem({ book }: { book: RunbookInfo }) {
  const broken = book.problems.length;
  return (
    <ListBoxItem id={`book:${book.id}`} className="list-item book-item" textValue={visibleText(book.title)}>
      <span className="book-item-title">
        <NodeText text={book.title} />
        {book.file === null ? null : (
          <span className="book-mark">
            <Users size={12} aria-hidden /> team's own
          </span>
        )}
      </span>
      {broken > 0 ? (
        <span className="severity severity-warning">
          <FileWarning size={13} aria-hidden /> {plural(broken, "problem")}: cannot be used
        </span>
      ) : (
        <NodeText text={book.symptom} className="muted" />
      )}
    </ListBoxItem>
  );
}

function RunItem({ run, title }: { run: RunbookRunState; title: string }) {
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const node = nodeLabel(nodes, run.node);
  const recorded = nodes[run.node]?.transport === "replay";
  const word = runWord(run, recorded);
  const counts = run.verdicts.length > 0 ? countsText(run.verdicts) : runText(run, recorded, run.started_at);
  return (
    <ListBoxItem
      id={`run:${run.run_id}`}
      className="list-item run-item"
      textValue={visibleText(`${title} on ${node}, ${word}, ${counts}`)}
    >
      <RunIcon word={word} />
      <span className="run-item-texts">
        <span className="ellipsis">
          <NodeText text={title} /> <span className="muted">on</span> <NodeText text={node} />
        </span>
        <span className="muted ellipsis" title={counts}>
          {timeText(run.started_at).slice(11)} · {counts}
        </span>
      </span>
    </ListBoxItem>
  );
}
