/** The nodes a typed text names, and what in it names nothing, before anything is connected to. */
import { CircleAlert } from "lucide-react";
import type { ExpandedTargets } from "../../electron/shared/contract.ts";
import { plural } from "../ui/format.ts";
import { NodeText } from "../ui/node-text.tsx";

/** Names that are written out; the others are counted. */
const SHOWN = 8;

export function Meaning({ meaning }: { meaning: ExpandedTargets }) {
  const { targets, problems, one } = meaning;
  if (one && problems.length === 0) return null;
  const names = targets.slice(0, SHOWN).map(({ target }) => target);
  return (
    <div className="stack" role="status">
      {targets.length > 0 ? (
        <p className="help">
          {plural(targets.length, "node")}: <NodeText text={names.join(", ")} mono />
          {targets.length > SHOWN ? ` and ${targets.length - SHOWN} more` : null}
        </p>
      ) : null}
      {problems.length > 0 ? (
        <ul className="remarks" aria-label="Names nothing">
          {problems.map((problem) => (
            <li key={problem.message}>
              <CircleAlert size={13} aria-hidden className="severity-warning" />
              <span>
                <NodeText text={problem.message} /> <NodeText text={problem.hint} className="muted" />
              </span>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
