/**
 * Joins what was sent again with what was dropped, connection by connection. Only packets of the very connections count: a
 * program that drops others' packets, even to the same destination, is no cause.
 *
 * Dropped on the way to the peer, a segment is sent again. Dropped on the way back, an acknowledgement seldom has that
 * effect: it explains handshakes (the SYN-ACK is the answer) and otherwise, at most in part, timers that ran out.
 */
import { classOf, type DropClass } from "./drop-classes.ts";
import { type Connection, connectionKey, type DropFlow, type Retransmission, reversed } from "./records.ts";

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
  /** Part of all their retransmissions that these drops account for, 0 to 1; and that only drops on the way back do. */
  explained: number;
  explained_back: number;
}

export interface Matching {
  /** Segments of the affected connections that were sent again, of those told one by one. */
  retrans: number;
  connections: number;
  /** Most explained first. */
  places: DropPlace[];
  /** Part that all places together account for. */
  explained: number;
  /** TCP segments that were dropped of other connections, by class: what is no cause. */
  others: ReadonlyMap<DropClass, number>;
  /**
   * Drops of packets from the same address and port to another address: after a service address was translated they may
   * be of the same connection.
   */
  translated: DropFlow[];
}

interface Again {
  segments: number;
  handshakes: number;
  timers: number;
}

/** `each`: retransmissions that one that was told stands for, when only a part of them was. */
export function matchingOf(events: readonly Retransmission[], flows: readonly DropFlow[], each = 1): Matching {
  const again = againOf(events, each);
  const senders = new Set(events.map(({ saddr, sport }) => `${saddr} ${sport}`));
  const groups = new Map<string, { class: DropClass; flows: DropFlow[] }>();
  const others = new Map<DropClass, number>();
  const translated: DropFlow[] = [];
  for (const flow of flows) {
    const its = classOf(flow);
    if (again.has(connectionKey(flow)) || again.has(connectionKey(reversed(flow)))) {
      const key = `${its} ${flow.netns} ${flow.ifindex} ${its === "tc" ? directionOf(flow) : ""}`;
      const group = groups.get(key) ?? { class: its, flows: [] };
      group.flows.push(flow);
      groups.set(key, group);
      continue;
    }
    others.set(its, (others.get(its) ?? 0) + flow.segments);
    if (senders.has(`${flow.saddr} ${flow.sport}`)) translated.push(flow);
  }
  const retrans = [...again.values()].reduce((so, one) => so + one.segments, 0);
  const places = [...groups.values()]
    .map((group) => placeOf(group.class, group.flows, again, retrans))
    .toSorted((a, b) => b.explained + b.explained_back - (a.explained + a.explained_back));
  const all = placeOf(
    "other",
    places.flatMap((place) => place.flows),
    again,
    retrans,
  );
  return { retrans, connections: again.size, places, explained: all.explained, others, translated };
}

/** Of a filter of tc, by the kernel's reason; null where it gives none. */
export function directionOf({ reason, location }: Pick<DropFlow, "reason" | "location">): "ingress" | "egress" | null {
  if (/INGRESS/.test(reason)) return "ingress";
  if (/EGRESS/.test(reason)) return "egress";
  return reason === "" && /ingress|receive_skb/.test(location) ? "ingress" : null;
}

/** How much of what was sent again the drops of these packets account for. */
export function explainedBy(
  dropped: readonly (Connection & { segments: number })[],
  again: ReadonlyMap<string, Again>,
): { towards: number; back: number; by_loss: number; by_silence: number } {
  const ways = new Map<string, { towards: number; back: number }>();
  const way = (key: string) => {
    const found = ways.get(key) ?? { towards: 0, back: 0 };
    ways.set(key, found);
    return found;
  };
  for (const flow of dropped) {
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

function placeOf(its: DropClass, flows: DropFlow[], again: ReadonlyMap<string, Again>, retrans: number): DropPlace {
  const [first] = flows;
  const { towards, back, by_loss, by_silence } = explainedBy(flows, again);
  return {
    class: its,
    ...{ netns: first?.netns ?? "", ifindex: first?.ifindex ?? 0, device: first?.device ?? null },
    reasons: [...new Set(flows.flatMap(({ reason }) => (reason === "" ? [] : [reason])))],
    locations: [...new Set(flows.map(({ location }) => location))],
    ...{ flows, towards, back },
    explained: retrans === 0 ? 0 : by_loss / retrans,
    explained_back: retrans === 0 ? 0 : by_silence / retrans,
  };
}
