/**
 * Joins what was sent again with what was dropped, connection by connection. Only packets of the very connections count: a
 * program that drops others' packets, even to the same destination, is no cause.
 *
 * Dropped on the way to the peer, a segment is sent again. Dropped on the way back, an acknowledgement seldom has that
 * effect: it explains handshakes (the SYN-ACK is the answer) and otherwise, at most in part, timers that ran out.
 */
import { classOf, type DropClass } from "./drop-classes.ts";
import { type Connection, connectionKey, type DropFlow, isLoopback, type Retransmission, reversed } from "./records.ts";

/** A place of this node that dropped packets of the affected connections. */
export interface DropPlace {
  class: DropClass;
  netns: string;
  ifindex: number;
  device: string | null;
  reasons: string[];
  locations: string[];
  flows: DropFlow[];
  /** Segments it dropped of them, towards the peer and on the way back. */
  towards: number;
  back: number;
  /** Part of the retransmissions of the storms it touches that its drops account for; and that only those on the way back do. */
  explained: number;
  explained_back: number;
  /** Of the storms it touches: segments sent again, and connections that did so. */
  retrans: number;
  connections: number;
}

export interface Matching {
  /** Most explained first. */
  places: DropPlace[];
  /** Segments that were dropped of other connections, by class: what is no cause. */
  others: ReadonlyMap<DropClass, number>;
  /**
   * Segments by class that may be of these connections under another address: from the same address and port to elsewhere
   * (a service address was translated), or from the node's own address to the same one (the pod's was).
   */
  translated: ReadonlyMap<DropClass, number>;
}

/** Retransmissions that belong together, such as those to one destination. `each`: how many one that was told stands for. */
export interface Storm {
  events: readonly Retransmission[];
  each: number;
}

/** `own`: the node's own addresses. */
export function matchingOf(storms: readonly Storm[], flows: readonly DropFlow[], own: ReadonlySet<string>): Matching {
  const again = storms.map(({ events, each }) => againOf(events, each));
  const all = new Map(again.flatMap((one) => [...one]));
  const mayBe = translatedOf(
    storms.flatMap(({ events }) => events),
    own,
  );
  const groups = new Map<string, { class: DropClass; flows: DropFlow[] }>();
  const others = new Map<DropClass, number>();
  const translated = new Map<DropClass, number>();
  for (const flow of flows) {
    const its = classOf(flow);
    if (isOf(flow, all)) {
      const key = `${its} ${flow.netns} ${flow.ifindex} ${its === "tc" ? directionOf(flow) : ""}`;
      const group = groups.get(key) ?? { class: its, flows: [] };
      group.flows.push(flow);
      groups.set(key, group);
      continue;
    }
    others.set(its, (others.get(its) ?? 0) + flow.segments);
    if (mayBe(flow)) translated.set(its, (translated.get(its) ?? 0) + flow.segments);
  }
  const places = [...groups.values()]
    .map((group) => placeOf(group.class, group.flows, again))
    .toSorted((a, b) => b.explained + b.explained_back - (a.explained + a.explained_back));
  return { places, others, translated };
}

/** Towards the peer only: on the way back drops explain little. */
function translatedOf(events: readonly Retransmission[], own: ReadonlySet<string>): (flow: Packets) => boolean {
  const outward = events.filter(({ daddr }) => !isLoopback(daddr));
  const senders = new Set(outward.map(({ saddr, sport }) => `${saddr} ${sport}`));
  const receivers = new Set(
    outward.filter(({ saddr }) => !own.has(saddr)).map(({ daddr, dport }) => `${daddr} ${dport}`),
  );
  return ({ proto, saddr, sport, daddr, dport }) =>
    proto === "tcp" && (senders.has(`${saddr} ${sport}`) || (own.has(saddr) && receivers.has(`${daddr} ${dport}`)));
}

/** Of one flow. */
type Packets = Connection & { proto: string; netns: string };

/** A packet of one of the connections, either way. */
export function isOf(flow: Packets, again: ReadonlyMap<string, Again>): boolean {
  return flow.proto === "tcp" && (again.has(connectionKey(flow)) || again.has(connectionKey(reversed(flow))));
}

/**
 * How far drops account for the storms they touch: of other storms they are no cause and need not be one. Of all
 * retransmissions of those storms, the parts that losses on the way there, and at most those on the way back, explain.
 */
export function shareOf(
  dropped: readonly (Packets & { segments: number })[],
  storms: readonly ReadonlyMap<string, Again>[],
): Pick<DropPlace, "towards" | "back" | "explained" | "explained_back" | "retrans" | "connections"> {
  const touched = storms.filter((again) => dropped.some((flow) => isOf(flow, again)));
  const again = new Map(touched.flatMap((one) => [...one]));
  const retrans = [...again.values()].reduce((so, { segments }) => so + segments, 0);
  const { towards, back, by_loss, by_silence } = explainedBy(dropped, again);
  const part = (of: number) => (retrans === 0 ? 0 : of / retrans);
  const shares = { explained: part(by_loss), explained_back: part(by_silence) };
  return { towards, back, ...shares, retrans: Math.round(retrans), connections: again.size };
}

/** Segments of one connection that were sent again: all, those of handshakes, and those nothing came back for. */
export interface Again {
  segments: number;
  handshakes: number;
  timers: number;
}

/** Of a filter of tc, by the kernel's reason; null where it gives none. */
export function directionOf({ reason, location }: Pick<DropFlow, "reason" | "location">): "ingress" | "egress" | null {
  if (/INGRESS/.test(reason)) return "ingress";
  if (/EGRESS/.test(reason)) return "egress";
  return reason === "" && /ingress|receive_skb/.test(location) ? "ingress" : null;
}

function explainedBy(
  dropped: readonly (Packets & { segments: number })[],
  again: ReadonlyMap<string, Again>,
): { towards: number; back: number; by_loss: number; by_silence: number } {
  const ways = new Map<string, { towards: number; back: number }>();
  const way = (key: string) => {
    const found = ways.get(key) ?? { towards: 0, back: 0 };
    ways.set(key, found);
    return found;
  };
  for (const flow of dropped.filter((one) => isOf(one, again))) {
    const forward = connectionKey(flow);
    if (again.has(forward)) way(forward).towards += flow.segments;
    else way(connectionKey(reversed(flow))).back += flow.segments;
  }
  const sums = { towards: 0, back: 0, by_loss: 0, by_silence: 0 };
  for (const [key, { towards, back }] of ways) {
    const { segments, handshakes, timers } = again.get(key) ?? { segments: 0, handshakes: 0, timers: 0 };
    const lost = Math.min(segments, towards);
    // A SYN whose answer was dropped is sent again as surely as one that was dropped itself.
    const unanswered = Math.min(segments - lost, handshakes, back);
    sums.towards += towards;
    sums.back += back;
    sums.by_loss += lost + unanswered;
    sums.by_silence += Math.min(segments - lost - unanswered, timers, back - unanswered);
  }
  return sums;
}

/** By connection, towards the peer. */
export function againOf(events: readonly Retransmission[], each = 1): Map<string, Again> {
  const again = new Map<string, Again>();
  for (const event of events) {
    const key = connectionKey(event);
    const found = again.get(key) ?? { segments: 0, handshakes: 0, timers: 0 };
    const segments = event.segments * each;
    found.segments += segments;
    if (event.kind === "syn" || event.kind === "synack") found.handshakes += segments;
    // `fast` is asked for by acknowledgements that did come.
    else if (event.kind !== "fast") found.timers += segments;
    again.set(key, found);
  }
  return again;
}

function placeOf(its: DropClass, flows: DropFlow[], again: readonly ReadonlyMap<string, Again>[]): DropPlace {
  const [first] = flows;
  return {
    class: its,
    ...{ netns: first?.netns ?? "", ifindex: first?.ifindex ?? 0, device: first?.device ?? null },
    reasons: [...new Set(flows.flatMap(({ reason }) => (reason === "" ? [] : [reason])))],
    locations: [...new Set(flows.map(({ location }) => location))],
    flows,
    ...shareOf(flows, again),
  };
}
