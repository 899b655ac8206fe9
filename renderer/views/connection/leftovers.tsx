/** What earlier connections left on the node, and the offer to stop it. Nothing is stopped without a choice. */
import { useState } from "react";
import { Checkbox, CheckboxGroup } from "react-aria-components";
import type { NodeState } from "../../../electron/core/journal/state.ts";
import type { Leftover } from "../../../electron/core/residue/types.ts";
import { stopLeftovers } from "../../host/intents.ts";
import { Button } from "../../ui/button.tsx";
import { plural, timeText } from "../../ui/format.ts";
import { NodeText } from "../../ui/node-text.tsx";

export function LeftoversPart({ node }: { node: NodeState }) {
  const { leftovers } = node;
  if (leftovers.length === 0) return null;
  return (
    <section className="part" aria-label="Of earlier connections">
      <h3>Of earlier connections</h3>
      <p>These are still on the node. Somebody else's bpfdesk may be at work right now: ask before you stop it.</p>
      <Choice key={leftovers.map(({ id }) => id).join(" ")} node={node} leftovers={leftovers} />
    </section>
  );
}

/** What is ours is chosen at first, what is another's is not. */
function Choice({ node, leftovers }: { node: NodeState; leftovers: readonly Leftover[] }) {
  const [chosen, setChosen] = useState(() => leftovers.filter(({ whose }) => whose === "ours").map(({ id }) => id));
  const [stopping, setStopping] = useState(false);
  const stop = async () => {
    setStopping(true);
    await stopLeftovers(node.node, chosen);
    setStopping(false);
  };
  return (
    <div className="stack">
      <CheckboxGroup aria-label="To stop" value={chosen} onChange={setChosen} className="check-group">
        {leftovers.map((one) => (
          <Checkbox key={one.id} value={one.id} className="check">
            <NodeText text={one.label} mono />
            <span className="muted">
              {one.whose === "ours" ? "of this bpfdesk" : "of another bpfdesk"}
              {one.since === null ? "" : `, since ${timeText(one.since)}`}
            </span>
          </Checkbox>
        ))}
      </CheckboxGroup>
      <div>
        <Button
          variant="danger"
          isDisabled={chosen.length === 0 || stopping || node.phase === "waiting"}
          onPress={() => void stop()}
        >
          {stopping ? "Stopping…" : `Stop ${plural(chosen.length, "chosen thing")} on ${node.host}`}
        </Button>
      </div>
    </div>
  );
}
