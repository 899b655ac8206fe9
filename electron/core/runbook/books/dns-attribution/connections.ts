/** The connection that followed an answer: by the same process, to an address of the answer, soon after it. TCP only. */
import type { TraceEvidence } from "../../types.ts";
import { gapsOf, numberOf, plainAddress, type Query, textOf } from "./queries.ts";

export interface Connection {
  start_us: number;
  pid: number;
  remote: string;
  rport: number;
  outcome: string;
}

export interface Connections {
  /** Null where nothing was traced. */
  trace_id: string | null;
  /** Why some may not be told. */
  gaps: string[];
  /** By process and address, by time. */
  of: ReadonlyMap<string, Connection[]>;
}

/** Clocks of two tracers differ by the time between reading a clock and the kernel's event. */
const SLACK_US = 20_000;

export function readConnections(trace: TraceEvidence | undefined): Connections {
  const of = new Map<string, Connection[]>();
  const seen = new Set<string>();
  for (const record of trace?.records.connection ?? []) {
    if (record.direction !== "connect") continue;
    const [pid, start_us, rport] = [numberOf(record.pid), numberOf(record.start_us), numberOf(record.rport)];
    const remote = textOf(record.remote);
    if (pid === null || start_us === null || rport === null || remote === null) continue;
    // It is told when it is established and again when it has ended.
    const id = [pid, start_us, record.local, record.lport, remote, rport].join(" ");
    if (seen.has(id)) continue;
    seen.add(id);
    const key = `${pid} ${plainAddress(remote)}`;
    const connection = { start_us, pid, remote: plainAddress(remote), rport, outcome: textOf(record.outcome) ?? "" };
    of.set(key, [...(of.get(key) ?? []), connection]);
  }
  for (const list of of.values()) list.sort((a, b) => a.start_us - b.start_us);
  const gaps = trace?.schema ? gapsOf(trace, "connection", "connections") : [];
  return { trace_id: trace?.schema ? trace.trace_id : null, gaps, of };
}

/** The first one within `follow_s` of the answer, null when there is none. */
export function followed(query: Query, { of }: Connections, follow_s: number): Connection | null {
  if (query.pid === null || query.latency_us === null) return null;
  const answered = query.time_us + query.latency_us;
  const found = query.addresses.flatMap((address) =>
    (of.get(`${query.pid} ${address}`) ?? []).filter(
      ({ start_us }) => start_us >= answered - SLACK_US && start_us <= answered + follow_s * 1e6,
    ),
  );
  return found.reduce<Connection | null>((first, one) => (first && first.start_us <= one.start_us ? first : one), null);
}

/** "10.1.2.3:443, 4 ms after the answer, established". */
export function connectionText({ remote, rport, start_us, outcome }: Connection, query: Query): string {
  const after = (start_us - query.time_us - (query.latency_us ?? 0)) / 1000;
  const address = remote.includes(":") ? `[${remote}]:${rport}` : `${remote}:${rport}`;
  return `${address}, ${Math.max(0, after).toFixed(after < 10 ? 1 : 0)} ms after the answer, ${outcome}`;
}
