/** One book: what it is for, what it runs and costs, its inputs, and on which nodes to run it. Enter starts it. */
import { Play } from "lucide-react";
import { type FormEvent, useEffect, useMemo, useRef } from "react";
import { useStore } from "zustand";
import type { NodeState } from "../../../electron/core/journal/state.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { NodeChoice } from "../../nodes/node-choice.tsx";
import { StartFailures } from "../../nodes/start-failures.tsx";
import { indexOf } from "../../stores/datapath-index.ts";
import { inputProblems, ofOneNode, paramOf } from "../../stores/runbooks/form.ts";
import { chooseNodes, formOf, formStore, setInput, submit } from "../../stores/runbooks/form-store.ts";
import { lessSeen, whyNoRun } from "../../stores/runbooks/run-state.ts";
import { sessionStore } from "../../stores/session.ts";
import { suggestionsFor } from "../../stores/traces/suggestions.ts";
import { Button } from "../../ui/button.tsx";
import { plural } from "../../ui/format.ts";
import { ParamField } from "../tracers/param-field.tsx";
import { BookAbout, BookProblems } from "./book-about.tsx";

export function BookForm({ book, node }: { book: RunbookInfo; node: NodeState }) {
  return (
    <section className="book" aria-label="Runbook">
      <BookAbout book={book} />
      {book.problems.length > 0 ? <BookProblems book={book} /> : <Inputs book={book} node={node} />}
    </section>
  );
}

function Inputs({ book, node }: { book: RunbookInfo; node: NodeState }) {
  const state = useStore(formStore);
  const nodes = useStore(sessionStore, (session) => session.nodes);
  const values = formOf(state, book);
  const problems = inputProblems(book.inputs, values);
  const chosen = (state.nodes ?? [node.node]).filter((id) => whyNoRun(nodes[id]) === null);
  const form = useRef<HTMLFormElement>(null);
  const params = useMemo(() => {
    const index = node.datapath ? indexOf(node.datapath) : null;
    return book.inputs.map((input) => {
      const param = paramOf(input);
      return { param, suggestions: param.suggests && index ? suggestionsFor(param.suggests, index) : [] };
    });
  }, [book, node.datapath]);
  const { tried } = state;
  useEffect(() => {
    if (tried) form.current?.querySelector<HTMLElement>("[aria-invalid=true], [data-invalid] input")?.focus();
  }, [tried]);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void submit(book, chosen);
  };
  const here = chosen.length > 1 ? ofOneNode(book.inputs, values) : [];
  return (
    <form ref={form} className="book-form" aria-label={`Start ${book.title}`} onSubmit={onSubmit} noValidate>
      {params.length > 0 ? (
        <div className="param-list">
          {params.map(({ param, suggestions }) => (
            <ParamField
              key={param.name}
              param={param}
              value={values[param.name] ?? ""}
              onChange={(value) => setInput(book, param.name, value)}
              suggestions={suggestions}
              problem={tried || (values[param.name] ?? "") !== "" ? problems[param.name] : undefined}
            />
          ))}
        </div>
      ) : null}
      <NodeChoice
        chosen={chosen}
        onChange={chooseNodes}
        whyNot={whyNoRun}
        about={(one) => <span className="muted">{lessSeen(one)}</span>}
      />
      {here.length > 0 ? (
        <p className="strong-note">
          {here.map(({ title }) => title).join(", ")}: such a name is of one node. On the others it means another thing,
          or nothing.
        </p>
      ) : null}
      <StartFailures failures={state.failures} />
      <div className="actions">
        <Button variant="primary" icon={Play} type="submit" isDisabled={state.starting || chosen.length === 0}>
          {state.starting ? "Starting…" : chosen.length > 1 ? `Run on ${plural(chosen.length, "node")}` : "Run"}
        </Button>
        <span className="muted">
          {chosen.length === 0
            ? (whyNoRun(node) ?? "No node to run it on is chosen.")
            : "It reads and measures. What it proposes is changed only when you approve it."}
        </span>
      </div>
    </form>
  );
}
