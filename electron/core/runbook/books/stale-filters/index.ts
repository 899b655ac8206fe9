/**
 * Stale filters: packets of some pods vanish, policy and agent say all is well, and on the interface a program of an earlier
 * release is still attached.
 *
 * What it does, in this order. It reads the chains of every interface, in both directions, in the order the kernel runs them
 * (XDP; tcx or netkit; clsact), and looks for signs that a program was left behind (`signals.ts`, weights in `weights.ts`). A
 * second program alone is none: it may be somebody's tool, or never run. Then it runs the verdict tracer on the suspicious hooks
 * and looks again, so that what was measured is of the chain that was seen. Each program of a suspicious hook gets a verdict:
 *
 *   active-conflict            was left behind and drops packets (`conflict.ts`)
 *   shadowed-leftover          no packet gets to it (`leftover.ts`)
 *   duplicate-same-version     one version twice, both run (`duplicate.ts`)
 *   legitimate-second-program  another owner's, and what its return values do to those behind (`stranger.ts`)
 *   missing-enforcement        what enforces policy is not there, or is bypassed (`missing.ts`, `stranger.ts`)
 *   own-drops                  drops, and nothing says that it was left behind: policy, when its owner is known (`stranger.ts`)
 *   nothing-found              nothing of the kind
 *
 * The word is about harm: `ruled_out` says that it is not what loses packets. Only drops that were seen to be the program's own
 * (fexit) of a program left behind for certain, beside one that does its work, are `confirmed`. Without fexit run counts and code
 * bound what it dropped (`shares.ts`), and the word is `likely` at most.
 *
 * Packets that a program of Cilium's was seen to drop are looked up in its policy map (`policy/`); other layouts are not known, and
 * the map is left to whoever reads it with mapdump. What a stale program does to packets that it lets through is not looked at.
 */
import type { Runbook, RunState } from "../../types.ts";
import { conclude, MEASURE_STEP } from "./conclude.ts";
import { lanesToMeasure, measurePlan } from "./plan.ts";
import { MAPS_STEP, mapsPlan } from "./policy/lookup.ts";
import { proposals } from "./propose.ts";
import { VERIFY_STEP, verify, verifyPlan } from "./verify.ts";
import { DEFAULT_SECONDS } from "./weights.ts";

/** Whether a change was made or is under way: the engine waits for its end before it verifies. */
function changed({ changes }: RunState): true | { skip: string } {
  if (changes.some(({ phase }) => BEGUN.has(phase))) return true;
  return { skip: changes.length === 0 ? "Nothing was changed." : "What was changed failed, or was put back." };
}
const BEGUN: ReadonlySet<string> = new Set(["approved", "armed", "detached", "confirmed", "left", "unsure"]);

const book: Runbook = {
  id: "stale-filters",
  title: "Stale filters",
  symptom: "One in fifty connections times out, no SYN-ACK; NetworkPolicy and the agent say all is well",
  when_to_use:
    "After an upgrade or a restart of the network agent; when an interface has more than one program; when packets of a pod vanish on its node.",
  runs: "Reads the node twice, which changes nothing, and runs the verdict tracer on the suspicious hooks for some seconds: a counter per run of a traced program, with kernel run statistics on meanwhile. Of a program that was seen to drop it reads the policy map. Needs root.",
  inputs: [
    {
      name: "interface",
      title: "Interface",
      description: "Only this interface, also when nothing on it is odd.",
      type: "interface",
      required: false,
    },
    {
      name: "pod",
      title: "Pod",
      description: "Only this pod's interfaces: namespace/name, name or uid.",
      type: "pod",
      required: false,
    },
    {
      name: "seconds",
      title: "Seconds",
      description: "How long the hooks are measured. The trouble should occur meanwhile.",
      type: "seconds",
      required: false,
      default: String(DEFAULT_SECONDS),
    },
  ],
  suggested_by: [
    ...["duplicate-name", "multiple-programs", "filter-never-runs", "missing-enforcement"].map((finding) => ({
      finding,
      inputs: { interface: "$ifname" },
    })),
    // Of the node, not of one interface.
    { finding: "program-older-than-agent" },
    { finding: "shadowed-bpf-mount" },
  ],
  steps: [
    {
      id: "collect",
      kind: "collect",
      title: "Look at the node",
      text: "Reads every program, map, link and attachment, so that the chains are those of now.",
    },
    {
      id: "chains",
      kind: "examine",
      title: "Order and signs",
      text: "Puts the programs of each direction in the order the kernel runs them and looks for signs of having been left behind.",
      examine: conclude,
    },
    {
      id: MEASURE_STEP,
      kind: "measure",
      title: "Who ran, who dropped",
      text: "Counts on the suspicious hooks which programs ran and what they returned, and whose packets were dropped.",
      when(state) {
        if (lanesToMeasure(state).length === 0) return { skip: "No hook is worth measuring." };
        return state.node.root
          ? true
          : { skip: "Only root can trace programs. Connect as root, or let this user become root without a password." };
      },
      plan: (state) => measurePlan(state, lanesToMeasure(state)),
    },
    {
      id: MAPS_STEP,
      kind: "measure",
      title: "What their policy says",
      text: "Reads the policy map of a program that dropped packets, where its layout is known, and looks these packets up in it.",
      when: (state) =>
        state.node.root && mapsPlan(state, MEASURE_STEP).traces.length > 0
          ? true
          : { skip: "No program was seen to drop packets whose policy map has a known layout." },
      plan: (state) => mapsPlan(state, MEASURE_STEP),
    },
    {
      id: "again",
      kind: "collect",
      title: "Look again",
      text: "Whether the chains stayed what they were while they were measured, and whether what was missing still is.",
      when: (state) =>
        state.traces[MEASURE_STEP] !== undefined ||
        state.datapath?.findings.some(({ id }) => id === "missing-enforcement")
          ? true
          : { skip: "Nothing was measured." },
    },
    {
      id: "conclude",
      kind: "examine",
      title: "Verdicts",
      text: "Joins order, signs and figures.",
      examine: conclude,
    },
    {
      id: "remedy",
      kind: "propose",
      title: "What to do",
      text: "Takes off one attachment at a time, and only what was left behind for certain; else says who should act.",
      propose: proposals,
    },
    {
      id: "after",
      kind: "collect",
      title: "Look after the change",
      text: "Reads the chain once more.",
      when: changed,
    },
    {
      id: VERIFY_STEP,
      kind: "verify",
      title: "Did it help",
      text: "Measures the same hook again and compares: the chain, and drops before and after.",
      when: changed,
      plan: verifyPlan,
      examine: verify,
    },
  ],
};

export default book;
