/** What a tracer costs, what it can prove by which way, and on which kernels that was tried. */
import type { NodeState } from "../../../electron/core/journal/state.ts";
import type { TracerManifest } from "../../../electron/core/trace/manifest.ts";
import { nodeName } from "../../stores/node-name.ts";
import { useCheck } from "../../stores/traces/checks.ts";
import { offeredTo } from "../../stores/traces/offered.ts";
import { NodeText } from "../../ui/node-text.tsx";
import { Cost, OfferedLine } from "./list.tsx";

export function TracerAbout({ manifest, node }: { manifest: TracerManifest; node: NodeState }) {
  const offered = offeredTo(manifest, useCheck(node.node));
  return (
    <div className="tracer-about">
      <p>
        <span className="muted">
          On <NodeText text={nodeName(node)} />:
        </span>{" "}
        <OfferedLine offered={offered} />
      </p>
      <p>
        <Cost tracer={manifest} /> <span className="muted">{manifest.cost_note}</span>
      </p>
      <details>
        <summary>What it can prove, and how</summary>
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Way</th>
              <th scope="col">Proves</th>
              <th scope="col">Needs</th>
            </tr>
          </thead>
          <tbody>
            {manifest.variants.map((variant) => (
              <tr key={variant.id}>
                <td>{variant.title}</td>
                <td>{variant.proves}</td>
                <td className="mono">{[...manifest.needs, ...variant.needs].join(", ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p className="muted">
          {manifest.kernels_tried.length === 0
            ? "Not yet tried on another kernel."
            : `Tried on kernels ${manifest.kernels_tried.join(", ")}.`}
        </p>
      </details>
    </div>
  );
}
