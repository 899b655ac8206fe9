/** What the view of runbooks shows, what stands in each book's form, and on which nodes it is to run. */
import { createStore } from "zustand/vanilla";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { showView } from "../view-request.ts";
import { firstInputs, type InputValues, inputProblems, startInputs } from "./form.ts";
import type { StartFailure } from "./refused.ts";
import { startOn } from "./runs.ts";
import { showBook } from "./shown.ts";

export interface FormState {
  /** By book: what was typed, or given by what led to it. A book's own defaults are not in here. */
  forms: Readonly<Record<string, InputValues>>;
  /** Null: the node in view. */
  nodes: readonly string[] | null;
  /** Start was asked for: what is missing is told from now on. */
  tried: boolean;
  starting: boolean;
  failures: readonly StartFailure[];
}

export const formStore = createStore<FormState>(() => ({
  forms: {},
  nodes: null,
  tried: false,
  starting: false,
  failures: [],
}));

/** Shows the form of a book; what was typed into it before is still there. */
export function chooseBook(book: string): void {
  formStore.setState({ tried: false, failures: [] });
  showBook(book);
}

/** Opens the form of a book with these inputs, for the node in view. */
export function openBook(book: string, inputs: InputValues = {}): void {
  formStore.setState(({ forms }) => ({ forms: { ...forms, [book]: inputs }, nodes: null }));
  chooseBook(book);
  showView("runbooks");
}

/** What stands in the form of a book. */
export function formOf({ forms }: Pick<FormState, "forms">, book: RunbookInfo): InputValues {
  return firstInputs(book.inputs, forms[book.id]);
}

export function setInput(book: RunbookInfo, name: string, value: string): void {
  formStore.setState((state) => ({ forms: { ...state.forms, [book.id]: { ...formOf(state, book), [name]: value } } }));
}

export function chooseNodes(nodes: readonly string[]): void {
  formStore.setState({ nodes });
}

/** Starts the book on these nodes, unless something in the form is wrong: then that is told. */
export async function submit(book: RunbookInfo, nodes: readonly string[]): Promise<void> {
  const state = formStore.getState();
  if (state.starting) return;
  formStore.setState({ tried: true, failures: [] });
  const values = formOf(state, book);
  if (nodes.length === 0 || Object.keys(inputProblems(book.inputs, values)).length > 0) return;
  formStore.setState({ starting: true });
  const failures = await startOn(nodes, book.id, startInputs(book.inputs, values));
  formStore.setState({ starting: false, failures, tried: failures.length > 0 });
}
