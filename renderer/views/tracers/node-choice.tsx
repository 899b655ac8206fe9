/** On which of the connected nodes a tracer is to run, and what each one's kernel offers it. */
import type { TracerManifest } from "../../../electron/core/trace/manifest.ts";
import { NodeChoice } from "../../nodes/node-choice.tsx";
import { askCheck, useCheck } from "../../stores/traces/checks.ts";
import { formStore } from "../../stores/traces/form-store.ts";
import { offeredTo } from "../../stores/traces/offered.ts";
import { whyNot } from "../../stores/traces/run-state.ts";
import { Button } from "../../ui/button.tsx";
import { OfferedLine } from "./list.tsx";

export function TracerNodes({ manifest, chosen }: { manifest: TracerManifest; chosen: readonly string[] }) {
  return (
    <NodeChoice
      chosen={chosen}
      onChange={(nodes) => formStore.setState({ nodes })}
      whyNot={whyNot}
      about={({ node }) => <Offered node={node} manifest={manifest} />}
    />
  );
}

function Offered({ node, manifest }: { node: string; manifest: TracerManifest }) {
  const check = useCheck(node);
  if (check) return <OfferedLine offered={offeredTo(manifest, check)} />;
  return (
    <Button variant="quiet" onPress={() => void askCheck(node)}>
      Ask what it offers
    </Button>
  );
}
