/** Which screen is shown: the link's trouble, the first screen, a connection, or the workspace of a node. */
import { lazy, Suspense } from "react";
import { I18nProvider } from "react-aria-components";
import { useStore } from "zustand";
import { ConnectionScreen } from "./connect/connection-screen.tsx";
import { FirstScreen } from "./connect/first-screen.tsx";
import { PromptDialog } from "./connect/prompts/prompt-dialog.tsx";
import { linkStore, openLink } from "./host/link.ts";
import { Notice } from "./shell/status-bar.tsx";
import { useShortcuts } from "./shell/use-shortcuts.ts";
import { useNode } from "./stores/use-node.ts";
import { Button } from "./ui/button.tsx";
import { ErrorBlock, Loading } from "./ui/message.tsx";

const Workspace = lazy(() => import("./shell/workspace.tsx"));
const Overlays = lazy(() => import("./palette/overlays.tsx"));

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
  useShortcuts(node?.datapath ? node : null);
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
      {node?.datapath ? (
        <Suspense fallback={<Loading what="Opening the workspace…" />}>
          <Workspace key={node.node} node={node} />
          <Overlays node={node} />
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
