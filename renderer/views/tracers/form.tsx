/** The form of one tracer, made of nothing but its manifest. Enter starts it. */
import { Play } from "lucide-react";
import { type FormEvent, useEffect, useMemo, useRef } from "react";
import { useStore } from "zustand";
import type { NodeState } from "../../../electron/core/journal/state.ts";
import type { TracerManifest } from "../../../electron/core/trace/manifest.ts";
import { StartFailures } from "../../nodes/start-failures.tsx";
import { indexOf } from "../../stores/datapath-index.ts";
import { sessionStore } from "../../stores/session.ts";
import { type FormValues, type LimitName, problemsOf } from "../../stores/traces/form.ts";
import { formOf, formStore, setForm, submit } from "../../stores/traces/form-store.ts";
import { whyNot } from "../../stores/traces/run-state.ts";
import { suggestionsFor } from "../../stores/traces/suggestions.ts";
import { Button } from "../../ui/button.tsx";
import { plural } from "../../ui/format.ts";
import { TracerAbout } from "./about.tsx";
import { TracerNodes } from "./node-choice.tsx";
import { ParamField, TextInput } from "./param-field.tsx";

/** Parameters that mean something on one node only. */
const OF_ONE_NODE = new Set(["prog_id", "map_id", "pid", "netns"]);

export function TracerForm({ manifest, node }: { manifest: TracerManifest; node: NodeState }) {
  const state = useStore(formStore);
  const nodes = useStore(sessionStore, (session) => session.nodes);
  const values = formOf(state, manifest);
  const problems = problemsOf(manifest, values);
  const chosen = (state.nodes ?? [node.node]).filter((id) => {
    const one = nodes[id];
    return one !== undefined && whyNot(one) === null;
  });
  const form = useRef<HTMLFormElement>(null);
  const index = useMemo(() => (node.datapath ? indexOf(node.datapath) : null), [node.datapath]);
  const suggestions = useMemo(
    () =>
      Object.fromEntries(
        manifest.params.map(({ name, suggests }) => [name, suggests && index ? suggestionsFor(suggests, index) : []]),
      ),
    [manifest, index],
  );
  const { tried } = state;
  useEffect(() => {
    if (tried) form.current?.querySelector<HTMLElement>("[aria-invalid=true], [data-invalid] input")?.focus();
  }, [tried]);

  const change = (changed: Partial<FormValues>) => setForm(manifest.name, { ...values, ...changed });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void submit(manifest, chosen);
  };
  const ofOneNode = manifest.params.filter(
    ({ name, suggests }) => suggests && OF_ONE_NODE.has(suggests) && (values.params[name] ?? "") !== "",
  );
  const limit = (name: LimitName, label: string, help: string) => (
    <TextInput
      label={label}
      help={help}
      value={values[name]}
      onChange={(value) => change({ [name]: value })}
      problem={problems.limits[name]}
      numeric
    />
  );
  return (
    <form ref={form} className="tracer-form" aria-label={manifest.title} onSubmit={onSubmit} noValidate>
      <h2>{manifest.question}</h2>
      <p>{manifest.summary}</p>
      <TracerAbout manifest={manifest} node={node} />
      <div className="param-list">
        {manifest.params.map((param) => (
          <ParamField
            key={param.name}
            param={param}
            value={values.params[param.name] ?? ""}
            onChange={(value) => change({ params: { ...values.params, [param.name]: value } })}
            suggestions={suggestions[param.name] ?? []}
            problem={tried || (values.params[param.name] ?? "") !== "" ? problems.params[param.name] : undefined}
          />
        ))}
      </div>
      <fieldset className="limit-list">
        <legend>It ends at the first of these</legend>
        {limit("for_s", "Time, s", "up to 86400")}
        {limit("events", "Events", "empty: no limit")}
        {limit("budget_pct", "Budget, % of a CPU", "above it thins out or stops, and says so")}
      </fieldset>
      <TracerNodes manifest={manifest} chosen={chosen} />
      {chosen.length > 1 && ofOneNode.length > 0 ? (
        <p className="strong-note">
          {ofOneNode.map(({ title }) => title).join(", ")}: such numbers are of one node. On the others they mean other
          things.
        </p>
      ) : null}
      <StartFailures failures={state.failures} />
      <div className="actions">
        <Button variant="primary" icon={Play} type="submit" isDisabled={state.starting || chosen.length === 0}>
          {state.starting ? "Starting…" : chosen.length > 1 ? `Start on ${plural(chosen.length, "node")}` : "Start"}
        </Button>
        {chosen.length === 0 ? <span className="muted">No node to start it on is chosen.</span> : null}
      </div>
    </form>
  );
}
