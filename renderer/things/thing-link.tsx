/** A thing's name that leads to it: selects it and asks the views to scroll there. */
import type { Key } from "../../electron/core/model/types.ts";
import type { DatapathIndex } from "../stores/datapath-index.ts";
import { reveal } from "../stores/selection.ts";
import { NodeText } from "../ui/node-text.tsx";
import { keyTitle } from "./names.ts";

export function ThingLink(props: { index: DatapathIndex; to: Key; text?: string }) {
  const text = props.text ?? keyTitle(props.index, props.to);
  if (!props.index.things.has(props.to)) return <NodeText text={text} className="muted" />;
  return (
    <button type="button" className="thing-link" onClick={() => reveal(props.to)}>
      <NodeText text={text} />
    </button>
  );
}
