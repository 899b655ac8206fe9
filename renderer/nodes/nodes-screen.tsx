/** All nodes of the session at once: how each is doing, what was found on all of them, two side by side. */
import { ArrowLeft } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { useStore } from "zustand";
import type { NodeState } from "../../electron/core/journal/state.ts";
import { PromptDialog } from "../connect/prompts/prompt-dialog.tsx";
import { sessionStore, showNode } from "../stores/session.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { plural } from "../ui/format.ts";
import { CompareTab } from "./compare-tab.tsx";
import { FindingsTab } from "./findings-tab.tsx";
import { NodesTab } from "./nodes-tab.tsx";
import { isOver } from "./state-text.ts";

export default function NodesScreen() {
  const nodes = useNodes();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <main className="nodes-screen">
      <header className="top-bar">
        <IconButton icon={ArrowLeft} label="First screen" onPress={() => showNode(null)} />
        <h1 className="node-name" ref={heading} tabIndex={-1}>
          {plural(nodes.length, "node")}
        </h1>
        <Progress nodes={nodes} />
        <span className="grow" />
        <Asking nodes={nodes} />
      </header>
      <Tabs className="tabs">
        <TabList aria-label="Nodes" className="tab-list">
          <Tab id="nodes" className="tab">
            Nodes
          </Tab>
          <Tab id="findings" className="tab">
            Findings of all nodes
          </Tab>
          <Tab id="compare" className="tab">
            Two nodes side by side
          </Tab>
        </TabList>
        <TabPanel id="nodes" className="tab-panel">
          <NodesTab nodes={nodes} />
        </TabPanel>
        <TabPanel id="findings" className="tab-panel">
          <FindingsTab nodes={nodes} />
        </TabPanel>
        <TabPanel id="compare" className="tab-panel">
          <CompareTab nodes={nodes} />
        </TabPanel>
      </Tabs>
    </main>
  );
}

function useNodes(): NodeState[] {
  const order = useStore(sessionStore, (state) => state.order);
  const nodes = useStore(sessionStore, (state) => state.nodes);
  return useMemo(
    () =>
      order.flatMap((id) => {
        const node = nodes[id];
        return node ? [node] : [];
      }),
    [order, nodes],
  );
}

function Progress({ nodes }: { nodes: readonly NodeState[] }) {
  const pictures = nodes.filter(({ datapath }) => datapath !== null).length;
  const failed = nodes.filter((node) => isOver(node) && node.datapath === null).length;
  const waiting = nodes.length - pictures - failed;
  return (
    <span className="muted" role="status">
      {plural(pictures, "picture")}
      {waiting > 0 ? `, ${waiting} under way` : ""}
      {failed > 0 ? `, ${failed} failed` : ""}
    </span>
  );
}

/** Questions are answered one after another, when a person says so: never a dialog that nobody asked for. */
function Asking({ nodes }: { nodes: readonly NodeState[] }) {
  const [answering, setAnswering] = useState(false);
  const asking = nodes.filter(({ prompt }) => prompt !== null);
  const [first] = asking;
  useEffect(() => {
    if (!first) setAnswering(false);
  }, [first]);
  if (!first) return null;
  return (
    <>
      <Button variant="primary" onPress={() => setAnswering(true)}>
        {asking.length === 1 ? "1 node asks something" : `${asking.length} nodes ask something`}
      </Button>
      {answering ? <PromptDialog node={first} /> : null}
    </>
  );
}
