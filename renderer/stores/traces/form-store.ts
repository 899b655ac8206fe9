/** The tracer that was chosen, what stands in each tracer's form, and on which nodes it is to run. */
import { createStore } from "zustand/vanilla";
import type { TraceState } from "../../../electron/core/journal/state.ts";
import type { TracerManifest } from "../../../electron/core/trace/manifest.ts";
import { showView } from "../view-request.ts";
import { type FormValues, firstValues, isSound, problemsOf, startInput } from "./form.ts";
import { type StartFailure, startOn } from "./runs.ts";

export interface FormState {
  tracer: string | null;
  forms: Readonly<Record<string, FormValues>>;
  /** Null: the node in view. */
  nodes: readonly string[] | null;
  /** Start was asked for: what is missing is told from now on. */
  tried: boolean;
  starting: boolean;
  failures: readonly StartFailure[];
}

export const formStore = createStore<FormState>(() => ({
  tracer: null,
  forms: {},
  nodes: null,
  tried: false,
  starting: false,
  failures: [],
}));

/** Shows the form of a tracer; what was typed into it before is still there. */
export function chooseTracer(tracer: string): void {
  formStore.setState({ tracer, tried: false, failures: [] });
}

/** Opens the form of a tracer with these parameters filled in, and the rest as the manifest says. */
export function openForm(manifest: TracerManifest, params: Readonly<Record<string, string>> = {}): void {
  setForm(manifest.name, firstValues(manifest, params));
  chooseTracer(manifest.name);
  formStore.setState({ nodes: null });
  showView("tracers");
}

/** Opens the form as a run had it, to start it elsewhere: no node is chosen yet. */
export function openElsewhere(manifest: TracerManifest, { params, limits }: TraceState): void {
  openForm(manifest, params);
  setForm(manifest.name, {
    ...firstValues(manifest, params),
    for_s: String(limits.for_s),
    events: limits.events === null ? "" : String(limits.events),
    budget_pct: String(limits.budget_pct),
  });
  formStore.setState({ nodes: [] });
}

export function setForm(tracer: string, values: FormValues): void {
  formStore.setState(({ forms }) => ({ forms: { ...forms, [tracer]: values } }));
}

/** What stands in the form of a tracer. */
export function formOf({ forms }: Pick<FormState, "forms">, manifest: TracerManifest): FormValues {
  return forms[manifest.name] ?? firstValues(manifest);
}

/** Starts the tracer on these nodes, unless something in the form is wrong: then that is told. */
export async function submit(manifest: TracerManifest, nodes: readonly string[]): Promise<void> {
  const state = formStore.getState();
  const values = formOf(state, manifest);
  if (state.starting) return;
  formStore.setState({ tried: true, failures: [] });
  if (nodes.length === 0 || !isSound(problemsOf(manifest, values))) return;
  formStore.setState({ starting: true });
  const failures = await startOn(nodes, startInput(manifest, values));
  formStore.setState({ starting: false, failures, tried: failures.length > 0 });
}
