/** The first screen: doors to a node. Works with no cluster, no privileges and no network. */
import { FileUp, FlaskConical, Monitor, Server } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useStore } from "zustand";
import type { AppInfo } from "../../electron/shared/contract.ts";
import { connectNode } from "../host/intents.ts";
import { sessionStore, showNode, showNodes } from "../stores/session.ts";
import { Button } from "../ui/button.tsx";
import { plural } from "../ui/format.ts";
import { NodeText } from "../ui/node-text.tsx";
import { FileDoor } from "./file-door.tsx";
import { SshDoor } from "./ssh-door.tsx";
import { Symptoms } from "./symptoms.tsx";

export function FirstScreen({ info }: { info: AppInfo }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  // While a person chooses a door, what is behind it is fetched.
  useEffect(() => void import("../shell/workspace.tsx"), []);
  return (
    <main className="first-screen">
      <header>
        <h1 ref={heading} tabIndex={-1}>
          bpfdesk
        </h1>
        <p className="muted">Every eBPF program of one node, in the order its kernel runs them.</p>
      </header>
      <Symptoms />
      <OpenNodes />
      <div className="doors">
        <Door icon={FlaskConical} title="Sample incident">
          <p className="muted">
            {info.sample ? info.sample.description : "The recording that ships with bpfdesk is missing here."}
          </p>
          <Button variant="primary" isDisabled={!info.sample} onPress={() => void connectNode({ kind: "sample" })}>
            Open the sample incident
          </Button>
        </Door>
        <Door icon={Monitor} title="This machine">
          <p className="muted">
            {info.local.available ? "Reads what this machine's own kernel runs." : info.local.reason}
          </p>
          <Button isDisabled={!info.local.available} onPress={() => void connectNode({ kind: "local" })}>
            Open this machine
          </Button>
        </Door>
        <Door icon={Server} title="Connect over SSH">
          <SshDoor />
        </Door>
        <Door icon={FileUp} title="Snapshot or session file">
          <FileDoor />
        </Door>
      </div>
      <footer className="muted">
        Version {info.version} · bpfdesk reads; it puts nothing on a node and changes nothing there without asking.
        Every command it runs is listed with its exact text.
      </footer>
    </main>
  );
}

function Door({ icon: Icon, title, children }: { icon: typeof Server; title: string; children: ReactNode }) {
  return (
    <section className="door" aria-label={title}>
      <h2>
        <Icon size={18} aria-hidden /> {title}
      </h2>
      {children}
    </section>
  );
}

/** Nodes of this session that still have something to show; many of them are a table of their own. */
function OpenNodes() {
  const order = useStore(sessionStore, (state) => state.order);
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const shown = order.flatMap((id) => {
    const node = nodes[id];
    return node?.datapath ? [node] : [];
  });
  if (order.length === 0) return null;
  return (
    <section aria-label="Opened in this session" className="open-nodes">
      <h2>In this session</h2>
      <ul>
        {shown.slice(0, NAMED).map((node) => (
          <li key={node.node}>
            <Button onPress={() => showNode(node.node)}>
              <NodeText text={node.label} />
            </Button>
          </li>
        ))}
        <li>
          <Button variant="quiet" onPress={showNodes}>
            All {plural(order.length, "node")}
          </Button>
        </li>
      </ul>
    </section>
  );
}

/** Nodes with a button of their own on the first screen. */
const NAMED = 6;
