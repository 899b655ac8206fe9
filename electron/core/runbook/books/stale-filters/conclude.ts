/**
 * The verdicts of a run so far, from its pictures and what was measured. Asked again after each step: the same things keep their
 * ids, and what was measured meanwhile replaces what could not be told before.
 */
import type { Datapath } from "../../../model/types.ts";
import type { Evidence, RunbookVerdict, RunState } from "../../types.ts";
import { conflict } from "./conflict.ts";
import { duplicate, duplicateOf, isOtherOfPair } from "./duplicate.ts";
import { figureEvidence, seconds } from "./evidence.ts";
import { type Measured, measured } from "./figures.ts";
import { type Lane, lanesOf, runsBefore, sameChain } from "./lanes.ts";
import { leftover } from "./leftover.ts";
import { alwaysEnds, type Draft, evidenceOf, type Look, looksAt } from "./look.ts";
import { missingEnforcement } from "./missing.ts";
import { policyEvidence } from "./policy/lookup.ts";
import { entriesText, gapsOf, hiddenOf, isSuspect, type Scope, scopeOf } from "./scope.ts";
import { isStranger, ownDrops, shadowedEnforcer, stranger } from "./stranger.ts";
import { MIN_RUNS } from "./weights.ts";
import { trafficHint } from "./words.ts";

export const MEASURE_STEP = "measure";
const NOTHING = "nothing-found";

export function conclude(state: RunState): RunbookVerdict[] {
  const now = concluded(state);
  return [...now, ...outdated(state, now)];
}

/** What was said of the first picture stands until it is said otherwise: of what the later one does not show any more it is. */
function outdated({ verdicts, previous }: RunState, now: readonly RunbookVerdict[]): RunbookVerdict[] {
  const ids = new Set(now.map(({ id }) => id));
  return verdicts.flatMap((one) => {
    if (previous === null || ids.has(one.id)) return [];
    const what = one.id === NOTHING ? "The first look found nothing, and a later one did" : "It was seen at first only";
    const meaning = `${what}: the chains became others while they were looked at. What else is said is of the later picture.`;
    return [
      { ...one, verdict: "cannot_tell" as const, meaning, missing: ["another run of this book"], proposal: null },
    ];
  });
}

function concluded(state: RunState): RunbookVerdict[] {
  const { datapath } = state;
  if (datapath === null) {
    const why = state.left_out.collect ?? "The node could not be looked at.";
    return [
      about(
        "picture",
        state.node.label,
        "cannot_tell",
        NOTHING,
        [],
        "Without a picture of the node nothing can be said.",
        [why],
      ),
    ];
  }
  const scope = scopeOf(datapath, state.inputs);
  if (scope.problem !== null) {
    return [
      about("scope", scope.named ?? "", "cannot_tell", NOTHING, [], "There is nothing of that name to look at.", [
        scope.problem,
      ]),
    ];
  }
  const gaps = gapsOf(datapath, scope.interfaces);
  const suspects = scope.lanes.filter((lane) => isSuspect(lane, datapath));
  const found = [
    ...suspects.flatMap((lane) => judgeLane(lane, state, datapath, gaps)),
    ...missingEnforcement(state, scope, [...gaps, ...hiddenOf(datapath)]),
  ];
  const calm = scope.named === null ? [] : scope.lanes.filter((lane) => !suspects.includes(lane));
  const asked = calm.flatMap((lane) => calmLane(lane, state, datapath, gaps));
  // Drops of a program whose owner nobody knows may be those of a stale filter.
  const open = asked.some(({ kind, verdict }) => kind === "own-drops" && verdict === "cannot_tell");
  const nothing = found.length === 0 && !open ? [nothingFound(state, scope, [...gaps, ...hiddenOf(datapath)])] : [];
  return [...found, ...asked, ...nothing];
}

/** Figures count for the chain they were measured on, and for no other. */
function figuresFor(lane: Lane, { previous }: RunState, measurement: Measured): Measured {
  const before = previous === null ? undefined : lanesOf(previous).find(({ id }) => id === lane.id);
  if (previous === null || !("figures" in measurement) || (before !== undefined && sameChain(before, lane)))
    return measurement;
  return { why: "The chain became another one while it was measured.", hint: "Run the book again." };
}

function judgeLane(lane: Lane, state: RunState, datapath: Datapath, gaps: readonly string[]): RunbookVerdict[] {
  const looks = looksAt(lane, datapath, figuresFor(lane, state, measured(state, MEASURE_STEP, lane)), gaps);
  return looks.flatMap((look) => {
    const draft = judge(look, looks);
    if (draft === null) return [];
    const { key } = look.place.entry;
    const subject =
      looks.length === 1 ? lane.label : `${lane.label}, ${entriesText({ ...lane, places: [look.place] })}`;
    return [
      about(key, subject, draft.verdict, draft.kind, whole(look, draft, state), draft.meaning, draft.missing, key),
    ];
  });
}

const whole = (look: Look, draft: Draft, state: RunState): Evidence[] => [
  ...evidenceOf(look, draft),
  ...policyEvidence(state, look.lane, look.place, look.figures, look.datapath),
];

/** The first that fits, from what the chain proves to what only says that somebody else is there. */
function judge(look: Look, looks: readonly Look[]): Draft | null {
  const { place, staleness } = look;
  if (place.entry.reachable.value === "no") {
    const front = looks.find(
      (one) => one.staleness.word === "established" && alwaysEnds(one.place) && runsBefore(one.place, place, look.lane),
    );
    // What is wrong then is the one in front, of which its own verdict speaks.
    if (front !== undefined && staleness.word !== "established" && sameOwner(front, look)) return null;
    return shadowedEnforcer(look) ?? leftover(look);
  }
  const twin = duplicateOf(look);
  if (twin !== null) return duplicate(look, twin);
  if (isOtherOfPair(look, looks)) return null;
  if (staleness.word === "established" || staleness.word === "suspected") return conflict(look);
  if (isStranger(look)) return stranger(look);
  return ownDrops(look);
}

function sameOwner(one: Look, other: Look): boolean {
  const [a, b] = [one.place.program, other.place.program];
  return a?.name === b?.name || (a?.owner?.family != null && a.owner.family === b?.owner?.family);
}

/** A lane somebody asked for, on which nothing is odd: does it drop packets? */
function calmLane(lane: Lane, state: RunState, datapath: Datapath, gaps: readonly string[]): RunbookVerdict[] {
  const measurement = figuresFor(lane, state, measured(state, MEASURE_STEP, lane));
  const looks = looksAt(lane, datapath, measurement, gaps);
  const own = looks.flatMap((look) => {
    const draft = ownDrops(look);
    const { key } = look.place.entry;
    return draft === null
      ? []
      : [
          about(
            key,
            lane.label,
            draft.verdict,
            draft.kind,
            whole(look, draft, state),
            draft.meaning,
            draft.missing,
            key,
          ),
        ];
  });
  if (own.length > 0) return own;
  if (!("figures" in measurement)) return [];
  const { figures } = measurement;
  const runs = figures.programs.get(lane.places[0]?.entry.prog_id ?? -1)?.runs ?? null;
  const exact = looks.every(({ drops }) => drops.exact);
  const dropped = exact ? 0 : figures.hook_drops;
  const evidence = figureEvidence(lane, figures);
  const say = (verdict: RunbookVerdict["verdict"], meaning: string, missing: string[]) => [
    about(lane.id, lane.label, verdict, NOTHING, evidence, meaning, missing, lane.iface.key),
  ];
  if (dropped !== null && dropped > 0) {
    return say(
      "ruled_out",
      `This hook dropped ${dropped} packets. Nothing on it was left behind, so they are the decision of what belongs there: ${entriesText(lane)}.`,
      [],
    );
  }
  if (runs === null || runs < MIN_RUNS || dropped === null || !figures.complete) {
    const ran = runs === null ? "how often it ran is not known" : `it ran ${runs} times in ${seconds(figures)}`;
    return say("cannot_tell", `No drop was seen here, and too little to rule it out: ${ran}.`, [
      trafficHint(lane, datapath),
    ]);
  }
  return say("ruled_out", `${runs} packets passed in ${seconds(figures)} and this hook dropped none.`, []);
}

function nothingFound(
  { node, datapath, collect_command_id }: RunState,
  { named, lanes, interfaces }: Scope,
  gaps: readonly string[],
): RunbookVerdict {
  const programs = lanes.reduce((all, { places }) => all + places.length, 0);
  const text = `${programs} programs on ${lanes.length} hooks of ${interfaces.length} interfaces: none shares packets with another, none was left behind`;
  const source: Evidence["source"] =
    collect_command_id === null
      ? { kind: "thing", key: datapath?.node.host_netns ?? "node" }
      : { kind: "command", command_id: collect_command_id };
  const meaning =
    gaps.length === 0
      ? "There is no stale filter here, and nothing to do. Packets that are lost nevertheless are lost elsewhere: the drops tracer says where."
      : "No stale filter was seen, but not everything could be.";
  return about(
    NOTHING,
    named ?? node.label,
    gaps.length === 0 ? "ruled_out" : "cannot_tell",
    NOTHING,
    [{ text, source }],
    meaning,
    [...gaps],
  );
}

function about(
  id: string,
  subject: string,
  verdict: RunbookVerdict["verdict"],
  kind: string,
  evidence: Evidence[],
  meaning: string,
  missing: string[],
  subject_key: string | null = null,
): RunbookVerdict {
  return { id, subject, subject_key, verdict, kind, evidence, meaning, missing, proposal: null };
}
