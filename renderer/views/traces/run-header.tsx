/** Which tracer, where, since when and how it stands; stop it, run it again, run it elsewhere, see its command. */
import { RotateCw, ScrollText, Server, Square } from "lucide-react";
import { useStore } from "zustand";
import type { TraceState } from "../../../electron/core/journal/state.ts";
import type { TracerManifest } from "../../../electron/core/trace/manifest.ts";
import { modKey } from "../../shell/shortcuts.ts";
import { showCommand } from "../../stores/commands.ts";
import { nodeLabel } from "../../stores/node-name.ts";
import { sessionStore } from "../../stores/session.ts";
import { openElsewhere } from "../../stores/traces/form-store.ts";
import { goesOn, whyNot } from "../../stores/traces/run-state.ts";
import { runAgain, stopRun } from "../../stores/traces/runs.ts";
import { startedAt, stateText, tracerTitle } from "../../stores/traces/text.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { timeText } from "../../ui/format.ts";
import { NodeText } from "../../ui/node-text.tsx";
import { StateIcon } from "./state-icon.tsx";
import { useNow } from "./use-now.ts";

export function RunHeader({ trace, manifest }: { trace: TraceState; manifest: TracerManifest | undefined }) {
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const running = goesOn(trace, nodes);
  const now = useNow(running);
  const node = nodes[trace.node];
  const reason = node ? whyNot(node) : "The node is not part of this session any more.";
  const { command_id } = trace;
  return (
    <header className="run-header">
      <div className="run-title">
        <h2>
          <NodeText text={tracerTitle(manifest, trace.tracer)} />{" "}
          <span className="run-where">
            on <NodeText text={nodeLabel(nodes, trace.node)} />
          </span>
        </h2>
        <span className={`run-state run-state-${trace.state}`}>
          <StateIcon trace={trace} /> {stateText(trace, now)}
        </span>
        <span className="grow" />
        <div className="actions">
          {running ? (
            <Button variant="danger" icon={Square} onPress={() => void stopRun(trace)}>
              Stop <kbd>{modKey} .</kbd>
            </Button>
          ) : (
            <Button icon={RotateCw} isDisabled={reason !== null} onPress={() => void runAgain(trace)}>
              Run again
            </Button>
          )}
          {manifest ? (
            <IconButton icon={Server} label="Run on other nodes" onPress={() => openElsewhere(manifest, trace)} />
          ) : null}
          {command_id === null ? null : (
            <IconButton icon={ScrollText} label="Show its command" onPress={() => showCommand(command_id)} />
          )}
        </div>
      </div>
      <p className="run-params muted">
        {timeText(startedAt(trace))}
        <Params trace={trace} manifest={manifest} />
        {!running && reason !== null ? <span> · {reason}</span> : null}
      </p>
    </header>
  );
}

/** Those that were given; what is left to its default stands in the form and in the command. */
function Params({ trace, manifest }: { trace: TraceState; manifest: TracerManifest | undefined }) {
  const given = Object.entries(trace.params).filter(([, value]) => value !== "");
  return given.map(([name, value]) => (
    <span key={name}>
      {" · "}
      <NodeText text={manifest?.params.find((param) => param.name === name)?.title ?? name} />{" "}
      <NodeText text={value} mono />
    </span>
  ));
}
