/** The state of a node's connection in the status bar: a recording, lost and tried again, closed, or what waits. */
import { Clock, Eraser, History as HistoryIcon, ListOrdered, PlugZap, ShieldAlert, ShieldCheck } from "lucide-react";
import { useEffect, useState } from "react";
import type { NodeState } from "../../electron/core/journal/state.ts";
import type { ResidueReport } from "../../electron/core/residue/types.ts";
import { cancelNode, reconnect, tryAgain } from "../host/intents.ts";
import { showView } from "../stores/view-request.ts";
import { Button } from "../ui/button.tsx";
import { plural } from "../ui/format.ts";
import { NodeText } from "../ui/node-text.tsx";

export function ConnectionState({ node }: { node: NodeState }) {
  if (node.transport === "replay") {
    return (
      <span className="banner">
        <HistoryIcon size={13} aria-hidden /> Recording: nothing here is live
      </span>
    );
  }
  if (node.phase === "closed" || node.phase === "failed") return <Ended node={node} />;
  return (
    <>
      {node.reconnect ? <Reconnecting node={node} reconnecting={node.reconnect} /> : null}
      {node.queue ? (
        <span className="banner" role="status">
          <ListOrdered size={13} aria-hidden /> {plural(node.queue.waiting, "command waits", "commands wait")}:{" "}
          {node.queue.running} of {node.queue.limit} run
        </span>
      ) : null}
      {node.leftovers.length > 0 ? (
        <Button variant="quiet" icon={Eraser} onPress={() => showView("connection")}>
          {plural(node.leftovers.length, "thing")} of an earlier connection still on the node
        </Button>
      ) : null}
    </>
  );
}

function Ended({ node }: { node: NodeState }) {
  return (
    <>
      <span className={node.error || node.residue.length > 0 ? "banner banner-bad" : "banner"} role="alert">
        <PlugZap size={13} aria-hidden /> Disconnected.
        {node.error ? <NodeText text={node.error.message} className="ellipsis" titled /> : null}
        {node.residue.length > 0 ? (
          <>
            {" "}
            Left on the node: <NodeText text={node.residue.join(", ")} mono />
          </>
        ) : null}
        <Button variant="quiet" onPress={() => void tryAgain(node)}>
          Connect again
        </Button>
      </span>
      {node.residue_report ? <Proof report={node.residue_report} /> : null}
    </>
  );
}

function Proof({ report }: { report: ResidueReport }) {
  const clean = report.ours.length + report.unknown.length + report.blind.length === 0;
  const icon = clean ? ShieldCheck : ShieldAlert;
  return (
    <span className={clean ? "proof-clean" : ""}>
      <Button variant="quiet" icon={icon} onPress={() => showView("connection")}>
        {residueText(report)}
      </Button>
    </span>
  );
}

function residueText({ ours, unknown, blind }: ResidueReport): string {
  if (ours.length > 0) return `${plural(ours.length, "thing")} of bpfdesk left on the node`;
  if (unknown.length > 0) return `${plural(unknown.length, "new thing")} on the node, whose cannot be told`;
  return blind.length === 0 ? "Left as it was found" : "Nothing of bpfdesk seen; not all could be compared";
}

function Reconnecting(props: { node: NodeState; reconnecting: NonNullable<NodeState["reconnect"]> }) {
  const { node, reconnecting } = props;
  const { retry_at, attempt, error } = reconnecting;
  const now = useNow(retry_at !== null);
  const trying = node.phase !== "waiting";
  const seconds = retry_at === null ? 0 : Math.max(0, Math.ceil((retry_at - now) / 1000));
  return (
    <span className="banner banner-bad">
      <Clock size={13} aria-hidden />
      <span role="alert" className="banner-text">
        <span className="ellipsis">Connection lost. {error ? <NodeText text={error.message} titled /> : null}</span>
        <span>What is shown is from before.</span>
      </span>
      <span>
        {trying
          ? `Trying again (${attempt})…`
          : retry_at === null
            ? "It is not tried again by itself."
            : // Late in an outage most tries are not told, so that the record stays small.
              seconds === 0
              ? "It is tried again about every minute."
              : `Next try (${attempt}) in ${seconds} s.`}
      </span>
      {trying ? null : (
        <Button variant="quiet" onPress={() => void reconnect(node.node)}>
          Try now
        </Button>
      )}
      {retry_at === null && !trying ? null : (
        <Button variant="quiet" onPress={() => void cancelNode(node.node)}>
          Stop trying
        </Button>
      )}
    </span>
  );
}

/** Epoch ms, new every second while it matters. */
function useNow(matters: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!matters) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [matters]);
  return now;
}
