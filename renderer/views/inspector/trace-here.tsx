/** Tracers that can be asked about the thing in view, with their form filled in. */
import { Radar } from "lucide-react";
import { useMemo } from "react";
import type { DatapathIndex, Thing } from "../../stores/datapath-index.ts";
import { openForm } from "../../stores/traces/form-store.ts";
import { offersFor } from "../../stores/traces/offers.ts";
import { useTracers } from "../../stores/traces/tracers.ts";
import { Button } from "../../ui/button.tsx";

export function TraceHere({ thing, index }: { thing: Thing; index: DatapathIndex }) {
  const { list } = useTracers();
  const offers = useMemo(() => offersFor(thing, index, list), [thing, index, list]);
  if (offers.length === 0) return null;
  return (
    <div className="actions">
      {offers.map(({ tracer, params }) => (
        <Button key={tracer.name} icon={Radar} onPress={() => openForm(tracer, params)}>
          Trace here: {tracer.title}
        </Button>
      ))}
    </div>
  );
}
