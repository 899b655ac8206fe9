/** What was opened lately, one press away. */
import { Server, ServerCog } from "lucide-react";
import { useStore } from "zustand";
import type { RecentTarget } from "../../electron/shared/contract.ts";
import { targetsStore } from "../stores/targets.ts";
import { Button } from "../ui/button.tsx";
import { NodeText } from "../ui/node-text.tsx";

const SHOWN = 8;

export function RecentList({ open }: { open: (recent: RecentTarget) => void }) {
  const recent = useStore(targetsStore, (state) => state.recent);
  if (recent.length === 0) return null;
  return (
    <ul className="recent" aria-label="Opened lately">
      {recent.slice(0, SHOWN).map((item) => (
        <li key={`${item.kind} ${item.target}`}>
          <Button variant="quiet" icon={item.kind === "group" ? ServerCog : Server} onPress={() => open(item)}>
            <NodeText text={item.target} mono />
          </Button>
        </li>
      ))}
    </ul>
  );
}
