/** Counters of this node that grow when packets are lost there, over the measurement. They do not say whose packets those were. */
import type { Scope } from "../../../../collect/frames.ts";
import type { SoftnetRow } from "../../../../parsers/counters.softnet.ts";
import type { Evidence } from "../../../types.ts";
import type { Case } from "../case.ts";
import { growth, type Readings, tcpGrowth } from "../readings.ts";
import { read } from "../words.ts";

export interface Sign {
  /** Packets, by this counter. */
  count: number;
  evidence: Evidence;
  /** True when a count of 0 means that nothing was lost in this way. */
  complete: boolean;
  /** True when no tracer would have seen these drops. */
  unseen?: boolean;
  /** A narrower name for what happened, when this counter grew. */
  kind?: string;
  means?: string;
}

/** Drops of queues on the interfaces the connections cross; clsact and ingress are no queues: those are programs' drops. */
export function queueSigns({ readings, crossed, datapath }: Case): Sign[] {
  return readings.scopes("tc.qdisc").flatMap((scope) => {
    const [before, after] = [readings.before("tc.qdisc", scope), readings.after("tc.qdisc", scope)];
    if (!before || !after) return [];
    const netns = netnsOf(scope, datapath?.node.host_netns);
    const names = new Set(crossed.filter((one) => one.netns === netns).map(({ name }) => name));
    return after.facts.flatMap(({ kind, handle, parent, dev, drops }): Sign[] => {
      if (dev === null || !names.has(dev) || kind === "clsact" || kind === "ingress") return [];
      const earlier = before.facts.find(
        (one) => one.dev === dev && one.kind === kind && one.handle === handle && one.parent === parent,
      );
      const count = growth(earlier?.drops, drops);
      return [{ count, complete: true, evidence: read(`qdisc ${kind} of ${dev}: ${count} dropped`, after.command_id) }];
    });
  });
}

/** What sysfs says of the node's own interfaces, and ip of those in other namespaces. */
export function cardSigns({ readings, crossed, datapath }: Case): Sign[] {
  return [
    ...cardCounters(readings, crossed, datapath?.node.host_netns),
    ...linkCounters(readings, crossed, datapath?.node.host_netns),
  ];
}

/** Counters that grow for packets nobody asked for, or that repeat others: no loss of a connection's. */
const NO_LOSS = new Set(["rx_nohandler"]);

function cardCounters(readings: Readings, crossed: Case["crossed"], host: string | undefined): Sign[] {
  const [before, after] = [readings.before("counters.nic", "node"), readings.after("counters.nic", "node")];
  if (!before || !after) return [];
  const names = new Set(crossed.filter(({ netns }) => netns === host).map(({ name }) => name));
  const earlier = new Map(before.facts.map(({ ifname, counter, value }) => [`${ifname} ${counter}`, value]));
  return after.facts.flatMap(({ ifname, counter, value }): Sign[] => {
    if (!names.has(ifname) || NO_LOSS.has(counter)) return [];
    const count = growth(earlier.get(`${ifname} ${counter}`), value);
    const evidence = read(`${ifname}: ${counter} grew by ${count}`, after.command_id);
    return [{ count, complete: true, unseen: isOfHardware(counter), evidence }];
  });
}

/** `*_dropped` is counted by the kernel and by drivers, and may be of packets of no known protocol; errors are the card's. */
const isOfHardware = (counter: string) => counter.endsWith("_errors");

function linkCounters(readings: Readings, crossed: Case["crossed"], host: string | undefined): Sign[] {
  return readings.scopes("net.link").flatMap((scope) => {
    const [before, after] = [readings.before("net.link", scope), readings.after("net.link", scope)];
    const netns = netnsOf(scope, host);
    if (!before || !after || netns === host) return [];
    const indices = new Set(crossed.filter((one) => one.netns === netns).map(({ ifindex }) => ifindex));
    return after.facts.flatMap(({ ifindex, ifname, rx, tx }): Sign[] => {
      if (!indices.has(ifindex)) return [];
      const earlier = before.facts.find((one) => one.ifindex === ifindex);
      const sign = (name: string, from: string | null | undefined, to: string | null | undefined): Sign => {
        const count = growth(from, to);
        const evidence = read(`${ifname} in ${scope}: ${name} grew by ${count}`, after.command_id);
        return { count, complete: true, unseen: name.endsWith("errors"), evidence };
      };
      return [
        sign("rx errors", earlier?.rx?.errors, rx?.errors),
        sign("tx errors", earlier?.tx?.errors, tx?.errors),
        sign("rx dropped", earlier?.rx?.dropped, rx?.dropped),
        sign("tx dropped", earlier?.tx?.dropped, tx?.dropped),
      ];
    });
  });
}

export function softnetSigns({ readings }: Case): Sign[] {
  const [before, after] = [readings.before("counters.softnet", "node"), readings.after("counters.softnet", "node")];
  if (!before || !after) return [];
  // A CPU that went offline meanwhile has no line: by number, where lines have one.
  const rows = after.facts.map((row, at) => ({
    row,
    earlier: before.facts.find((one, its) => (row.cpu === null ? its === at : one.cpu === row.cpu)),
  }));
  const sum = (of: (row: SoftnetRow) => number) =>
    rows.reduce((so, { row, earlier }) => so + growth(earlier && of(earlier), of(row)), 0);
  const [dropped, squeezed] = [sum((row) => row.dropped), sum((row) => row.time_squeeze)];
  const text = `softnet_stat: dropped grew by ${dropped}, time_squeeze by ${squeezed} (squeezed packets wait, they are not lost)`;
  return [{ count: dropped, complete: true, evidence: read(text, after.command_id) }];
}

/** Names of TcpExt that grow when a receiving socket has no room. */
const MEMORY = [
  "PruneCalled",
  "RcvPruned",
  "OfoPruned",
  "TCPRcvQDrop",
  "TCPOFODrop",
  "TCPBacklogDrop",
  "TCPZeroWindowDrop",
];
/** TCP as a whole ran out of memory (tcp_mem). */
const PRESSURE = "TCPMemoryPressures";

/** Of the namespaces that receive: a receiver elsewhere is not seen. */
export function memorySigns({ readings, matching, datapath, suspects }: Case): Sign[] {
  const host = datapath?.node.host_netns;
  const receiving = new Set([
    ...matching.places.flatMap((place) => (place.class === "memory" ? [place.netns] : [])),
    ...(datapath?.interfaces ?? [])
      .filter(({ addresses }) =>
        suspects.some(({ rows }) => rows.some(({ daddr }) => addresses.some((one) => one.split("/")[0] === daddr))),
      )
      .map(({ netns }) => netns),
  ]);
  return [...receiving].flatMap((netns) => {
    const scope: Scope = netns === host ? "node" : `netns:${netns}`;
    const counters = tcpGrowth(readings, scope);
    if (!counters) return [];
    const grown = [...MEMORY, PRESSURE]
      .map((name) => ({ name, count: counters.grew(name) }))
      .filter(({ count }) => count > 0);
    const text =
      grown.map(({ name, count }) => `${name} grew by ${count}`).join(", ") || "no counter of its memory grew";
    const count = grown.filter(({ name }) => name !== PRESSURE).reduce((so, one) => Math.max(so, one.count), 0);
    return [
      { count, complete: true, evidence: read(`TCP of network namespace ${netns}: ${text}`, counters.command_id) },
    ];
  });
}

export function netnsOf(scope: Scope, host: string | undefined): string {
  return scope === "node" ? (host ?? "") : scope.slice("netns:".length);
}
