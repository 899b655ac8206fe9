/** What the second measurement says of each hook: whose packets its programs dropped, and how far that accounts for the storm. */
import type { TraceEvidence } from "../../../types.ts";
import { type Case, HOOKS, stormsOf, traceOf } from "../case.ts";
import { type Candidate, candidatesOf, hookId } from "../hooks-plan.ts";
import { placeLabel } from "../interfaces.ts";
import { type Again, againOf, isOf, shareOf } from "../matches.ts";
import { destinationsOf, retransmissionsOf, type VerdictFlow, verdictFlowsOf, verdictGapOf } from "../records.ts";
import type { Suspect } from "../suspects.ts";

export interface Looked {
  candidate: Candidate;
  trace: TraceEvidence | null;
  /** Null when it ran to its end and each program's verdicts were seen; otherwise what is missing. */
  gap: string | null;
  /** Drops of these connections' packets, by program; and of others'. */
  drops: VerdictFlow[];
  others: number;
  explained: number;
  explained_back: number;
}

const known = new WeakMap<Case, Looked[]>();

export function lookedAt(found: Case): Looked[] {
  const before = known.get(found);
  if (before) return before;
  const fresh = look(found);
  known.set(found, fresh);
  return fresh;
}

function look(found: Case): Looked[] {
  const { state, suspects } = found;
  const storms = stormsMeanwhile(found, suspects);
  const connections = new Map([againOf(found.events), ...storms].flatMap((one) => [...one]));
  return candidatesOf(found).chosen.map((candidate): Looked => {
    const trace = traceOf(state, HOOKS, hookId(candidate.place));
    const flows = verdictFlowsOf(trace);
    const drops = flows.filter((flow) => isOf(flow, connections));
    const { explained, explained_back } = shareOf(
      drops.map((flow) => ({ ...flow, segments: segmentsOf(flow, candidate) })),
      storms,
    );
    return {
      ...{ candidate, trace, drops, explained, explained_back },
      gap: verdictGapOf(trace, labelOf(candidate)),
      others: flows.reduce((so, { packets }) => so + packets, 0) - drops.reduce((so, { packets }) => so + packets, 0),
    };
  });
}

/** How far the hooks' drops account for one suspect's retransmissions of the second measurement. */
export function explainedByHooks(found: Case, suspect: Suspect): number {
  const dropped = lookedAt(found).flatMap(({ drops, candidate }) =>
    drops.map((flow) => ({ ...flow, segments: segmentsOf(flow, candidate) })),
  );
  return shareOf(dropped, stormsMeanwhile(found, [suspect])).explained;
}

/** At least so many: a packet that is still to be segmented holds as many as fit into its bytes. */
function segmentsOf({ packets, bytes }: VerdictFlow, { place }: Candidate): number {
  return Math.max(packets, Math.floor(bytes / ((place.iface.mtu ?? DEFAULT_MTU) + ETHERNET)));
}

const DEFAULT_MTU = 1500;
const ETHERNET = 14;

function stormsMeanwhile({ state }: Case, suspects: readonly Suspect[]): Map<string, Again>[] {
  const retrans = traceOf(state, HOOKS, "retrans");
  const storms = stormsOf(suspects, retransmissionsOf(retrans), destinationsOf(retrans));
  return storms.map(({ events, each }) => againOf(events, each));
}

export const labelOf = ({ place }: Candidate) => placeLabel(place.iface, place.direction, place.iface.name);
