/**
 * From an entry of the picture to the one attachment it stands for, or why it cannot be taken off in a way that could be
 * taken back.
 */
import { BpfdeskError } from "../errors.ts";
import type { Datapath, Hook, HookEntry, HookName, Iface, Key, Program } from "../model/types.ts";
import type { AttachmentRef } from "./types.ts";

/** An attachment with all that the picture knows around it. */
export interface Found {
  iface: Iface;
  hook: Hook;
  entry: HookEntry;
  program: Program | null;
  ref: AttachmentRef;
}

const DIRECTIONS: Record<HookName, AttachmentRef["direction"]> = {
  xdp: "ingress",
  tc_ingress: "ingress",
  tc_egress: "egress",
  netkit_primary: "primary",
  netkit_peer: "peer",
};

/** As tc prints them (ll_proto_n2a of iproute2), in the host's byte order. */
const PROTOCOLS: Readonly<Record<string, number>> = {
  all: 0x3,
  ip: 0x800,
  arp: 0x806,
  "802.1Q": 0x8100,
  ipv6: 0x86dd,
  mpls_uc: 0x8847,
  "802.1ad": 0x88a8,
};

/** Throws `no-such-entry` when it is not in this picture, `cannot-be-put-back` when the kernel could not put it back as it was. */
export function findAttachment(datapath: Datapath, key: Key, node: string): Found {
  for (const iface of datapath.interfaces) {
    for (const hook of iface.hooks) {
      const same = hook.entries.filter((one) => one.key === key);
      const [entry] = same;
      if (entry === undefined) continue;
      const program = datapath.programs.find(({ id }) => id === entry.prog_id) ?? null;
      const why = same.length > 1 ? "the picture names it more than once" : whyNot(entry, hook);
      if (why !== null) throw cannotBePutBack(node, iface, why);
      return { iface, hook, entry, program, ref: refOf(iface, hook, entry, program) };
    }
  }
  throw new BpfdeskError({
    code: "no-such-entry",
    message: `There is nothing to do on ${node}: this attachment is not in the last picture of it (any more).`,
    hint: "Look at the chain as it is now. Was it taken off before, or did its owner remove it?",
    node,
  });
}

function whyNot(entry: HookEntry, hook: Hook): string | null {
  if (entry.kind !== "bpf" || entry.prog_id === null) return `it is a ${entry.kind} filter without a BPF program`;
  if (entry.mechanism === "xdp") return entry.mode === null ? "its XDP mode is not known" : null;
  const others = hook.entries.filter((one) => one !== entry && one.mechanism === entry.mechanism);
  if (entry.mechanism !== "clsact") {
    const twice = others.some(({ prog_id, link_id }) => prog_id === entry.prog_id && link_id === entry.link_id);
    return twice ? "the same program is there twice, and the picture does not tell them apart" : null;
  }
  if (entry.pref === null || handleOf(entry) === null) return "its pref and handle are not known";
  if (protocolOf(entry) === null) return `its protocol (${entry.protocol}) is not known here`;
  if (entry.block !== null && entry.block !== 0) {
    return `it is on block ${entry.block}, which other interfaces share: it would be taken off those, too`;
  }
  // cls_bpf_change (net/sched/cls_bpf.c) adds a filter at the head of the list of its priority.
  const before = hook.entries.slice(0, hook.entries.indexOf(entry));
  const samePref = before.some(
    (one) => one.mechanism === "clsact" && one.pref === entry.pref && chainOf(one) === chainOf(entry),
  );
  return samePref
    ? "another filter of the same pref runs before it, and the kernel would put it back in front of that"
    : null;
}

const chainOf = (entry: HookEntry) => entry.chain ?? 0;

function handleOf({ handle }: HookEntry): number | null {
  const number = handle === null || !/^(?:0x[0-9a-f]{1,8}|[0-9]{1,10})$/i.test(handle) ? Number.NaN : Number(handle);
  return number > 0 && number <= 0xffffffff ? number : null;
}

function protocolOf({ protocol }: HookEntry): number | null {
  if (protocol === null) return PROTOCOLS.all ?? null;
  const numeric = /^\[(\d{1,5})\]$/.exec(protocol)?.[1];
  return Object.hasOwn(PROTOCOLS, protocol) ? (PROTOCOLS[protocol] ?? null) : numeric ? Number(numeric) : null;
}

function refOf(iface: Iface, hook: Hook, entry: HookEntry, program: Program | null): AttachmentRef {
  const filter =
    entry.mechanism === "clsact"
      ? {
          pref: entry.pref ?? 0,
          handle: handleOf(entry) ?? 0,
          chain: chainOf(entry),
          protocol: protocolOf(entry) ?? 0,
        }
      : {};
  return {
    entry: entry.key,
    mechanism: entry.mechanism,
    direction: DIRECTIONS[hook.hook],
    ifname: iface.name,
    ifindex: iface.ifindex,
    netns: iface.netns,
    prog_id: entry.prog_id ?? 0,
    prog_name: program?.name ?? "",
    ...filter,
  };
}

/** Is this entry the attachment, wherever the picture is from? A link does not count. */
export function attachedAs(hook: Hook, entry: HookEntry, ref: AttachmentRef): boolean {
  const same =
    entry.mechanism === ref.mechanism && DIRECTIONS[hook.hook] === ref.direction && entry.prog_id === ref.prog_id;
  if (ref.mechanism !== "clsact" || !same) return same;
  return (
    entry.pref === ref.pref &&
    handleOf(entry) === ref.handle &&
    chainOf(entry) === ref.chain &&
    protocolOf(entry) === ref.protocol
  );
}

function cannotBePutBack(node: string, iface: Iface, why: string): BpfdeskError {
  return new BpfdeskError({
    code: "cannot-be-put-back",
    message: `bpfdesk does not take this off ${iface.name} of ${node}: ${why}.`,
    hint: "What could not be put back as it was is left to its owner, or to a person at the node.",
    node,
  });
}
