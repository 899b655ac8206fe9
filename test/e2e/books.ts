/** Made-up runbooks for page tests: books, verdicts of every kind, and a plan to change something. */
import type { ChangePlan } from "../../electron/core/change/types.ts";
import type { Evidence, RunbookVerdict } from "../../electron/core/runbook/types.ts";
import type { RunbookInfo } from "../../electron/shared/contract.ts";
import { smallNode } from "./node.ts";

/** A veth of a pod with two programs behind each other. */
export function twoPrograms() {
  for (const iface of smallNode().interfaces) {
    for (const hook of iface.hooks) {
      const [, second] = hook.entries;
      if (second && iface.host_netns) return { iface, hook, entry: second };
    }
  }
  throw new Error("The small node has no hook with two programs.");
}

const about = {
  when_to_use: "One pod loses a part of its new connections, NetworkPolicy and the CNI say that all is well.",
  runs: "One collection (about 1 s) and the verdict tracer for 10 s: under 200 ns a packet of the hooks in question.",
  file: null,
  problems: [],
};

export const staleFilters: RunbookInfo = {
  id: "stale-filters",
  title: "Stale filters",
  symptom: "One in fifty connections from one pod times out",
  ...about,
  inputs: [
    { name: "interface", title: "Interface", description: "Empty: all.", type: "interface", required: false },
    { name: "pod", title: "Pod", description: "Instead of an interface.", type: "pod", required: false },
    { name: "for", title: "Time", description: "Of measuring.", type: "seconds", required: true, default: "10" },
  ],
  steps: [
    { id: "look", kind: "collect", title: "Collect the picture", text: "What is attached now, in order." },
    { id: "measure", kind: "measure", title: "Measure verdicts", text: "Which program ran, and which dropped." },
    { id: "judge", kind: "examine", title: "Judge", text: "Weighs the signals of each program." },
    { id: "propose", kind: "propose", title: "Propose", text: "What could be done." },
    { id: "verify", kind: "verify", title: "Verify", text: "Drops again, after the change." },
  ],
  suggested_by: [{ finding: twoProgramsFinding(), inputs: { interface: "$ifname" } }],
};

/** A rule that found something on the small node. */
function twoProgramsFinding(): string {
  return smallNode().findings[0]?.id ?? "";
}

export const retransmits: RunbookInfo = {
  ...about,
  id: "retransmit-storm",
  title: "Retransmit storm",
  symptom: "p99 went from 120 ms to 850 ms, and nothing reports errors",
  inputs: [{ name: "destination", title: "Destination", description: "Of one.", type: "address", required: true }],
  steps: [{ id: "count", kind: "measure", title: "Count retransmits", text: "Per destination." }],
  suggested_by: [],
};

export const brokenBook: RunbookInfo = {
  ...about,
  id: "team-mtu",
  title: "MTU across zones",
  symptom: "Large answers never arrive",
  inputs: [],
  steps: [],
  suggested_by: [],
  file: "/home/ops/runbooks/mtu.yaml",
  problems: [
    'line 14: steps[2].kind: expected one of collect, measure, examine, ask, propose, verify; got "shell"',
    'line 22: steps[3].for_s: expected a number of seconds, got "ten"',
  ],
};

const fact = (text: string, source: Evidence["source"]): Evidence => ({ text, source });

/** One of each word, with every kind of evidence and of proposal. `command-1` is the collection of the made-up node. */
export function verdicts(trace_id: string): RunbookVerdict[] {
  const { iface, hook, entry } = twoPrograms();
  const subject = `${iface.name} ${hook.direction}`;
  return [
    {
      id: "conflict",
      subject,
      subject_key: entry.key,
      verdict: "confirmed",
      kind: "active-conflict",
      evidence: [
        fact("pref 2 handle 0x1 answered TC_ACT_SHOT 214 times in 10.0 s", {
          kind: "trace",
          trace_id,
          record: "drop",
          filter: "prog_id=105",
        }),
        fact("loaded 41 days before the agent's current start", { kind: "command", command_id: "command-1" }),
        fact("second of two programs on the hook", { kind: "thing", key: entry.key }),
        fact("an upgrade was made on Tuesday", { kind: "answer", step: "ask" }),
        fact("its pin was listed by an earlier run", { kind: "command", command_id: "of-another-session" }),
      ],
      meaning:
        "A program of the version before still drops packets of this pod. Policy of the current one lets them through.",
      missing: [],
      proposal: {
        kind: "detach",
        text: "Take this one program off. The current program stays and goes on enforcing.",
        attachment: {
          entry: entry.key,
          mechanism: "clsact",
          direction: "egress",
          ifname: iface.name,
          ifindex: iface.ifindex,
          netns: iface.netns,
          prog_id: entry.prog_id ?? 0,
          prog_name: "cil_to_container",
        },
      },
    },
    {
      id: "retrans",
      subject: "10.96.0.10:53",
      subject_key: null,
      verdict: "likely",
      kind: "caused-elsewhere",
      evidence: [],
      meaning: "More retransmits than on other nodes; their cause is not on this hook.",
      missing: [],
      proposal: {
        kind: "open",
        book: "retransmit-storm",
        inputs: { destination: "10.96.0.10" },
        text: "See where these segments are lost.",
      },
    },
    {
      id: "who",
      subject: "eth0 ingress (wire → node)",
      subject_key: "iface:gone:1",
      verdict: "cannot_tell",
      kind: "who-dropped",
      evidence: [fact("the hook dropped 12 packets", { kind: "thing", key: "iface:gone:1" })],
      meaning: "Which of the two programs dropped them is not known.",
      missing: ["fexit programs: this kernel has none (EPERM)", "statistics of BPF: kernel.bpf_stats_enabled is 0"],
      proposal: { kind: "advice", text: "Run it on a node with a kernel of 5.5 or newer." },
    },
    ...Array.from(
      { length: 3 },
      (_, n): RunbookVerdict => ({
        id: `clean-${n}`,
        subject: `lxc${n} egress (out → pod)`,
        subject_key: null,
        verdict: "ruled_out",
        kind: "stale-filter",
        evidence: [
          fact("one program, loaded by the agent that runs now", { kind: "command", command_id: "command-1" }),
        ],
        meaning: "Nothing stale is attached here.",
        missing: [],
        proposal: null,
      }),
    ),
  ];
}

export function planOf(node: string): ChangePlan {
  const { iface, hook, entry } = twoPrograms();
  const attachment = {
    entry: entry.key,
    mechanism: "clsact" as const,
    direction: "egress" as const,
    ifname: iface.name,
    ifindex: iface.ifindex,
    netns: iface.netns,
    prog_id: entry.prog_id ?? 0,
    prog_name: "cil_to_container",
    pref: 2,
    handle: 1,
    chain: 0,
    protocol: 3,
  };
  return {
    plan_id: "plan-7f3a",
    node,
    attachment,
    command: `bpfdesk-change --mechanism clsact --direction egress --ifindex ${iface.ifindex} --prog ${attachment.prog_id} --pref 2 --handle 0x1 --chain 0 --protocol 3 --lease 20`,
    by_hand: `tc filter del dev ${iface.name} egress pref 2 handle 0x1 chain 0 protocol all bpf`,
    affects: {
      hook: `${iface.name} ${hook.direction}`,
      pod: "shop/web-7d4b9c-x2x1z",
      remains: ["clsact pref 1 handle 0x1: cil_to_container (id 102)"],
      packets_per_s: 1834.2,
    },
    owner: {
      text: "cilium, pod kube-system/cilium-x7k2p, but its agent is newer than this program",
      will_probably: "leave it off: the agent does not look for programs of its earlier versions",
    },
    risks: [
      {
        code: "ssh-path",
        text: "Cannot tell whether your own way to the node goes through it: the route was not read.",
      },
      { code: "controller-owns", text: "cilium put it there. Restarting the agent would be its own repair." },
    ],
    undo: "bpfdesk-change holds the program and attaches it again at pref 2 handle 0x1.",
    verification: "The chain is read again and holds exactly what remains; the pod answers as it did before.",
    confirm: iface.name,
    lease_s: 20,
  };
}

/** Of a busy node: so many that nobody reads them one by one, with a name as hostile as a node may have. */
export function manyVerdicts(count: number): RunbookVerdict[] {
  const words = ["ruled_out", "ruled_out", "cannot_tell", "likely", "confirmed"] as const;
  return Array.from(
    { length: count },
    (_, n): RunbookVerdict => ({
      id: `many-${n}`,
      subject: n === 4 ? `lxc\u202eevil<img src=x onerror=alert(1)>${"x".repeat(300)}` : `lxc${n} egress (out → pod)`,
      subject_key: null,
      verdict: words[n % words.length] ?? "likely",
      kind: "shadowed-leftover",
      evidence: [fact(`${n} runs in 10.0 s`, { kind: "command", command_id: "command-1" })],
      meaning: "A program that is never reached.",
      missing: [],
      proposal: null,
    }),
  );
}
