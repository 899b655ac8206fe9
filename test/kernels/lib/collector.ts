/** The collector on a machine whose hooks are known: what it shows must be what was put there. */
import * as path from "node:path";
import { picture } from "../../../electron/core/pipeline.ts";
import { collectNode } from "../../../electron/host/collect/collect.ts";
import { loadSections } from "../../../electron/host/collect/sections.ts";
import { chooseBpftool } from "../../../electron/host/tools/ensure-bpftool.ts";
import type { NodeTransport } from "../../../electron/host/transport/types.ts";
import type { Machine } from "./machine.ts";

const RESOURCES = path.resolve(import.meta.dirname, "../../../resources");

/** Two filters on one hook, XDP, and two tcx programs where the kernel has tcx. */
const AGENT = `if printf 'query pod0 ingress\\n' | lab-agent --once 2> /dev/null; then
  echo HAS_TCX=yes
  TCX='tcx pod0 ingress d:goes_on
tcx pod0 ingress d:drops_some'
fi
exec agent.sh << PLAN
load d $FILES/dropper.o config=0,0,0,50
clsact pod0
filter pod0 egress 1 1 d:goes_on
filter pod0 egress 2 1 d:drops_some
xdp pod0 generic d:drops_some_xdp
\${TCX-}
PLAN`;

/** Mechanism, place in the order, program, and pref or mode, of each program on the pod's interface. */
type Shown = Record<string, string[]>;

export async function collectorShows(
  machine: Machine,
  transport: NodeTransport,
): Promise<{ shown: Shown; put: Shown; peer: string | null; complete: boolean }> {
  await machine.script("bash pair.sh", {});
  const agent = await machine.serve(AGENT, {});
  try {
    const ids = agent.variables;
    const tcx = ids.HAS_TCX === "yes" ? [`tcx 1 ${ids.prog_goes_on} -`, `tcx 2 ${ids.prog_drops_some} -`] : null;
    const put: Shown = {
      xdp: [`xdp 1 ${ids.prog_drops_some_xdp} generic`],
      ...(tcx ? { tc_ingress: tcx } : {}),
      tc_egress: [`clsact 1 ${ids.prog_goes_on} 1`, `clsact 2 ${ids.prog_drops_some} 2`],
    };
    const ask = async () => ({ accept: true, values: [] });
    const tools = await chooseBpftool(transport, { toolsDir: path.join(RESOURCES, "tools"), ask, answers: new Map() });
    try {
      const sections = await loadSections(RESOURCES);
      const collected = await collectNode(transport, { sections, bpftool: tools.bpftool });
      const { interfaces } = picture(collected, null);
      const pod0 = interfaces.find(({ name, host_netns }) => name === "pod0" && host_netns);
      const hooks = (pod0?.hooks ?? []).filter(({ entries }) => entries.length > 0);
      const shown = Object.fromEntries(
        hooks.map(({ hook, entries }) => [
          hook,
          entries.map(
            ({ mechanism, order, prog_id, pref, mode }) => `${mechanism} ${order} ${prog_id} ${pref ?? mode ?? "-"}`,
          ),
        ]),
      );
      const peer = interfaces.find(({ key }) => key === pod0?.peer);
      return {
        shown,
        put,
        peer: peer ? `${peer.name} ${peer.host_netns ? "outside" : "inside"}` : null,
        complete: collected.complete,
      };
    } finally {
      await tools.cleanup();
    }
  } finally {
    await agent.stop();
    await machine.script("bash clear.sh", {});
  }
}
