/** The books, with the symptom each is for, and below them the runs of this session, newest first. */
import { FileWarning, RotateCw, Users } from "lucide-react";
import { useMemo } from "react";
import { Collection, Header, ListBox, ListBoxItem, ListBoxSection } from "react-aria-components";
import { useStore } from "zustand";
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import type { BatchRuns } from "../../../electron/core/runbook/batch.ts";
import { visibleText } from "../../../electron/core/text/visible.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { nodeLabel } from "../../stores/node-name.ts";
import { foundText, listedOf } from "../../stores/runbooks/batch-rows.ts";
import { type BooksState, bookTitle, loadBooks } from "../../stores/runbooks/books.ts";
import { chooseBook } from "../../stores/runbooks/form-store.ts";
import { goesOn, runText, runWord } from "../../stores/runbooks/run-state.ts";
import { showBatch, showRun } from "../../stores/runbooks/shown.ts";
import { countsText } from "../../stores/runbooks/verdicts.ts";
import { sessionStore } from "../../stores/session.ts";
import { IconButton } from "../../ui/button.tsx";
import { countText, plural, timeText } from "../../ui/format.ts";
import { NodeText } from "../../ui/node-text.tsx";
import { RunIcon } from "./signs.tsx";
import { TeamFolder } from "./team-folder.tsx";

interface RunbookListProps {
  books: BooksState;
  runs: readonly RunbookRunState[];
  batches: readonly BatchRuns[];
  /** `kind:id` of what is in view. */
  shown: string;
}

export function RunbookList({ books, runs, batches, shown }: RunbookListProps) {
  const listed = useMemo(() => listedOf(runs, batches).toReversed(), [runs, batches]);
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
          const [, kind, id = ""] = /^(book|run|batch):(.*)$/s.exec(String(key)) ?? [];
          if (kind === "book") chooseBook(id);
          if (kind === "run") showRun(id);
          if (kind === "batch") showBatch(id);
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
              items={listed.map((one) => ({ id: one.kind === "run" ? one.run.run_id : one.batch.id, one }))}
              dependencies={[books]}
            >
              {({ one }) =>
                one.kind === "run" ? (
                  <RunItem run={one.run} title={bookTitle(books.list, one.run.book)} />
                ) : (
                  <BatchItem batch={one.batch} title={bookTitle(books.list, one.batch.book)} />
                )
              }
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

function BatchItem({ batch, title }: { batch: BatchRuns; title: string }) {
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const going = batch.runs.filter((run) => goesOn(run, nodes));
  const word = (["waiting", "running", "paused"] as const).find((state) => going.some((run) => run.state === state));
  const on = plural(batch.runs.length, "node");
  const text = [
    ...(going.length > 0
      ? [`${countText(batch.runs.length - going.length)} of ${countText(batch.runs.length)} ended`]
      : []),
    foundText(batch),
  ].join(", ");
  return (
    <ListBoxItem
      id={`batch:${batch.id}`}
      className="list-item run-item"
      textValue={visibleText(`${title} on ${on}, ${text}`)}
    >
      <RunIcon word={word ?? "finished"} />
      <span className="run-item-texts">
        <span className="ellipsis">
          <NodeText text={title} /> <span className="muted">on</span> {on}
        </span>
        <span className="muted ellipsis" title={text}>
          {timeText(batch.started_at).slice(11)} · {text}
        </span>
      </span>
    </ListBoxItem>
  );
}
