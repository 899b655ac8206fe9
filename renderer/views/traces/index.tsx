/** Runs of tracers on all nodes, those that go on and those that ended: the list, and the one in view. */
import { Activity } from "lucide-react";
import { ListBox, ListBoxItem } from "react-aria-components";
import { useStore } from "zustand";
import type { TraceState } from "../../../electron/core/journal/state.ts";
import { visibleText } from "../../../electron/core/text/visible.ts";
import { nodeLabel } from "../../stores/node-name.ts";
import { sessionStore } from "../../stores/session.ts";
import { figuresOf } from "../../stores/traces/rates.ts";
import { newestFirst } from "../../stores/traces/run-state.ts";
import { showRun, useShownRun } from "../../stores/traces/runs.ts";
import { startedAt, stateWord, tracerTitle } from "../../stores/traces/text.ts";
import { useTracers } from "../../stores/traces/tracers.ts";
import { showView } from "../../stores/view-request.ts";
import { Button } from "../../ui/button.tsx";
import { countText, timeText } from "../../ui/format.ts";
import { EmptyState } from "../../ui/message.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import { defineView } from "../define.ts";
import { RunPanel } from "./run-panel.tsx";
import { StateIcon } from "./state-icon.tsx";

function Traces() {
  const traces = useStore(sessionStore, (state) => state.traces);
  const shown = useShownRun();
  if (!shown) {
    return (
      <EmptyState
        icon={Activity}
        title="No tracer was run"
        actions={
          <Button variant="primary" onPress={() => showView("tracers")}>
            Choose a tracer
          </Button>
        }
      >
        A tracer looks at the kernel of one or several nodes for a while, and proves what happened there.
      </EmptyState>
    );
  }
  return (
    <div className="traces">
      <RunList traces={traces} shown={shown.trace_id} />
      <RunPanel key={shown.trace_id} trace={shown} />
    </div>
  );
}

function RunList({ traces, shown }: { traces: readonly TraceState[]; shown: string }) {
  return (
    <nav className="run-list" aria-label="Runs of tracers">
      <ListBox
        aria-label="Runs, newest first"
        className="list-box"
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[shown]}
        onSelectionChange={(keys) => {
          const [id] = keys === "all" ? [] : keys;
          if (id !== undefined) showRun(String(id));
        }}
      >
        {newestFirst(traces).map((trace) => (
          <RunItem key={trace.trace_id} trace={trace} />
        ))}
      </ListBox>
    </nav>
  );
}

function RunItem({ trace }: { trace: TraceState }) {
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const manifest = useTracers().list.find(({ name }) => name === trace.tracer);
  const title = tracerTitle(manifest, trace.tracer);
  const node = nodeLabel(nodes, trace.node);
  const { events, lost } = figuresOf(trace);
  return (
    <ListBoxItem
      id={trace.trace_id}
      className="list-item run-item"
      textValue={visibleText(`${title} on ${node}, ${stateWord(trace)}`)}
    >
      <StateIcon trace={trace} />
      <span className="run-item-texts">
        <span className="ellipsis">
          <NodeText text={title} /> <span className="muted">on</span> <NodeText text={node} />
        </span>
        <span className="muted ellipsis">
          {stateWord(trace)} · {countText(events)} events{lost > 0 ? ` · ${countText(lost)} lost` : ""} ·{" "}
          {timeText(startedAt(trace)).slice(11)}
        </span>
      </span>
    </ListBoxItem>
  );
}

export default defineView({
  id: "traces",
  title: "Traces",
  icon: Activity,
  order: 80,
  scope: "session",
  place: "main",
  Component: Traces,
});
