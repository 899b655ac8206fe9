/** DNS attribution: who asks for a name, or what a pod or a process asks for. See README.md beside this file. */
import type { BookInput, Runbook } from "../../types.ts";
import { attribution } from "./attribution.ts";
import { groundOf, LOOK, WATCH } from "./ground.ts";
import { nobody, notWatched } from "./nobody.ts";
import { overview } from "./overview.ts";
import { BUDGET_PCT, cgroupPartOf, questionOf, SECONDS } from "./question.ts";
import { signals } from "./signals/index.ts";
import { thresholdInputs } from "./thresholds.ts";

/** Read before and after the watch, so that who lived only then is known, too. */
const PROCESSES = ["proc.stat", "proc.cgroup", "proc.exe", "proc.gone", "proc.status", "proc.cmdline", "dns.resolvers"];

const inputs: BookInput[] = [
  {
    name: "name",
    title: "Name asked for",
    description: "This name and those below it; or a pattern, such as *.example.com or *miner*.",
    type: "name",
    required: false,
  },
  {
    name: "pod",
    title: "Pod",
    description: "What does this pod ask for? namespace/name, name or uid.",
    type: "pod",
    required: false,
  },
  {
    name: "process",
    title: "Process",
    description: "What does this process ask for? Its pid, its name, or the name or path of its binary.",
    type: "text",
    required: false,
  },
  {
    name: "resolver",
    title: "Resolvers that are right",
    description:
      "Addresses, with commas between them. Left out: what the resolv.conf of each container or of the node says.",
    type: "text",
    required: false,
  },
  {
    name: "known",
    title: "Known names",
    description: "Domains that are nothing new here, with commas between them.",
    type: "text",
    required: false,
  },
  {
    name: "cluster_domain",
    title: "Cluster domain",
    description: "The domain of the cluster's services. Left out: what the kubelet says, else cluster.local.",
    type: "name",
    required: false,
  },
  {
    name: "seconds",
    title: "Watch for",
    description: "Longer where it is asked seldom: what nobody asks meanwhile is not seen.",
    type: "seconds",
    required: false,
    default: `${SECONDS}`,
  },
  {
    name: "budget",
    title: "Tracer's budget",
    description:
      "Percent of one CPU that each tracer may cost. Beyond it queries are left out, and what is concluded is only likely.",
    type: "number",
    required: false,
    default: `${BUDGET_PCT}`,
  },
  ...thresholdInputs,
];

const book: Runbook = {
  id: "dns-attribution",
  title: "DNS attribution",
  symptom:
    "A scan reports queries from a pod to a domain it has no business with, and nobody can say which process asks.",
  when_to_use: "Who asks for this name? What does this pod, or this process, ask for, and of whom?",
  runs: "The tracers dns and connect side by side for the time of the watch, both sides of each query (medium cost, within the tracer's budget), and the table of processes with their command lines before and after it; what looks like a secret in them is masked on the node.",
  inputs,
  steps: [
    {
      id: LOOK,
      kind: "collect",
      title: "Pods and containers",
      text: "A fresh picture, so that cgroups have the names of pods, containers and images.",
      sections: ["k8s.crictl"],
    },
    {
      id: WATCH,
      kind: "measure",
      title: "Watch queries and connections",
      text: "Every query with its process and its answer, on the asker's and on the resolver's side, and every connection that is made.",
      plan(state) {
        const question = questionOf(state);
        const cgroup = cgroupPartOf(question, state.datapath);
        const pid = question.process !== null && /^\d+$/.test(question.process) ? question.process : null;
        const suffix = question.name?.suffix ?? null;
        return {
          for_s: question.seconds,
          traces: [
            {
              id: "dns",
              tracer: "dns",
              params: {
                role: "both",
                ...(suffix === null ? {} : { name: suffix }),
                ...(cgroup === null ? {} : { cgroup }),
                ...(pid === null ? {} : { pid }),
              },
            },
            { id: "connect", tracer: "connect", params: { direction: "connect", opened: "true" } },
          ],
          sections: PROCESSES,
          budget_pct: question.budget_pct,
        };
      },
    },
    {
      id: "attribute",
      kind: "examine",
      title: "Who asked",
      text: "Queries by process, container and pod; whose query is behind those of a resolver on this node; how the process came there.",
      examine(state) {
        const ground = groundOf(state);
        return ground === null ? [notWatched(state)] : [...attribution(ground), ...nobody(ground), ...overview(ground)];
      },
    },
    {
      id: "signals",
      kind: "examine",
      title: "Signals",
      text: "What is worth a look in how and what they ask, each with its threshold.",
      when: (state) => (groundOf(state) === null ? { skip: "No query was watched." } : true),
      examine(state) {
        const ground = groundOf(state);
        return ground === null ? [] : signals(ground);
      },
    },
  ],
};

export default book;
