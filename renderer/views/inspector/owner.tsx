/** Who loaded or holds it, with the evidence for the claim. */
import type { Owner } from "../../../electron/core/model/types.ts";
import type { DatapathIndex } from "../../stores/datapath-index.ts";
import { ThingLink } from "../../things/thing-link.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import { Fact, Facts, Part } from "./parts.tsx";

export function OwnerPart({ owner, index }: { owner: Owner | null; index: DatapathIndex }) {
  if (!owner) {
    return (
      <Part title="Owner">
        <p className="muted">Unknown. Do not remove what you cannot attribute.</p>
      </Part>
    );
  }
  return (
    <Part title="Owner">
      <Facts>
        <Fact name="Family" value={owner.family ?? "unknown"} />
        <Fact name="Process" value={owner.process ? `${owner.process.comm} (pid ${owner.process.pid})` : null} />
        <Fact name="Executable" value={owner.process?.exe ?? null} mono />
        {owner.pod === null ? null : (
          <Fact name="Pod">
            <ThingLink index={index} to={owner.pod} />
          </Fact>
        )}
        <Fact name="Container" value={owner.container_id} mono />
        <Fact name="Image" value={owner.image} mono />
      </Facts>
      <ul className="evidence" aria-label="Evidence for the owner">
        {owner.evidence.map((fact) => (
          <li key={fact}>
            <NodeText text={fact} />
          </li>
        ))}
      </ul>
    </Part>
  );
}

/** Pins and processes that keep a thing alive. */
export function HoldersPart({ pinned, pids }: { pinned: string[]; pids: { pid: number; comm: string }[] }) {
  if (pinned.length === 0 && pids.length === 0) return null;
  return (
    <Part title="Held by">
      <Facts>
        {pinned.map((path) => (
          <Fact key={path} name="Pin" value={path} mono />
        ))}
        {pids.map(({ pid, comm }) => (
          <Fact key={pid} name="Process" value={`${comm} (pid ${pid})`} />
        ))}
      </Facts>
    </Part>
  );
}
