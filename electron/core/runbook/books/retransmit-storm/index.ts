/**
 * Retransmit storm: latency rises, nothing fails, and every layer says it is not it. Says what is sent again, whose it is,
 * and where it is lost: on this node, beyond it, or at the remote end.
 */
import type { Runbook, RunState } from "../../types.ts";
import { caseOf, HOOKS, WATCH } from "./case.ts";
import { hooksPlan, needsHooks } from "./hooks-plan.ts";
import { causeVerdicts } from "./localise.ts";
import { remedies } from "./remedies.ts";
import { stormVerdicts } from "./storm.ts";
import { INPUTS, thresholdsOf } from "./thresholds.ts";

const hasStorm = (state: RunState): true | { skip: string } =>
  caseOf(state).suspects.length > 0 || { skip: "No storm was seen." };

const book: Runbook = {
  id: "retransmit-storm",
  title: "Retransmit storm",
  symptom: "Latency went up, nothing fails: p99 is 850 ms instead of 120 ms",
  when_to_use:
    "Requests are slow rather than failing, and every layer's dashboard looks well. TCP hides lost packets: applications see a slow success.",
  runs: "A collection; then for the time given the tracers retrans and drops, with counters before and after; if programs may be the cause, as long again retrans and verdict on at most four hooks. Nothing runs per packet but on those hooks (some 0.1 µs each). Nothing is changed.",
  inputs: INPUTS,
  steps: [
    {
      id: "picture",
      kind: "collect",
      title: "The node's picture",
      text: "Interfaces, pods and programs, to tell whose packets are dropped where.",
    },
    {
      id: WATCH,
      kind: "measure",
      title: "What is sent again, and what is dropped",
      text: "Every retransmission with its connection and process, every drop with its reason, and the counters of queues, cards, CPUs, memory and connection tracking.",
      plan: ({ inputs }) => ({
        for_s: thresholdsOf(inputs).seconds,
        traces: [
          // Also destinations without loss: a share means something only beside others.
          { id: "retrans", tracer: "retrans", params: { quiet: "true" } },
          { id: "drops", tracer: "drops", params: { samples: "1" } },
        ],
        sections: [
          "counters.softnet",
          "counters.tcp",
          "counters.conntrack_table",
          "counters.nic",
          "tc.qdisc",
          "net.link",
          "net.route",
          "sockets.tcp",
        ],
      }),
    },
    {
      id: "storm",
      kind: "examine",
      title: "Is it a storm, and whose",
      text: "Shares by destination, process and pod, beside those of everything else.",
      examine: stormVerdicts,
    },
    {
      id: HOOKS,
      kind: "measure",
      title: "Programs on the way",
      text: "What each program returned for these connections' packets, on the hooks that dropped some or may do so unseen.",
      when: needsHooks,
      plan: hooksPlan,
    },
    {
      id: "cause",
      kind: "examine",
      title: "Where it is lost",
      text: "Each place of this node, the way beyond it and the remote end: proven, likely, ruled out, or not known and why.",
      when: hasStorm,
      examine: causeVerdicts,
    },
    {
      id: "remedy",
      kind: "propose",
      title: "What to do",
      text: "Where to look next. A program that drops these packets is taken up by the book Stale filters.",
      when: hasStorm,
      propose: remedies,
    },
  ],
};

export default book;
