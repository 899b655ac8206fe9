/** The tracers: what each asks and what the node in view offers it, and the form to start one. */
import { Radar } from "lucide-react";
import { useEffect } from "react";
import { useStore } from "zustand";
import { askCheckOnce } from "../../stores/traces/checks.ts";
import { formStore } from "../../stores/traces/form-store.ts";
import { whyNot } from "../../stores/traces/run-state.ts";
import { loadTracers, useTracers } from "../../stores/traces/tracers.ts";
import { useNode } from "../../stores/use-node.ts";
import { Button } from "../../ui/button.tsx";
import { EmptyState, ErrorBlock, Loading } from "../../ui/message.tsx";
import { defineView } from "../define.ts";
import { TracerForm } from "./form.tsx";
import { TracerList } from "./list.tsx";

function Tracers() {
  const tracers = useTracers();
  const node = useNode();
  const chosen = useStore(formStore, (state) => state.tracer);
  const askable = node !== null && whyNot(node) === null ? node.node : null;
  useEffect(() => {
    if (askable !== null && tracers.list.length > 0) askCheckOnce(askable);
  }, [askable, tracers.list]);
  if (!node) return null;
  if (tracers.error) {
    return <ErrorBlock error={tracers.error} actions={<Button onPress={() => void loadTracers()}>Try again</Button>} />;
  }
  if (tracers.state !== "ready") return <Loading what="Asking which tracers there are…" />;
  const shown = tracers.list.find(({ name }) => name === chosen) ?? tracers.list[0];
  if (!shown) {
    return (
      <EmptyState icon={Radar} title="This installation holds no tracers">
        They are made with <code>npm run build:tracers</code>.
      </EmptyState>
    );
  }
  return (
    <div className="tracers">
      <TracerList tracers={tracers.list} shown={shown.name} node={node} />
      <TracerForm key={shown.name} manifest={shown} node={node} />
    </div>
  );
}

export default defineView({
  id: "tracers",
  title: "Tracers",
  icon: Radar,
  order: 70,
  scope: "node",
  place: "main",
  Component: Tracers,
});
