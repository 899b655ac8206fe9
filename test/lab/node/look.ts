/** The product's own picture of a lab node, brought into the form the lab's truth is written in. */
import * as path from "node:path";
import type { Collected } from "../../../electron/core/collect/frames.ts";
import type { Datapath } from "../../../electron/core/model/types.ts";
import { firstLook, picture } from "../../../electron/core/pipeline.ts";
import { collectFollowUp, collectNode } from "../../../electron/host/collect/collect.ts";
import { loadSections } from "../../../electron/host/collect/sections.ts";
import type { NodeTransport } from "../../../electron/host/transport/types.ts";
import type { ExpectedHook } from "./expected.ts";

const RESOURCES = path.resolve(import.meta.dirname, "../../../resources");

/** Both stages and the picture of them. */
export async function look(transport: NodeTransport): Promise<Datapath> {
  const options = { sections: await loadSections(RESOURCES), bpftool: null };
  const collected = await collectNode(transport, options);
  const { follow_up } = firstLook(collected);
  let followUp: Collected | null = null;
  if (follow_up.length > 0) followUp = await collectFollowUp(transport, { ...options, prog_ids: follow_up });
  return picture(collected, followUp);
}

/** Hooks with programs in the node's own network namespace. */
export function hooksOf(datapath: Datapath): ExpectedHook[] {
  const names = new Map(datapath.programs.map((program) => [program.id, program.name]));
  return datapath.interfaces
    .filter((one) => one.host_netns)
    .flatMap((one) =>
      one.hooks
        .filter(({ entries }) => entries.length > 0)
        .map(({ hook, entries }) => ({
          ifname: one.name,
          hook: hook as ExpectedHook["hook"],
          entries: entries.map(({ mechanism, prog_id, pref, handle }) => ({
            mechanism: mechanism as "xdp" | "tcx" | "clsact",
            prog_name: names.get(prog_id ?? -1) ?? "",
            pref,
            handle,
          })),
        })),
    );
}
