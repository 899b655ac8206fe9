/**
 * From facts to the datapath model. Pure, total and linear in the size of the node: every join goes
 * through an index. A section that is missing leaves its part empty and is named in `sections`.
 *
 * Findings are not made here (`findings/run.ts`); `findings` is left empty.
 */
import type { Facts } from "../facts/facts.ts";
import { readCgroups, readOthers } from "./build/attachments.ts";
import { readHooks } from "./build/hooks.ts";
import { readInterfaces, readNetns } from "./build/interfaces.ts";
import { readLoose } from "./build/loose.ts";
import { readNode } from "./build/node.ts";
import { markAttached, readObjects } from "./build/objects.ts";
import { readPerf } from "./build/perf.ts";
import { readPods } from "./build/pods.ts";
import { readProcesses } from "./build/processes.ts";
import { readSections } from "./build/sections.ts";
import { readTailCalls } from "./build/tail-calls.ts";
import { type ChainContext, completeChain } from "./chain.ts";
import { directionOf } from "./label.ts";
import type { Datapath } from "./types.ts";

/**
 * @param facts the first stage
 * @param followUp the second stage (`bpf.xlated`), when it was run: decides what can be reached
 */
export function buildDatapath(facts: Facts, followUp: Facts | null = null): Datapath {
  const processes = readProcesses(facts);
  const pods = readPods(facts, processes);
  const netns = readNetns(facts, pods);
  const drafts = readInterfaces(facts, netns);
  const { programs, maps, links } = readObjects(facts, followUp, { processes, pods });
  const hooks = readHooks(drafts, facts.node["bpf.link"] ?? []);
  const cgroups = readCgroups(facts, pods);

  const entries = [...hooks.values()].flatMap((list) => list.flatMap((hook) => hook.entries));
  const placed = new Set([...entries, ...cgroups].flatMap(({ link_id }) => (link_id === null ? [] : [link_id])));
  const tracing = [...readOthers(facts, placed), ...readPerf(facts)];
  markAttached(
    programs,
    [...entries, ...cgroups, ...tracing].map(({ prog_id, key }) => [prog_id, key] as const),
  );
  const tailCalls = readTailCalls(facts.node["bpf.progarrays"] ?? [], programs);

  const node = readNode(facts, processes, pods);
  const byId = new Map(programs.map((one) => [one.id, one]));
  const context: ChainContext = {
    programs: byId,
    soleUse: (id) => byId.get(id)?.attached.length === 1 && !tailCalls.reached.has(id),
    bpfStatsEnabled: node.bpf_stats_enabled,
  };
  const interfaces = drafts.map(({ iface, side }) => ({
    ...iface,
    hooks: (hooks.get(iface.key) ?? []).map(({ hook, qdisc, entries: found }) => ({
      hook,
      direction: directionOf(hook, side),
      entries: completeChain(found, context),
      qdisc,
    })),
  }));

  return {
    node,
    netns,
    interfaces,
    cgroups,
    tracing,
    programs,
    maps,
    links,
    tail_calls: tailCalls.edges,
    pods: pods.list,
    loose: readLoose(facts, programs, maps, tailCalls, processes.holders_known),
    sections: readSections(facts, followUp, tailCalls.cut),
    findings: [],
  };
}
