/** Places of this node that drop, other than programs on hooks: what each is called and what a drop there means. */
import type { Evidence, RunbookVerdict } from "../../../types.ts";
import type { Case } from "../case.ts";
import type { DropClass } from "../drop-classes.ts";
import { ifaceAt, ifaceOf } from "../interfaces.ts";
import type { DropPlace } from "../matches.ts";
import { EXPLAINS, PART } from "../thresholds.ts";
import { counted, seen, TRANSLATED, UNTRANSLATED, verdict } from "../words.ts";
import { conntrackGap, conntrackSigns } from "./conntrack.ts";
import { cardSigns, memorySigns, queueSigns, type Sign, softnetSigns } from "./counters.ts";
import { ownPlaces, placeVerdict } from "./place.ts";

interface About {
  kind: string;
  /** What it is, where no drop names a place. */
  title: string;
  means: string;
  /** Counters that speak of it: shown with a drop, and asked when drops could not be seen. */
  signs?: (found: Case) => Sign[];
  /** What keeps a drop there from being told from another cause with the same reason, or null. */
  gap?: (found: Case, netns: string) => string | null;
  /** Told also when there is no drop: a person wants to know that it was looked at. */
  always: boolean;
}

type Told = Exclude<DropClass, "tc" | "xdp" | "tx" | "mtu">;

const CLASSES: Readonly<Record<Told, About>> = {
  qdisc: {
    kind: "qdisc-drop",
    title: "queueing disciplines",
    means: "A queue of this node was full, or its discipline drops on purpose: the cause is on this node.",
    signs: queueSigns,
    always: true,
  },
  device: {
    kind: "device-drop",
    title: "network cards and drivers",
    means: "The device or its driver had no room for the packets or was not ready: the cause is on this node.",
    signs: cardSigns,
    always: true,
  },
  softnet: {
    kind: "softnet-drop",
    title: "the CPUs' receive queues (softnet)",
    means:
      "A CPU's queue of received packets was full (net.core.netdev_max_backlog): it does not keep up. The cause is on this node.",
    signs: softnetSigns,
    always: true,
  },
  netfilter: {
    kind: "netfilter-drop",
    title: "netfilter and connection tracking",
    means:
      "A rule of iptables, nftables or IPVS dropped them: the cause is a rule on this node, which may well be meant.",
    signs: conntrackSigns,
    gap: conntrackGap,
    always: true,
  },
  memory: {
    kind: "receive-memory",
    title: "memory of the receiving sockets",
    means:
      "The receiving socket is on this node and had no memory left: its process does not read fast enough, or net.ipv4.tcp_rmem or tcp_mem is too small.",
    signs: memorySigns,
    always: true,
  },
  neighbour: {
    kind: "no-neighbour",
    title: "neighbours (ARP, ND)",
    means: "The next hop does not answer ARP or neighbour discovery: that host or its link is down.",
    always: false,
  },
  "no-route": {
    kind: "no-route",
    title: "routes",
    means: "This node has no route for them, or the reverse path filter refused them: the cause is on this node.",
    always: false,
  },
  cgroup: {
    kind: "cgroup-drop",
    title: "programs of cgroups and sockets",
    means: "A program of a cgroup, a socket filter or a security module refused them: the cause is on this node.",
    always: false,
  },
  "no-socket": {
    kind: "no-socket",
    title: "connections the receiver does not have",
    means: "The receiver is on this node and has no such connection any more: half-open. It answers with a reset.",
    always: false,
  },
  listen: {
    kind: "accept-queue",
    title: "queues of new connections",
    means:
      "The listening socket is on this node and its queue of new connections is full: its process does not accept fast enough.",
    always: false,
  },
  other: {
    kind: "other-drop",
    title: "other places of this node",
    means: "The kernel of this node dropped them, at a place this book has no words for: its name says more.",
    always: false,
  },
};

export function classVerdicts(found: Case): RunbookVerdict[] {
  return Object.entries(CLASSES).flatMap(([name, about]) => {
    const places = ownPlaces(found).filter((place) => place.class === name);
    if (places.length > 0) return places.map((place) => withDrops(found, place, name as Told, about));
    return about.always ? [withoutDrops(found, name as Told, about)] : [];
  });
}

/** Drops this book cannot read are a hint: what TCP has taken already is freed at some of these places, too. */
const ONLY_LIKELY: readonly string[] = ["other"];

function withDrops(found: Case, place: DropPlace, name: Told, about: About): RunbookVerdict {
  const iface = ifaceAt(found.datapath, place.netns, place.ifindex);
  const where = iface?.name ?? place.device;
  const signs = about.signs?.(found) ?? [];
  // A narrower name only when the counter behind it can account for these drops.
  const told = signs.find((sign) => sign.kind !== undefined && sign.count >= (place.towards + place.back) / 2);
  const made = placeVerdict(found, place, {
    id: `${name}:${place.netns}:${place.ifindex}`,
    subject: where === null ? about.title : `${where}: ${about.title}`,
    kind: told?.kind ?? about.kind,
    means: told?.means ?? about.means,
    evidence: signs.filter(({ count }) => count > 0).map(({ evidence }) => evidence),
  });
  const gap = ONLY_LIKELY.includes(name)
    ? "what the kernel frees at that place"
    : told === undefined
      ? (about.gap?.(found, place.netns) ?? null)
      : null;
  return gap !== null && made.verdict === "confirmed" ? { ...made, verdict: "likely", missing: [gap] } : made;
}

/** TCP's own drops happen where it receives: elsewhere they need not be seen. */
function memoryGap({ drops_gap, tcp_drops_gap, suspects, datapath }: Case): string | null {
  const isHere = suspects.some(({ rows }) => rows.some(({ daddr }) => ifaceOf(datapath, daddr) !== null));
  return isHere || datapath === null ? tcp_drops_gap : drops_gap;
}

/** No drop of these connections was seen there: that rules it out when every drop would have been seen. */
function withoutDrops(found: Case, name: Told, about: About): RunbookVerdict {
  const { drops, matching } = found;
  const drops_gap = name === "memory" ? memoryGap(found) : found.drops_gap;
  const signs = about.signs?.(found) ?? [];
  const grown = signs.filter(({ count }) => count > 0);
  const largest = Math.max(0, ...grown.filter(({ unseen }) => unseen || drops_gap !== null).map(({ count }) => count));
  const others = matching.others.get(name) ?? 0;
  const evidence: Evidence[] = [
    ...grown.map((sign) => sign.evidence),
    ...seen(
      others > 0
        ? `${counted(others, "segment")} of other connections were dropped there, of these none`
        : "no packet of these connections was dropped there",
      drops_gap === null ? drops : null,
      "flow",
    ),
  ];
  const names = { id: name, subject: about.title, kind: about.kind, evidence };
  const retrans = found.suspects.reduce((so, { figures }) => so + figures.retrans, 0);
  if (largest >= EXPLAINS * retrans) {
    return verdict({
      ...names,
      verdict: "likely",
      meaning: `${about.means} Its counters grew enough to account for it; whose packets those were they do not say.`,
      missing: drops_gap === null ? ["whose packets they were"] : [drops_gap],
    });
  }
  const translated = matching.translated.get(name) ?? 0;
  if (drops_gap === null && translated >= PART * retrans) {
    return verdict({
      ...names,
      verdict: translated >= EXPLAINS * retrans ? "likely" : "cannot_tell",
      meaning: `${counted(translated, "segment")} of other addresses were dropped there that may be these connections' own, translated: ${TRANSLATED}`,
      missing: [UNTRANSLATED],
    });
  }
  if (drops_gap === null) {
    const rest = grown.length > 0 ? " What its counters say is less than was sent again, or of other packets." : "";
    return verdict({ ...names, verdict: "ruled_out", meaning: `The storm does not come from there.${rest}` });
  }
  // Counters that were all read and did not grow rule it out without any tracer.
  const read = signs.length > 0 && signs.every(({ complete }) => complete);
  return verdict({
    ...names,
    verdict: read && grown.length === 0 ? "ruled_out" : "cannot_tell",
    meaning: read && grown.length === 0 ? "None of its counters grew." : "Whether it drops these packets is not known.",
    missing: read && grown.length === 0 ? [] : [drops_gap],
  });
}
