/** After a change: is it off, is the rest of the chain as it was, and did the drops stop? */
import { entryLabel } from "../../../model/label.ts";
import type { Key } from "../../../model/types.ts";
import type { Evidence, MeasurePlan, RunbookVerdict, RunState } from "../../types.ts";
import { MEASURE_STEP } from "./conclude.ts";
import { figureEvidence, flowEvidence, ofThing, seconds } from "./evidence.ts";
import { type Figures, type Measured, measured } from "./figures.ts";
import { type Lane, lanesOf, placeAt } from "./lanes.ts";
import { measurePlan } from "./plan.ts";
import { MIN_EXPECTED_DROPS } from "./weights.ts";
import { nameOf, trafficHint } from "./words.ts";

export const VERIFY_STEP = "verify";
/** The attachment is off as far as the run knows; whether it is, the picture says. */
const OFF = new Set(["detached", "confirmed", "left", "unsure"]);

function changedEntries({ changes }: RunState): Key[] {
  return [...new Set(changes.filter(({ phase }) => OFF.has(phase)).map(({ entry }) => entry))];
}

export function verifyPlan(state: RunState): MeasurePlan {
  const ids = new Set(changedEntries(state).flatMap((key) => laneBefore(state, key)?.lane.id ?? []));
  const lanes = state.datapath === null ? [] : lanesOf(state.datapath).filter(({ id }) => ids.has(id));
  return measurePlan(
    state,
    lanes.filter(({ places }) => places.length > 0),
  );
}

export function verify(state: RunState): RunbookVerdict[] {
  return changedEntries(state).flatMap((key) => {
    const before = laneBefore(state, key);
    return before === null ? [] : [verdictOf(state, key, before)];
  });
}

type Before = NonNullable<ReturnType<typeof placeAt>>;

function laneBefore({ previous, datapath }: RunState, key: Key): Before | null {
  const first = previous ?? datapath;
  return first === null ? null : placeAt(first, key);
}

function verdictOf(state: RunState, key: Key, { lane, place }: Before): RunbookVerdict {
  const after = state.datapath === null ? undefined : lanesOf(state.datapath).find(({ id }) => id === lane.id);
  const earlier = state.verdicts.find(({ id }) => id === key);
  const measuredBefore = measured(state, MEASURE_STEP, lane);
  const then = "figures" in measuredBefore ? measuredBefore.figures : null;
  const now: Measured =
    after === undefined ? { why: "No program is left on this hook.", hint: "" } : measured(state, VERIFY_STEP, after);
  const chain = chainNow(lane, after, key);
  const evidence: Evidence[] = [
    ...chain.evidence,
    ...(then === null ? [] : [summed("before", lane, then)]),
    ...("figures" in now && after !== undefined
      ? [summed("after", after, now.figures), ...figureEvidence(after, now.figures), ...droppedNow(now.figures)]
      : []),
  ];
  const { verdict, meaning, missing } = chain.gone
    ? judge(state, nameOf(place), lane, then, now)
    : {
        verdict: "cannot_tell" as const,
        meaning: `${nameOf(place)} is attached in the last picture: it was not taken off, it was put back, or the picture is older than the change.`,
        missing: ["who attached it again, if it was off"],
      };
  return {
    id: key,
    subject: earlier?.subject ?? lane.label,
    subject_key: key,
    verdict,
    kind: earlier?.kind ?? "active-conflict",
    evidence,
    meaning: chain.same || !chain.gone ? meaning : `${meaning} The rest of the chain is not what it was.`,
    missing,
    proposal: null,
  };
}

function judge(
  state: RunState,
  name: string,
  lane: Lane,
  then: Figures | null,
  now: Measured,
): { verdict: RunbookVerdict["verdict"]; meaning: string; missing: string[] } {
  const hint = state.datapath === null ? [] : [trafficHint(lane, state.datapath)];
  if (!("figures" in now)) {
    return {
      verdict: "cannot_tell",
      meaning: `${name} is off. Whether the drops stopped was not measured.`,
      missing: [`${now.why} ${now.hint}`.trim()],
    };
  }
  const [a, b] = [then === null ? null : total(lane, then), total(lane, now.figures)];
  if (b.drops === null || b.packets === null) {
    return {
      verdict: "cannot_tell",
      meaning: `${name} is off. How much is dropped now could not be counted.`,
      missing: [],
    };
  }
  if (b.drops > 0) {
    const meaning = `${name} is off, and this hook still drops: ${b.drops} of ${b.packets} packets. It was not the only cause, or what stays drops them on purpose. Undo it if that is worse than before.`;
    return { verdict: "cannot_tell", meaning, missing: ["another run of this book, which looks at what stays"] };
  }
  const rate = a?.drops != null && a.packets ? a.drops / a.packets : null;
  const expected = rate === null ? null : rate * b.packets;
  if (expected === null || expected < MIN_EXPECTED_DROPS) {
    const many =
      expected === null
        ? "how many there would have been is not known"
        : `at the rate of before there would have been ${expected.toFixed(1)}`;
    return {
      verdict: "cannot_tell",
      meaning: `${name} is off and no drop was seen in ${b.packets} packets, but ${many}: too few to tell.`,
      missing: hint,
    };
  }
  const meaning = `${name} is off and no longer drops: none of ${b.packets} packets in ${seconds(now.figures)}, where ${Math.round(expected)} had to be expected at the rate of before (${a?.drops} of ${a?.packets}).`;
  return { verdict: "ruled_out", meaning, missing: [] };
}

/** All that a lane dropped, and how many packets came to it: the runs of its first program. */
function total(lane: Lane, figures: Figures): { drops: number | null; packets: number | null } {
  const programs = [...figures.programs.values()];
  const exact = programs.length > 0 && programs.every(({ drops }) => drops !== null);
  const drops = exact ? programs.reduce((all, one) => all + (one.drops ?? 0), 0) : figures.hook_drops;
  const runs = lane.places
    .map(({ entry }) => figures.programs.get(entry.prog_id ?? -1)?.runs ?? null)
    .find((one) => one !== null);
  const most = programs.reduce((all, one) => Math.max(all, one.runs ?? 0), 0);
  return { drops, packets: runs === undefined ? null : Math.max(runs, most) };
}

function summed(when: string, lane: Lane, figures: Figures): Evidence {
  const { drops, packets } = total(lane, figures);
  const text = `${when}: ${drops ?? "an unknown number of"} drops of ${packets ?? "an unknown number of"} packets in ${seconds(figures)}`;
  return { text, source: { kind: "trace", trace_id: figures.trace_id, record: "hook", filter: "" } };
}

function droppedNow(figures: Figures): Evidence[] {
  const ids = [...new Set(figures.flows.map(({ prog_id }) => prog_id))];
  return ids.flatMap((id) => flowEvidence(figures, id));
}

function chainNow(
  before: Lane,
  after: Lane | undefined,
  key: Key,
): { gone: boolean; same: boolean; evidence: Evidence[] } {
  const left = before.places
    .filter(({ entry }) => entry.key !== key)
    .map(({ entry }) => `${entry.key} ${entry.prog_id}`);
  const now = (after?.places ?? []).map(({ entry }) => `${entry.key} ${entry.prog_id}`);
  const gone = !(after?.places ?? []).some(({ entry }) => entry.key === key);
  const same = gone && left.join("\n") === now.join("\n");
  const words =
    (after?.places ?? []).map(({ entry, program }) => entryLabel(entry, program)).join("; ") || "no program";
  const text = `the chain now: ${words}${same ? ", which is what was there without it" : ""}`;
  return { gone, same, evidence: [ofThing(before.iface.key, text)] };
}
