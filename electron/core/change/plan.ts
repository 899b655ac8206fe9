/**
 * Works out a change plan from a picture: what exactly is taken off, what that does to whom, how it is taken back.
 * Pure: the same picture and facts give the same plan. Nothing of it is trusted by the node, which looks for itself.
 */
import { BpfdeskError } from "../errors.ts";
import { entryLabel, hookLabel } from "../model/label.ts";
import type { Datapath, Hook, HookName, Iface, Key, Program } from "../model/types.ts";
import { type Found, findAttachment } from "./attachment.ts";
import { byHand, changeArguments, commandLine, type NetnsPath, netnsPath } from "./command.ts";
import { ownerWords } from "./owner.ts";
import { type SshPath, sshCrossing } from "./ssh-path.ts";
import type { AttachmentRef, ChangePlan, ChangeRisk } from "./types.ts";

export interface PlanFacts {
  node: string;
  /** The node as the engineer knows it, for messages. */
  host: string;
  /** Its last picture. */
  datapath: Datapath;
  entry: Key;
  path: SshPath | null | "none";
  /** Runs of the program per second as they were measured, null when nothing could. */
  runs_per_s: number | null;
  lease_s: number;
  /** Of the attachment, see `planSeed`. */
  planId(ref: AttachmentRef): string;
}

export interface PlannedChange {
  plan: ChangePlan;
  /** Arguments of bpfdesk-change. */
  argv: string[];
  found: Found;
  netns: NetnsPath | null;
}

/** Throws `no-such-entry`, `cannot-be-put-back`, or `no-way-in` when the interface's namespace cannot be entered. */
export function makePlan(facts: PlanFacts): PlannedChange {
  const { node, host, datapath, lease_s, runs_per_s } = facts;
  const found = findAttachment(datapath, facts.entry, host);
  const { iface, hook, entry, program, ref } = found;
  const netns = netnsPath(datapath, iface.netns);
  if (netns === "unknown") throw noWayIn(host, iface.name);
  const argv = changeArguments(ref, netns, lease_s);
  const programs = new Map(datapath.programs.map((one) => [one.id, one]));
  const crossing = sshCrossing(datapath, iface, facts.path);
  const remains = hook.entries.filter((one) => one !== entry);
  const stays = remains.flatMap(({ prog_id }) => (prog_id === null ? [] : (programs.get(prog_id) ?? [])));
  const { owner, risks } = ownerWords(program, stays, datapath);
  const pod = datapath.pods.find(({ key }) => key === iface.pod);
  const ssh: ChangeRisk[] =
    crossing.value === "no"
      ? []
      : [
          {
            code: "ssh-path",
            text:
              crossing.value === "yes"
                ? `Your own way to the node: ${crossing.why}. If it is cut, the node puts everything back by itself within ${lease_s} s.`
                : `Cannot tell whether your own way to the node goes through ${iface.name}: ${crossing.why}.`,
          },
        ];
  const plan: ChangePlan = {
    plan_id: facts.planId(ref),
    node,
    attachment: ref,
    command: commandLine(["bpfdesk-change", ...argv]),
    by_hand: byHand(ref, entry, netns),
    affects: {
      hook: hookLabel(iface, hook),
      pod: pod === undefined ? null : pod.name === null ? pod.uid : `${pod.namespace}/${pod.name}`,
      remains: remains.map((one) => entryLabel(one, one.prog_id === null ? undefined : programs.get(one.prog_id))),
      // Runs are counted of a program, wherever it is attached.
      packets_per_s: (program?.attached.length ?? 0) > 1 ? null : runs_per_s,
    },
    owner,
    risks: [
      ...ssh,
      ...controlPlane(datapath),
      ...lastEnforcing(found),
      ...leavesToPolicy(found),
      ...wakesAnother(found, programs),
      ...risks,
      ...comesBackWithoutLink(found),
    ],
    undo: `bpfdesk-change holds program ${ref.prog_id} and attaches it again at its place (${entryLabel(entry, program ?? undefined)}): when you undo it, as long as this connection lives; by itself, when it was not confirmed within ${lease_s} s.`,
    verification: `Over this connection, right after it: the node answers; the chain is read again and holds exactly what remains${
      iface.pod === null ? "" : "; the pod answers as it did before"
    }. If not, it is put back at once.`,
    confirm: crossing.value === "no" ? iface.name : datapath.node.hostname || host,
    lease_s,
  };
  return { plan, argv, found, netns };
}

/** What makes a plan the same plan: this run of the node's kernel, and the attachment. */
export function planSeed(boot: string, ref: AttachmentRef): string {
  const { mechanism, direction, netns, ifindex, ifname, prog_id, pref, handle, chain, protocol } = ref;
  const filter = [pref, handle, chain, protocol].map((one) => one ?? "-");
  return [boot, mechanism, direction, netns, ifindex, ifname, prog_id, ...filter].join("\n");
}

/** Static pods of the control plane are called so by kubeadm and its kin, with the node's name after it. */
const CONTROL_PLANE = /^(?:kube-apiserver|kube-controller-manager|kube-scheduler|etcd)-/;

function controlPlane({ pods }: Datapath): ChangeRisk[] {
  const found = pods.find(({ namespace, name }) => namespace === "kube-system" && CONTROL_PLANE.test(name ?? ""));
  if (found) return [{ code: "control-plane", text: `This is a control-plane node: ${found.name} runs on it.` }];
  if (pods.some(({ name }) => name !== null)) return [];
  const text = "Cannot tell whether this is a control-plane node: no pod's name is known.";
  return pods.length === 0 ? [] : [{ code: "control-plane", text }];
}

/** tc and netkit of one direction count together. */
const SAME_WAY: readonly (readonly HookName[])[] = [
  ["netkit_peer", "tc_ingress"],
  ["tc_egress", "netkit_primary"],
];

function lastEnforcing({ iface, hook, entry }: Found): ChangeRisk[] {
  const way = SAME_WAY.find((names) => names.includes(hook.hook));
  if (!iface.pod_host_end || way === undefined) return [];
  const others = (one: Hook) =>
    one.entries.filter((other) => other !== entry && other.kind === "bpf" && (other.chain ?? 0) === 0);
  if (iface.hooks.some((one) => way.includes(one.hook) && others(one).length > 0)) return [];
  const text = `It is the last program on ${hookLabel(iface, hook)}: after it no NetworkPolicy is enforced there.`;
  return [{ code: "last-enforcing", text }];
}

/**
 * A netkit end without programs does what its device was made with (netkit_xmit, drivers/net/netkit.c): forward, or blackhole,
 * which Cilium chooses for the pod's end.
 */
function leavesToPolicy({ iface, hook, entry }: Found): ChangeRisk[] {
  if (entry.mechanism !== "netkit" || hook.entries.some((one) => one !== entry)) return [];
  const policy = netkitPolicy(iface, hook.hook);
  if (policy === "forward") return [];
  const where = `It is the last program on ${hookLabel(iface, hook)}: what the device itself does then`;
  const text =
    policy === "blackhole"
      ? `${where} is to drop every packet (policy blackhole).`
      : `${where} is not known, because ip of this node does not show its policy: it may drop every packet.`;
  return [{ code: "device-policy", text }];
}

/** As `ip -j -d link` prints it (linkinfo of a netkit device, since iproute2 6.7); null where it is not. */
function netkitPolicy({ origin }: Iface, hook: HookName): unknown {
  const { linkinfo } = (origin.raw ?? {}) as { linkinfo?: { info_data?: Record<string, unknown> } };
  return linkinfo?.info_data?.[hook === "netkit_peer" ? "peer_policy" : "policy"] ?? null;
}

/** Entries behind it that cannot be reached now, as far as their code told: without it they may be. */
function wakesAnother({ hook, entry }: Found, programs: ReadonlyMap<number, Program>): ChangeRisk[] {
  if (entry.reachable.value === "no") return [];
  const behind = hook.entries
    .slice(hook.entries.indexOf(entry) + 1)
    .filter(({ reachable }) => reachable.value === "no");
  if (behind.length === 0) return [];
  const names = behind.map((one) => entryLabel(one, one.prog_id === null ? undefined : programs.get(one.prog_id)));
  const text = `Behind it is what never runs now: ${names.join("; ")}. Without it that may run. See what it does first.`;
  return [{ code: "wakes-another", text }];
}

function comesBackWithoutLink({ entry }: Found): ChangeRisk[] {
  if (entry.mechanism === "clsact" || !entry.link_id) return [];
  const text = `It is attached by link ${entry.link_id}, and a link that was detached cannot be attached again: undo brings the program back at its place without a link. Whoever holds the link does not look after it any more then.`;
  return [{ code: "comes-back-without-link", text }];
}

function noWayIn(host: string, ifname: string): BpfdeskError {
  return new BpfdeskError({
    code: "no-way-in",
    message: `The network namespace of ${ifname} on ${host} has no name and no known process: it cannot be entered.`,
    hint: "Collect again; its process may have ended.",
    node: host,
  });
}
