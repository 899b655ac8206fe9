/** What `ss` says of a suspect's connections, and of their other ends when those are on this node, too. */
import type { TcpSocketRow } from "../../../parsers/sockets.tcp.ts";
import type { Evidence } from "../../types.ts";
import type { Readings } from "./readings.ts";
import type { Suspect } from "./suspects.ts";
import { read } from "./words.ts";

export interface Socket extends TcpSocketRow {
  netns: string;
  command_id: string;
}

const known = new WeakMap<Readings, Socket[]>();

function allSockets(readings: Readings): Socket[] {
  const before = known.get(readings);
  if (before) return before;
  const found = readings.scopes("sockets.tcp").flatMap((scope) => {
    const sockets = readings.after("sockets.tcp", scope);
    const netns = scope === "node" ? "" : scope.slice("netns:".length);
    return (sockets?.facts ?? []).map((one): Socket => ({ ...one, netns, command_id: sockets?.command_id ?? "" }));
  });
  known.set(readings, found);
  return found;
}

/** Of the suspect, most retransmissions first. `host_netns`: as the node's own sockets have no namespace in their scope. */
export function socketsOf(suspect: Suspect, readings: Readings, host_netns: string): Socket[] {
  return allSockets(readings)
    .filter((socket) =>
      suspect.rows.some(
        (row) =>
          row.daddr === socket.daddr &&
          (row.dport === null || row.dport === socket.dport) &&
          (row.lport === null || row.lport === socket.sport) &&
          row.netns === (socket.netns || host_netns),
      ),
    )
    .toSorted((a, b) => (b.retrans_total ?? 0) - (a.retrans_total ?? 0));
}

/** The other end of a connection, when its socket is on this node. */
export function peerOf(socket: Socket, readings: Readings): Socket | null {
  return (
    allSockets(readings).find(
      (one) =>
        one.saddr === socket.daddr &&
        one.sport === socket.dport &&
        one.daddr === socket.saddr &&
        one.dport === socket.sport,
    ) ?? null
  );
}

/** Null when every namespace was read; otherwise why not. */
export function socketsGap(suspects: readonly Suspect[], readings: Readings, host_netns: string): string | null {
  const places = new Set(suspects.flatMap(({ rows }) => rows.map(({ netns }) => netns)));
  for (const netns of places) {
    const problem = readings.problem("sockets.tcp", netns === host_netns ? "node" : `netns:${netns}`);
    if (problem !== null) return `ss of network namespace ${netns}: ${problem}`;
  }
  return null;
}

/** `ss: ESTAB 10.0.3.4:51022 → 10.0.0.7:443, rto 1600 ms, …` */
export function socketEvidence(socket: Socket): Evidence {
  const { saddr, sport, daddr, dport, timer, state, recv_q, send_q } = socket;
  const facts = [
    timer && `timer ${timer.name} ${timer.count} times in a row`,
    named("rtt", socket.rtt_ms, " ms"),
    named("rto", socket.rto_ms, " ms"),
    named("cwnd", socket.cwnd),
    named("mss", socket.mss),
    named("pmtu", socket.pmtu),
    named("unacked", socket.unacked),
    named("retransmitted", socket.retrans_total),
    named("lastack", socket.lastack_ms, " ms"),
    named("snd_wnd", socket.snd_wnd),
  ].filter((fact) => fact !== null && fact !== "");
  const text = `ss: ${state} ${saddr}:${sport} → ${daddr}:${dport}, Recv-Q ${recv_q}, Send-Q ${send_q}, ${facts.join(", ")}`;
  return read(text, socket.command_id);
}

const named = (name: string, value: number | null, unit = "") => (value === null ? null : `${name} ${value}${unit}`);
