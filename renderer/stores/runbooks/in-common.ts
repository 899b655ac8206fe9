/** What the nodes of a batch have in common, cheap enough to be asked at each event. Pure. */
import { type CommonSubject, commonSubjects } from "../../../electron/core/fleet/common-subject.ts";
import type { SessionState } from "../../../electron/core/journal/state.ts";
import type { Datapath } from "../../../electron/core/model/types.ts";
import { type Alike, alikeOn, nodesOf } from "../../../electron/core/runbook/alike.ts";
import { countText } from "../../ui/format.ts";
import type { BatchRow } from "./batch-rows.ts";

export function alikeRows(rows: readonly BatchRow[], nodes: SessionState["nodes"]): Alike[] {
  return alikeOn(
    rows.flatMap(({ node, run }) =>
      run ? [{ node, verdicts: run.verdicts, inCommon: remembered(nodes[node]?.datapath ?? null) }] : [],
    ),
  );
}

/** A subject is said once for each event of each node, and is the same each time. */
const ofPictures = new WeakMap<Datapath, CommonSubject>();

function remembered(datapath: Datapath | null): CommonSubject {
  if (datapath === null) return commonSubjects(null);
  const known = ofPictures.get(datapath);
  if (known) return known;
  const said = new Map<string, string>();
  const inCommon = commonSubjects(datapath);
  const fresh: CommonSubject = (subject) => {
    const text = said.get(subject) ?? inCommon(subject);
    said.set(subject, text);
    return text;
  };
  ofPictures.set(datapath, fresh);
  return fresh;
}

/** `on 14 of 20 nodes`, `on all 20 nodes`, `on node-7 only`. `of`: nodes that have verdicts. */
export function onNodesText(nodes: Alike["nodes"], of: number, labelOf: (node: string) => string): string {
  const all = nodesOf(nodes);
  const [only] = all;
  if (all.length === 1 && only !== undefined) return of === 1 ? `on ${labelOf(only)}` : `on ${labelOf(only)} only`;
  return all.length === of ? `on all ${countText(of)} nodes` : `on ${countText(all.length)} of ${countText(of)} nodes`;
}
