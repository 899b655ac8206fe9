/** Facts in words, each with where it can be looked at. */
import { stackEvidence } from "../../../findings/lib/evidence.ts";
import type { Datapath, Key } from "../../../model/types.ts";
import type { Evidence } from "../../types.ts";
import { type DroppedFlow, type Figures, tupleText } from "./figures.ts";
import { type Lane, lanesOf, type Place } from "./lanes.ts";
import { labelOf, type Staleness } from "./signals.ts";
import { FLOWS_TOLD } from "./weights.ts";

export const ofThing = (key: Key, text: string): Evidence => ({ text, source: { kind: "thing", key } });

export const ofTrace = (figures: Figures, record: string, filter: string, text: string): Evidence => ({
  text,
  source: { kind: "trace", trace_id: figures.trace_id, record, filter },
});

/** The whole chain of the lane in the order it is run, with what XDP does before it. */
export function chainEvidence(lane: Lane, datapath: Datapath): Evidence[] {
  const before =
    lane.direction !== "ingress"
      ? []
      : lanesOf(datapath).flatMap((other) =>
          other.iface === lane.iface && other.direction === "xdp"
            ? other.places.map((place) => ofThing(place.entry.key, `before it: ${labelOf(place)}`))
            : [],
        );
  const texts = stackEvidence(lane.places, datapath);
  const own = lane.places.map(({ entry }, index) => ofThing(entry.key, texts[index] ?? ""));
  const qdisc = lane.iface.hooks.some((hook) => hook.qdisc !== null);
  const clsact = lane.places.some(({ entry }) => entry.mechanism === "clsact");
  const missing = !qdisc && clsact ? [ofThing(lane.iface.key, "no clsact qdisc was listed")] : [];
  const others = lane.others.map((entry) =>
    ofThing(entry.key, `also: a ${entry.kind} filter, pref ${entry.pref ?? "?"}, without a BPF program`),
  );
  return [...before, ...own, ...others, ...missing];
}

/** Signs with their weights, as they add up. */
export function signalEvidence({ signals, score, current }: Staleness, place: Place): Evidence[] {
  if (signals.length === 0 && current === null) return [];
  const why = signals.map(({ id, weight, text, key }) => ofThing(key, `${id} (weight ${weight}): ${text}`));
  const sum =
    signals.length > 1 ? [ofThing(place.entry.key, `signs of being left behind weigh ${score} together`)] : [];
  const against = current === null ? [] : [ofThing(place.entry.key, `in use: ${current}`)];
  return [...why, ...sum, ...against];
}

/** What each program of the lane did while it was measured, in order. */
export function figureEvidence(lane: Lane, figures: Figures): Evidence[] {
  const seen = new Set<number>();
  const lines = lane.places.flatMap((place) => {
    const id = place.entry.prog_id ?? -1;
    const found = figures.programs.get(id);
    if (found === undefined || seen.has(id)) return [];
    seen.add(id);
    const ran = found.runs === null ? "runs not counted for this place alone" : `ran ${found.runs} times`;
    const dropped = found.drops === null ? "" : `, dropped ${found.drops}`;
    const verdicts = Object.entries(found.verdicts ?? {}).map(([name, count]) => `${name} ${count}`);
    const returned = verdicts.length === 0 ? "" : ` (${verdicts.join(", ")})`;
    const text = `${labelOf(place)}: ${ran}${dropped}${returned} in ${seconds(figures)}`;
    return [ofTrace(figures, "program", `prog_id=${id}`, text)];
  });
  const hook =
    figures.hook_drops === null
      ? []
      : [
          ofTrace(
            figures,
            "hook",
            "",
            `${lane.label} as a whole dropped ${figures.complete ? "" : "at least "}${figures.hook_drops} packets`,
          ),
        ];
  const qdisc =
    figures.qdisc_drops === null || lane.direction === "xdp"
      ? []
      : [
          ofTrace(
            figures,
            "hook",
            "",
            `drops counted by the clsact qdisc of ${lane.iface.name}, both directions: ${figures.qdisc_drops}`,
          ),
        ];
  return [...lines, ...hook, ...qdisc];
}

export const seconds = ({ seconds }: Figures): string => `${Math.round(seconds * 10) / 10} s`;

/** Flows whose packets were dropped by this program, or by the hook when only that is known. */
export function flowEvidence(figures: Figures, prog_id: number | null): Evidence[] {
  const flows = figures.flows.filter((flow) => flow.prog_id === prog_id);
  const told = flows.slice(0, FLOWS_TOLD).map((flow: DroppedFlow) => {
    const terms = Object.entries({ src: flow.src, dst: flow.dst, sport: flow.sport, dport: flow.dport });
    const filter = terms
      .flatMap(([name, value]) => (value === null || value === "" ? [] : [`${name}=${value}`]))
      .join(" ");
    return ofTrace(figures, "flow", filter, `dropped: ${tupleText(flow)}, ${flow.count} packets`);
  });
  const more = flows.length - told.length;
  return more > 0 ? [...told, ofTrace(figures, "flow", "", `and of ${more} more flows`)] : told;
}
