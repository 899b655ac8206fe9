/** As whom commands run on the node, what that hides, and how it could be changed. */
import { CircleAlert } from "lucide-react";
import type { NodeState } from "../../../electron/core/journal/state.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import { ROOT_BY, userAtHost } from "../../ui/privileges.ts";

export function RootPart({ node }: { node: NodeState }) {
  return (
    <section className="part" aria-label="Being root">
      <h3>Being root</h3>
      <p>
        <NodeText text={userAtHost(node)} mono />:{" "}
        {node.privileges === null ? "not known yet" : ROOT_BY[node.privileges]}.
      </p>
      {node.limits.length > 0 ? (
        <ul className="remarks" aria-label="Not seen">
          {node.limits.map((limit) => (
            <li key={limit}>
              <CircleAlert size={13} aria-hidden className="severity-warning" /> <NodeText text={limit} />
            </li>
          ))}
        </ul>
      ) : null}
      {node.sudoers === null ? null : (
        <>
          <p className="with-copy">
            <span>Lines for sudoers (edit them in with visudo on the node) that would give what is missing:</span>
            <CopyButton text={node.sudoers} what="sudoers lines" />
          </p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard */}
          <pre className="code" tabIndex={0}>
            <NodeText text={node.sudoers} lines />
          </pre>
        </>
      )}
    </section>
  );
}
