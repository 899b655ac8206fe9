/** What could not be seen and what is under way. An incomplete picture must never look complete. */
import { Activity, BookOpenCheck, Eye, MessageCircleQuestion, TriangleAlert, Wrench } from "lucide-react";
import { useMemo } from "react";
import { useStore } from "zustand";
import type { NodeState } from "../../electron/core/journal/state.ts";
import { showChange } from "../stores/change/dialog.ts";
import { newestChange } from "../stores/change/text.ts";
import { dismissNotice, noticeStore } from "../stores/notice.ts";
import { newestGoing } from "../stores/runbooks/run-state.ts";
import { showRun as showRunbook } from "../stores/runbooks/shown.ts";
import { sessionStore } from "../stores/session.ts";
import { runningSum } from "../stores/traces/run-state.ts";
import { cpuText } from "../stores/traces/text.ts";
import { showView } from "../stores/view-request.ts";
import { Button } from "../ui/button.tsx";
import { countText, plural } from "../ui/format.ts";
import { NodeText } from "../ui/node-text.tsx";
import { ConnectionState } from "./connection-state.tsx";

export function StatusBar({ node }: { node: NodeState }) {
  const datapath = node.datapath;
  const warned = datapath?.sections.filter((section) => !section.ok || section.warnings.length > 0).length ?? 0;
  const missing = warned + node.limits.length;
  const running = node.collect?.state === "running" ? node.collect : null;
  return (
    <footer className="status-bar">
      <ConnectionState node={node} />
      {running ? (
        <span role="status">
          Refreshing: {new Set(running.done.map((state) => state.section)).size} of {running.expected.length} sections
        </span>
      ) : null}
      {node.collect?.state === "failed" && node.collect.error ? (
        <span className="severity severity-critical">
          Refresh failed: <NodeText text={node.collect.error.message} />
        </span>
      ) : null}
      {missing > 0 ? (
        <Button variant="quiet" icon={TriangleAlert} onPress={() => showView("commands")}>
          Not seen completely: {plural(missing, "section or privilege", "sections or privileges")}
        </Button>
      ) : datapath ? (
        <span className="muted">
          <Eye size={13} aria-hidden /> All sections were read
        </span>
      ) : null}
      <Tracing />
      <GoingOn />
      <span className="grow" />
      <Notice />
      {datapath ? (
        <span className="muted nowrap">
          {countText(datapath.programs.length)} programs · {countText(datapath.maps.length)} maps ·{" "}
          {countText(datapath.interfaces.length)} interfaces · {countText(datapath.pods.length)} pods
        </span>
      ) : null}
    </footer>
  );
}

/** Tracers that look at some node now, what that costs and what was lost; leads to them. */
function Tracing() {
  const traces = useStore(sessionStore, (state) => state.traces);
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const sum = useMemo(() => runningSum({ traces, nodes }), [traces, nodes]);
  if (!sum) return null;
  const { count, starting, cpu_pct, lost } = sum;
  return (
    <span className="tracing">
      <Button variant="quiet" icon={lost > 0 ? TriangleAlert : Activity} onPress={() => showView("traces")}>
        {plural(count, "tracer")} {starting === count ? "starting" : `running · ${cpuText(cpu_pct)}`}
        {lost > 0 ? ` · ${countText(lost)} lost` : ""}
      </Button>
    </span>
  );
}

/** Runbooks that go on or wait, and changes that go on or can be taken back; leads to them. */
function GoingOn() {
  const runbooks = useStore(sessionStore, (state) => state.runbooks);
  const changes = useStore(sessionStore, (state) => state.changes);
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const run = newestGoing(runbooks, nodes);
  const change = newestChange(changes, nodes);
  return (
    <>
      {run ? (
        <Button
          variant="quiet"
          icon={run.waits ? MessageCircleQuestion : BookOpenCheck}
          onPress={() => showRunbook(run.run_id)}
        >
          {run.text}
        </Button>
      ) : null}
      {change ? (
        <Button variant="quiet" icon={Wrench} onPress={() => showChange(change.node, change.plan_id)}>
          {change.text}
        </Button>
      ) : null}
    </>
  );
}

/** The newest notice; errors stay until they are dismissed or replaced. */
export function Notice() {
  const notice = useStore(noticeStore, (state) => state.notice);
  return (
    <span role="status" className="notice">
      {notice ? (
        <Button variant="quiet" onPress={dismissNotice}>
          <span className={notice.kind === "error" ? "severity severity-critical" : "severity severity-good"}>
            <NodeText text={notice.text} /> {notice.hint ? <NodeText text={notice.hint} /> : null}
          </span>
          <span className="visually-hidden"> (dismiss)</span>
        </Button>
      ) : null}
    </span>
  );
}
