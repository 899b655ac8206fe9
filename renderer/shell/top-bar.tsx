/** The node in view at a glance: which one, as whom, how old the picture is, how many findings. */
import { ArrowLeft, ArrowRight, Menu as MenuIcon, RefreshCw, Search } from "lucide-react";
import { useEffect, useState } from "react";
import { useStore } from "zustand";
import type { NodeState } from "../../electron/core/journal/state.ts";
import type { Finding } from "../../electron/core/model/types.ts";
import { cancelNode, refresh } from "../host/intents.ts";
import { openPalette } from "../stores/overlay.ts";
import { goBack, goForward, selectionStore } from "../stores/selection.ts";
import { showView } from "../stores/view-request.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { ageText, timeText } from "../ui/format.ts";
import { NodeText } from "../ui/node-text.tsx";
import { ROOT_SHORT } from "../ui/privileges.ts";
import { SEVERITIES, SeverityMark } from "../ui/severity.tsx";
import { MainMenu } from "./main-menu.tsx";
import { modKey } from "./shortcuts.ts";

export function TopBar({ node }: { node: NodeState }) {
  const info = node.datapath?.node;
  const collecting = node.collect?.state === "running";
  return (
    <header className="top-bar">
      <MainMenu node={node} icon={MenuIcon} />
      <h1 className="node-name ellipsis">
        <NodeText text={info?.hostname || node.label} titled />
      </h1>
      <span className="muted ellipsis facts-line">
        <NodeText text={node.host} /> · {userText(node)}
        {privilegesText(node)}
        {info ? (
          <>
            {" · "}
            <NodeText text={info.kernel} mono />
          </>
        ) : null}
      </span>
      <span className="grow" />
      <FindingCounts findings={node.datapath?.findings ?? []} />
      <Age at={takenAt(node)} />
      {collecting ? (
        <Button onPress={() => void cancelNode(node.node)}>Cancel refresh</Button>
      ) : (
        <Button icon={RefreshCw} isDisabled={node.phase !== "ready"} onPress={() => void refresh(node.node)}>
          Refresh
        </Button>
      )}
      <History />
      <IconButton icon={Search} label="Search and commands" keys={`${modKey} K`} onPress={() => openPalette()} />
    </header>
  );
}

/** As whom one is logged in, where the host's name does not say it already. */
function userText({ transport, host, user, datapath }: NodeState) {
  const name = transport === "replay" ? (datapath?.node.user ?? user) : user;
  return name === "" || host.startsWith(`${name}@`) ? null : (
    <>
      <NodeText text={name} /> ·{" "}
    </>
  );
}

function privilegesText(node: NodeState): string {
  if (node.transport === "replay") return node.datapath?.node.root ? "recorded as root" : "recorded without root";
  return ROOT_SHORT[node.privileges ?? "none"];
}

function FindingCounts({ findings }: { findings: readonly Finding[] }) {
  const counts = SEVERITIES.map((severity) => ({
    severity,
    count: findings.filter((finding) => finding.severity === severity).length,
  })).filter(({ count }) => count > 0);
  return (
    <Button variant="quiet" onPress={() => showView("findings")}>
      {counts.length === 0
        ? "No findings"
        : counts.map(({ severity, count }) => <SeverityMark key={severity} severity={severity} count={count} />)}
      <span className="visually-hidden"> findings</span>
    </Button>
  );
}

function History() {
  const canGoBack = useStore(selectionStore, (state) => state.past.length > 0);
  const canGoForward = useStore(selectionStore, (state) => state.future.length > 0);
  return (
    <>
      <IconButton icon={ArrowLeft} label="Back" keys="Alt ←" isDisabled={!canGoBack} onPress={goBack} />
      <IconButton icon={ArrowRight} label="Forward" keys="Alt →" isDisabled={!canGoForward} onPress={goForward} />
    </>
  );
}

/** When the node was looked at, in epoch ms: for a recording by the node's own clock. */
function takenAt(node: NodeState): number | null {
  const recorded = node.datapath?.node.collected_at ?? null;
  return node.transport === "replay" && recorded !== null ? recorded * 1000 : node.datapath_at;
}

/** How old the picture is; it is never refreshed by itself. */
function Age({ at }: { at: number | null }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  if (at === null) return null;
  return (
    <span className="muted nowrap" title={timeText(at)}>
      {ageText(at, Math.max(now, at))} old
    </span>
  );
}
