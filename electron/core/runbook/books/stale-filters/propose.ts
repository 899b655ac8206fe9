/**
 * What could be done about a verdict. Taken off is one attachment, of a known owner, left behind for certain, with something of
 * that owner there that does its work. Everything else is left to its owner, and it is said how.
 */
import { findAttachment } from "../../../change/attachment.ts";
import { BpfdeskError } from "../../../errors.ts";
import type { Datapath } from "../../../model/types.ts";
import type { Proposal, RunbookVerdict, RunState } from "../../types.ts";
import { type Lane, type Place, placeAt } from "./lanes.ts";
import { counterpartOf, looksAt } from "./look.ts";
import { stalenessOf, unknownHolder } from "./signals.ts";
import { nameOf, ownerOf } from "./words.ts";

export function proposals(state: RunState): RunbookVerdict[] {
  return state.verdicts.flatMap((verdict) => {
    const proposal = state.datapath === null ? null : proposalFor(verdict, state, state.datapath);
    return proposal === null ? [] : [{ ...verdict, proposal }];
  });
}

function proposalFor(
  { kind, verdict, subject_key, id }: RunbookVerdict,
  { node }: RunState,
  datapath: Datapath,
): Proposal | null {
  if (verdict === "cannot_tell") return null;
  const at = placeAt(datapath, subject_key ?? "");
  switch (kind) {
    case "active-conflict":
    case "duplicate-same-version":
      return verdict === "ruled_out" || at === null ? null : remedy(at.place, at.lane, datapath, node.label);
    case "shadowed-leftover":
      return advice(
        "Nothing needs to be done now. Whoever takes off the one in front of it must look at this one first.",
      );
    case "missing-enforcement":
      if (at === null)
        return advice(restart(familyMissing(datapath, id), datapath, "it attaches its programs again when it starts"));
      return advice(
        "The order is for the two owners to settle, e.g. by a lower pref for the one that enforces policy. Nothing is taken off here: neither was left behind.",
      );
    default:
      return null;
  }
}

function remedy(place: Place, lane: Lane, datapath: Datapath, node: string): Proposal {
  const family = place.program?.owner?.family ?? null;
  const { word, current } = stalenessOf(place, lane, datapath);
  if (family === null) return handsOff(place, datapath);
  if (word === "current") {
    return advice(restart(family, datapath, `${nameOf(place)} is its own (${current}), and it would attach it again`));
  }
  if (word !== "established") {
    return advice(
      `Not taken off, because it is not certain that it was left behind. ${restart(family, datapath, "it attaches what belongs there")} Then run this book again.`,
    );
  }
  const [look] = looksAt(lane, datapath, { why: "", hint: "" }, []).filter((one) => one.place === place);
  const counterpart = look === undefined ? null : counterpartOf(look);
  if (counterpart === null) {
    return advice(
      `Not taken off, because nothing else of ${family} is on ${lane.label}: without it no policy would be enforced there. ${restart(family, datapath, "it attaches its own first")} Then run this book again.`,
    );
  }
  try {
    const attachment = findAttachment(datapath, place.entry.key, node).ref;
    const text = `Take exactly this attachment off ${lane.label}: ${nameOf(place)} of ${ownerOf(place)}, left behind. ${nameOf(counterpart)} stays and does its work. The way back is armed on the node first.`;
    return { kind: "detach", attachment, text };
  } catch (error) {
    if (!(error instanceof BpfdeskError)) throw error;
    return advice(`${error.message} ${restart(family, datapath, "it may clear up after itself")}`);
  }
}

function handsOff(place: Place, datapath: Datapath): Proposal {
  const holder = unknownHolder(place, datapath);
  const who = holder === null ? "no process holds it, it is not pinned, and its maps name nobody" : `it is ${holder}`;
  return advice(
    `Hands off: whose ${nameOf(place)} is, is not known (${who}). Find out who loaded it, and let them take it off.`,
  );
}

/** `Restart cilium-agent (pod kube-system/cilium-x): because.` */
function restart(family: string | null, datapath: Datapath, because: string): string {
  const agent = datapath.node.agents.find((one) => one.family === family);
  if (agent === undefined) return `Start or restart the ${family ?? "network"} agent of this node: ${because}.`;
  const pod = datapath.pods.find(({ key }) => key === agent.pod);
  const where = pod === undefined || pod.name === null ? "" : ` of pod ${pod.namespace}/${pod.name}`;
  return `Restart ${agent.comm} (pid ${agent.pid}${where}): ${because}.`;
}

/** The one family that enforces policy on other interfaces of the node. */
function familyMissing({ findings }: Datapath, id: string): string | null {
  const finding = findings.find((one) => id.startsWith(one.subject) && one.id === "missing-enforcement");
  return /belong to (\S+)$/m.exec(finding?.evidence.join("\n") ?? "")?.[1] ?? null;
}

const advice = (text: string): Proposal => ({ kind: "advice", text });
