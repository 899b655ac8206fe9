/** How this node is reached, as whom, what is kept for it, and the proof that it is left as it was found. */
import { Cable } from "lucide-react";
import { useNode } from "../../stores/use-node.ts";
import { EmptyState } from "../../ui/message.tsx";
import { defineView } from "../define.ts";
import { LeftoversPart } from "./leftovers.tsx";
import { LinkPart } from "./link.tsx";
import { ResiduePart } from "./residue.tsx";
import { RootPart } from "./root.tsx";
import { SecretsPart } from "./secrets.tsx";

function Connection() {
  const node = useNode();
  if (!node) return null;
  if (node.transport === "replay") {
    return (
      <EmptyState icon={Cable} title="A recording has no connection">
        It was made as <span className="mono">{node.datapath?.node.root ? "root" : "an ordinary user"}</span>.
      </EmptyState>
    );
  }
  return (
    <div className="connection-view">
      <LeftoversPart node={node} />
      {node.residue_report ? <ResiduePart node={node} /> : null}
      <RootPart node={node} />
      {node.link ? <LinkPart link={node.link} /> : null}
      {node.residue_report ? null : <ResiduePart node={node} />}
      <SecretsPart />
    </div>
  );
}

export default defineView({
  id: "connection",
  title: "Connection",
  icon: Cable,
  order: 40,
  scope: "session",
  place: "bottom",
  Component: Connection,
});
