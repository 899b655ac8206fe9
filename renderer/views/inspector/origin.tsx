/** Where the facts come from: the raw row and the command that printed it. */
import type { Origin } from "../../../electron/core/model/types.ts";
import { useSections } from "../../stores/sections.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import { Part } from "./parts.tsx";

export function OriginPart({ origin }: { origin: Origin }) {
  const { byId } = useSections();
  const section = byId.get(origin.section);
  const raw = typeof origin.raw === "string" ? origin.raw : (JSON.stringify(origin.raw, null, 2) ?? "");
  return (
    <Part title="Where this comes from" folded>
      <p className="muted">
        Section <code>{origin.section}</code>
        {origin.scope === "node" ? "" : ` in ${origin.scope}`}
        {section ? `: ${section.title}` : ""}
      </p>
      {section ? <Code title="Command" text={section.command} /> : null}
      <Code title="As the tool printed it" text={raw} />
    </Part>
  );
}

function Code({ title, text }: { title: string; text: string }) {
  return (
    <figure className="code-figure">
      <figcaption>
        {title} <CopyButton text={text} what={title.toLowerCase()} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard */}
      <pre className="code" tabIndex={0}>
        <NodeText text={text} lines />
      </pre>
    </figure>
  );
}
