/**
 * One collection of one node: first stage, what it makes necessary to ask, and the picture of both.
 *
 * A step beside the collection that fails (lending bpftool, the follow-up) costs what it would have
 * told and is said among the sections; it never costs the picture.
 */
import { readSectionState } from "../../core/facts/facts.ts";
import type { EventBody } from "../../core/journal/events.ts";
import type { SectionState } from "../../core/model/types.ts";
import { firstLook, picture } from "../../core/pipeline.ts";
import type { NodeTransport } from "../transport/types.ts";
import { failedSection, failureData } from "./failure.ts";
import type { LentTool, NodeWork } from "./work.ts";

export interface CollectionContext {
  node: string;
  collect_id: string;
  /** Id the collecting command will have in the record. */
  command_id: string;
  transport: NodeTransport;
  work: NodeWork;
  signal: AbortSignal;
  tell(...events: EventBody[]): void;
  /** The bpftool lent to this node, lent now if need be. */
  lend(): Promise<LentTool>;
}

/** Ends with a `collect.finished` event, or rejects (cancelled, no answer at all). */
export async function runCollection(context: CollectionContext): Promise<void> {
  const { node, collect_id, transport, work, signal, tell } = context;
  const { sections } = work;
  tell({
    type: "collect.started",
    node,
    collect_id,
    command_id: context.command_id,
    sections: sections.filter(({ stage }) => stage === 1).map(({ id, title }) => ({ section: id, title })),
  });
  const trouble: SectionState[] = [];
  const orGoOn = async <T>(section: string, step: Promise<T>): Promise<T | null> => {
    try {
      return await step;
    } catch (error) {
      if (signal.aborted) throw error;
      trouble.push(failedSection(section, failureData(error, "collecting", transport.host)));
      return null;
    }
  };

  // Many small sections arrive in one piece of output; they are told together, before anything that awaits.
  let arrived: EventBody[] = [];
  const tellArrived = () => {
    const events = arrived;
    arrived = [];
    if (events.length > 0) tell(...events);
  };
  const bpftool = (await orGoOn("node.tools", context.lend()))?.bpftool ?? null;
  const collected = await work.collectNode(transport, {
    sections,
    bpftool,
    signal,
    onSection(result) {
      if (arrived.length === 0) queueMicrotask(tellArrived);
      arrived.push({
        type: "collect.section",
        node,
        collect_id,
        scope: result.scope,
        state: readSectionState(result),
      });
    },
  });
  const first = firstLook(collected);
  const followUp =
    collected.complete && first.follow_up.length > 0
      ? await orGoOn(
          "bpf.xlated",
          work.collectFollowUp(transport, { sections, prog_ids: first.follow_up, bpftool, signal }),
        )
      : null;
  const datapath = followUp ? picture(collected, followUp) : first.datapath;
  tell({
    type: "collect.finished",
    node,
    collect_id,
    complete: collected.complete,
    datapath: { ...datapath, sections: [...datapath.sections, ...trouble] },
  });
}
