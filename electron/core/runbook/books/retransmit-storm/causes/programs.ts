/**
 * Programs of tc, tcx, netkit and XDP on this node: which of them dropped packets of the connections that retransmit. Proof is a
 * program's own verdict on those packets; next best is what its hook dropped.
 */
import type { Evidence, RunbookVerdict } from "../../../types.ts";
import { type Case, eventsOf, HOOKS, traceOf } from "../case.ts";
import { type Candidate, candidatesOf } from "../hooks-plan.ts";
import { crossedBy, hookPlaces, ifaceAt, placeLabel } from "../interfaces.ts";
import { type DropPlace, directionOf } from "../matches.ts";
import type { VerdictFlow } from "../records.ts";
import type { Suspect } from "../suspects.ts";
import { PART } from "../thresholds.ts";
import { counted, percent, seen, UNTRANSLATED, verdict } from "../words.ts";
import { unexplained } from "./explained.ts";
import { type Looked, labelOf, lookedAt } from "./looked.ts";
import { ownPlaces, placeVerdict, wordOf } from "./place.ts";

export function programVerdicts(found: Case): RunbookVerdict[] {
  const looked = lookedAt(found);
  const places = ownPlaces(found).filter((place) => ["tc", "xdp", "tx"].includes(place.class));
  const told = new Set<Looked>();
  const fromDrops = places.map((place) => {
    const its = looked.find(({ candidate }) => isAt(candidate, place));
    if (its) told.add(its);
    return withDrops(found, place, its ?? null);
  });
  const fromHooks = looked.filter((one) => !told.has(one) && one.drops.length > 0);
  const proven = [...fromDrops, ...fromHooks.map((one) => unseenByDrops(found, one))];
  const isBlamed = proven.some((one) => one.verdict !== "ruled_out");
  // Another storm may have another cause: of it the rest is told.
  const left = unexplained(found);
  return isBlamed && left.length === 0 ? proven : [...proven, ...withoutDrops(found, looked, left)];
}

function withDrops(found: Case, place: DropPlace, its: Looked | null): RunbookVerdict {
  const iface = ifaceAt(found.datapath, place.netns, place.ifindex);
  const first = place.flows[0];
  const direction = place.class === "xdp" ? "xdp" : place.class === "tx" ? "egress" : first ? directionOf(first) : null;
  const label = placeLabel(iface, direction, `${place.device ?? "an interface"} ${direction ?? ""}`.trim());
  const culprit = culpritOf(found, place, its);
  const made = placeVerdict(found, place, {
    id: `${place.class === "xdp" ? "xdp" : "tc"}:${place.netns}:${place.ifindex}:${direction ?? "?"}`,
    subject: label,
    kind: place.class === "xdp" ? "xdp-drop" : place.class === "tx" ? "transmit-drop" : "tc-drop",
    means: `${culprit.text} The cause is on this node.`,
    evidence: culprit.evidence,
    missing: culprit.missing,
  });
  // Without the kernel's reason it need not have been a program at that place: its own verdicts tell.
  const unsure = found.drops?.schema?.variant !== "reasons" && !culprit.proven && made.verdict === "confirmed";
  return unsure
    ? { ...made, verdict: "likely", missing: [...made.missing, "the kernel's reason for these drops"] }
    : made;
}

/** Who dropped them, as far as it is told. */
function culpritOf(
  found: Case,
  place: DropPlace,
  its: Looked | null,
): { text: string; evidence: Evidence[]; missing: string[]; proven: boolean } {
  const iface = ifaceAt(found.datapath, place.netns, place.ifindex);
  const own = its?.drops.filter(({ prog_id }) => prog_id !== null) ?? [];
  if (its && own.length > 0) {
    return {
      text: `${programsOf(own)} drops packets of these very connections.`,
      evidence: evidenceOf(its),
      missing: [],
      proven: true,
    };
  }
  const direction = its?.candidate.place.direction;
  const hooks = iface ? hookPlaces(iface).filter((one) => direction === undefined || one.direction === direction) : [];
  const entries = hooks.flatMap((one) => one.hooks.flatMap((hook) => hook.entries));
  const evidence = its ? evidenceOf(its) : [];
  const [only] = entries;
  if (entries.length === 1 && only) {
    const name = found.datapath?.programs.find(({ id }) => id === only.prog_id)?.name;
    const called = only.prog_id === null ? `the ${only.kind} filter` : `${name || "program"} (id ${only.prog_id})`;
    const text = `This hook drops packets of these very connections, and ${called} is all there is on it.`;
    const missing = place.class === "tx" ? ["whether the filter or the queue dropped them"] : [];
    return { text, evidence, missing, proven: false };
  }
  const text = "This hook drops packets of these very connections.";
  const missing =
    its?.gap ?? (its?.trace?.schema?.variant === "hook" ? "this kernel cannot trace programs (no fexit)" : null);
  return {
    text,
    evidence,
    missing: [`which of its ${entries.length} programs dropped them${missing === null ? "" : `: ${missing}`}`],
    proven: false,
  };
}

/** Only the second measurement saw it: native XDP, netkit, or no tracer of drops. */
function unseenByDrops(found: Case, its: Looked): RunbookVerdict {
  const { iface, direction } = its.candidate.place;
  const word = wordOf(its);
  const own = its.drops.filter(({ prog_id }) => prog_id !== null);
  const who = own.length > 0 ? programsOf(own) : "this hook";
  const part = `These drops account for ${percent(Math.min(1, its.explained))} of what was sent again meanwhile.`;
  return verdict({
    id: `${direction === "xdp" ? "xdp" : "tc"}:${iface.netns}:${iface.ifindex}:${direction}`,
    subject: labelOf(its.candidate),
    subject_key: iface.key,
    verdict: word,
    kind: direction === "xdp" ? "xdp-drop" : "tc-drop",
    evidence: [
      ...evidenceOf(its),
      ...seen("sent again meanwhile, by the same connections", traceOf(found.state, HOOKS, "retrans"), "retransmit"),
    ],
    meaning:
      word === "ruled_out"
        ? `${who} drops packets of these connections, but few. ${part}`
        : `${who} drops packets of these very connections: the cause is on this node. ${part}`,
    missing:
      own.length > 0 ? [] : ["which program of the hook dropped them: this kernel cannot trace programs (no fexit)"],
  });
}

/** Of no program a drop of these connections was seen. */
function withoutDrops(found: Case, all: readonly Looked[], unexplained: readonly Suspect[]): RunbookVerdict[] {
  const suspects = unexplained.length === 0 ? found.suspects : unexplained;
  const { drops, drops_gap, matching, datapath, routes } = found;
  const crossed = new Set(crossedBy(eventsOf(found.events, suspects), datapath, routes));
  const looked = all.filter(({ candidate }) => crossed.has(candidate.place.iface));
  const left = candidatesOf(found).left.filter(({ place }) => crossed.has(place.iface));
  const retrans = suspects.reduce((so, { figures }) => so + figures.retrans, 0);
  const which = suspects.length < found.suspects.length ? ` (${suspects.map(({ title }) => title).join(", ")})` : "";
  const isXdp = ({ place }: Candidate) => place.direction === "xdp";
  const about = (xdp: boolean) => {
    const own = looked.filter((one) => isXdp(one.candidate) === xdp);
    // Where drops are seen with their reasons, only hooks that drop without one had to be looked at.
    const needed = own.filter(({ candidate }) => xdp || drops_gap !== null || isNetkit(candidate));
    const possible = [
      ...needed.flatMap(({ gap }) => (gap === null ? [] : [gap])),
      ...left.filter((one) => isXdp(one) === xdp).map((one) => `${labelOf(one)} was not looked at`),
      ...(xdp || drops_gap === null || own.length > 0 ? [] : [drops_gap]),
      ...((matching.translated.get(xdp ? "xdp" : "tc") ?? 0) >= PART * retrans ? [UNTRANSLATED] : []),
      ...(found.datapath === null ? ["no picture of the node: which programs there are"] : []),
    ];
    // What other places of this node account for needs no program.
    const gaps = unexplained.length === 0 ? [] : possible;
    const others = own.reduce((so, one) => so + one.others, 0) + (matching.others.get(xdp ? "xdp" : "tc") ?? 0);
    const none = `none of ${xdp ? "XDP" : "tc, tcx or netkit"} was seen dropping a packet of these connections`;
    return verdict({
      id: xdp ? "xdp" : "tc",
      subject: `${xdp ? "XDP programs" : "programs of tc, tcx and netkit"}${which}`,
      verdict: gaps.length === 0 ? "ruled_out" : "cannot_tell",
      kind: xdp ? "xdp-drop" : "tc-drop",
      evidence: [
        ...seen(
          others > 0
            ? `${counted(others, "packet")} of other connections were dropped by programs, of these none`
            : none,
          drops,
          "flow",
          xdp ? "reason:XDP" : "reason:TC_",
        ),
        ...own.flatMap(evidenceOf),
      ],
      meaning:
        possible.length === 0
          ? `No program of this node drops these packets${others > 0 ? ": what programs drop here is of others" : ""}.`
          : gaps.length === 0
            ? "No program was seen dropping these packets, and another place of this node accounts for most of it."
            : "Whether a program drops these packets is not known for all hooks they cross.",
      missing: gaps,
    });
  };
  return [about(false), about(true)];
}

function evidenceOf({ trace, drops, others, candidate }: Looked): Evidence[] {
  const own = drops.reduce((so, { packets }) => so + packets, 0);
  const who = programsOf(drops.filter(({ prog_id }) => prog_id !== null));
  const by = who === "" ? `${labelOf(candidate)} dropped` : `${who} returned ${verdictsOf(drops)} for`;
  const rest = others > 0 ? `, and ${others} of other connections` : "";
  return seen(`${by} ${counted(own, "packet")} of these connections${rest}`, trace, "flow", "proto=tcp");
}

function programsOf(flows: readonly VerdictFlow[]): string {
  const names = new Map(flows.map(({ prog_id, name }) => [prog_id, `${name || "program"} (id ${prog_id})`]));
  return [...names.values()].join(", ");
}

const verdictsOf = (flows: readonly VerdictFlow[]) => [...new Set(flows.map((flow) => flow.verdict))].join(", ");

const isNetkit = ({ place }: Candidate) => place.hooks.some(({ hook }) => hook.startsWith("netkit"));

function isAt({ place }: Candidate, { netns, ifindex, flows, class: its }: DropPlace): boolean {
  if (place.iface.netns !== netns || place.iface.ifindex !== ifindex) return false;
  const direction = flows[0] ? directionOf(flows[0]) : null;
  if (its === "xdp") return place.direction === "xdp";
  return direction === null ? place.direction !== "xdp" : place.direction === direction;
}
