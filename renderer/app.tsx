/** Which screen is shown: the link's trouble, the first screen, a connection, or the workspace of a node. */
import { Suspense, useEffect } from "react";
import { I18nProvider } from "react-aria-components";
import { useStore } from "zustand";
import type { NodeState } from "../electron/core/journal/state.ts";
import { ConnectionScreen } from "./connect/connection-screen.tsx";
import { FirstScreen } from "./connect/first-screen.tsx";
import { PromptDialog } from "./connect/prompts/prompt-dialog.tsx";
import { linkStore, openLink } from "./host/link.ts";
import { Notice } from "./shell/status-bar.tsx";
import { useShortcuts } from "./shell/use-shortcuts.ts";
import { currentNodeStore } from "./stores/session.ts";
import { useNode } from "./stores/use-node.ts";
import { Button } from "./ui/button.tsx";
import { later, useLater } from "./ui/later.ts";
import { ErrorBlock, Loading } from "./ui/message.tsx";

const workspace = later(() => import("./shell/workspace.tsx"));
const nodesScreen = later(() => import("./nodes/nodes-screen.tsx"));
const overlays = later(() => import("./palette/overlays.tsx"));

/** While nobody waits for anything, so that the first picture does not wait for code. */
function preloadWorkspace(): () => void {
  const waiting = requestIdleCallback(() => {
    workspace.preload();
    overlays.preload();
  });
  return () => cancelIdleCallback(waiting);
}

export function App() {
  return (
    <I18nProvider locale="en-US">
      <Screen />
    </I18nProvider>
  );
}

function Screen() {
  const link = useStore(linkStore);
  const node = useNode();
  const allNodes = useStore(currentNodeStore, (state) => state.nodes);
  useShortcuts(node?.datapath ? node : null);
  const open = link.status === "open";
  useEffect(() => (open ? preloadWorkspace() : undefined), [open]);
  if (link.status === "lost") {
    return (
      <main className="connection-screen">
        <h1>bpfdesk</h1>
        <ErrorBlock
          error={link.error}
          actions={
            <Button variant="primary" onPress={() => void openLink()}>
              Try again
            </Button>
          }
        />
      </main>
    );
  }
  if (link.status === "opening") {
    return (
      <main className="connection-screen">
        <Loading what="Starting…" />
      </main>
    );
  }
  return (
    <>
      {allNodes ? (
        <Suspense fallback={<Loading what="Opening the nodes…" />}>
          <AllNodes />
        </Suspense>
      ) : node?.datapath ? (
        <Suspense fallback={<Loading what="Opening the workspace…" />}>
          <NodeScreen node={node} />
        </Suspense>
      ) : (
        <>
          {node ? <ConnectionScreen node={node} /> : <FirstScreen info={link.info} />}
          <div className="floating-notice">
            <Notice />
          </div>
        </>
      )}
      {node ? <PromptDialog node={node} /> : null}
    </>
  );
}

function AllNodes() {
  const NodesScreen = useLater(nodesScreen);
  return (
    <>
      <NodesScreen />
      <div className="floating-notice">
        <Notice />
      </div>
    </>
  );
}

/** Everything about a node that has a picture. */
function NodeScreen({ node }: { node: NodeState }) {
  const Workspace = useLater(workspace);
  const Overlays = useLater(overlays);
  return (
    <>
      <Workspace key={node.node} node={node} />
      <Overlays node={node} />
    </>
  );
}
