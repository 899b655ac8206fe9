/**
 * `ss -tinmHo`: a line of state, queues and addresses for each connection, and an indented one of what TCP knows of it
 * (tcp_show_info in iproute2's misc/ss.c). Words there come and go with the kernel and with what has happened: what is
 * not printed is null. An IPv4 address of an IPv6 socket is given as IPv4, as other tools name it.
 */
import { defineParser, type Parsed } from "../parse.ts";
import { splitLines, toInt } from "./lib/lines.ts";
import { quote, Warnings } from "./lib/warnings.ts";

export interface TcpSocketRow {
  /** As ss says it: `ESTAB`, `SYN-SENT`, `FIN-WAIT-1`, … */
  state: string;
  /** Bytes not read by its process, and bytes not acknowledged by the peer or not sent. */
  recv_q: number;
  send_q: number;
  saddr: string;
  sport: number;
  daddr: string;
  dport: number;
  /** `on` retransmission, `persist` zero window, `keepalive`, `timewait`; `count`: how often in a row it ran out. */
  timer: { name: string; count: number } | null;
  /** Bytes held for receiving, and how many may be. */
  rmem: number | null;
  rcvbuf: number | null;
  /** Packets that found no room in the socket. */
  drops: number | null;
  mss: number | null;
  pmtu: number | null;
  rto_ms: number | null;
  rtt_ms: number | null;
  cwnd: number | null;
  backoff: number | null;
  unacked: number | null;
  lost: number | null;
  /** Segments sent again since it began. */
  retrans_total: number | null;
  bytes_sent: number | null;
  bytes_retrans: number | null;
  bytes_acked: number | null;
  data_segs_out: number | null;
  /** Segments the peer has acknowledged. */
  delivered: number | null;
  /** Milliseconds since an acknowledgement came. */
  lastack_ms: number | null;
  /** Milliseconds for which the peer's window was too small. */
  rwnd_limited_ms: number | null;
  /** The peer's window in bytes; told by iproute2 since 5.19. */
  snd_wnd: number | null;
  /** Both lines, as they were printed. */
  raw: string;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "sockets.tcp": TcpSocketRow[];
  }
}

export default defineParser({ section: "sockets.tcp", lines: true, parse: sockets });

function sockets(text: string): Parsed<TcpSocketRow[]> {
  const warnings = new Warnings();
  const value: TcpSocketRow[] = [];
  let head: { line: string; at: number } | null = null;
  const odd = (line: string, at: number) =>
    warnings.add("odd-line", `Not understood: ${quote(line)}.`, `line ${at + 1}`);
  splitLines(text).forEach((line, at) => {
    if (line.trim() === "") return;
    if (!/^\s/.test(line)) {
      if (head) odd(head.line, head.at);
      head = { line, at };
      return;
    }
    const row = head && socketOf(head.line, line);
    if (row) value.push(row);
    else odd(head?.line ?? line, head?.at ?? at);
    head = null;
  });
  if (head) odd((head as { line: string }).line, (head as { at: number }).at);
  return { value, warnings: warnings.list() };
}

function socketOf(head: string, info: string): TcpSocketRow | null {
  const [state = "", recvQ, sendQ, local = "", remote = "", ...rest] = head.trim().split(/\s+/);
  const [here, there] = [addressOf(local), addressOf(remote)];
  const [recv_q, send_q] = [toInt(recvQ), toInt(sendQ)];
  if (!here || !there || recv_q === null || send_q === null || !/^[A-Z0-9-]{1,20}$/.test(state)) return null;
  const words = new Map<string, string>();
  for (const word of info.trim().split(/\s+/)) {
    const colon = word.indexOf(":");
    if (colon > 0) words.set(word.slice(0, colon), word.slice(colon + 1));
  }
  const number = (name: string) => leading(words.get(name));
  const memory = memoryOf(words.get("skmem"));
  return {
    ...{ state, recv_q, send_q },
    ...{ saddr: here.address, sport: here.port, daddr: there.address, dport: there.port },
    timer: timerOf(rest.find((word) => word.startsWith("timer:"))),
    ...{ rmem: memory("r"), rcvbuf: memory("rb"), drops: memory("d") },
    ...{ mss: number("mss"), pmtu: number("pmtu"), rto_ms: number("rto"), rtt_ms: number("rtt"), cwnd: number("cwnd") },
    ...{ backoff: number("backoff"), unacked: number("unacked"), lost: number("lost") },
    // `retrans:3/41`: under way, and since the connection began.
    retrans_total: toInt(words.get("retrans")?.split("/")[1]),
    ...{ bytes_sent: number("bytes_sent"), bytes_retrans: number("bytes_retrans"), bytes_acked: number("bytes_acked") },
    ...{ data_segs_out: number("data_segs_out"), delivered: number("delivered"), lastack_ms: number("lastack") },
    ...{ rwnd_limited_ms: number("rwnd_limited"), snd_wnd: number("snd_wnd") },
    raw: `${head}\n${info}`,
  };
}

/** `10.0.0.1:80`, `[::ffff:10.0.0.1]:80`, `[fe80::1]%eth0:80`. */
function addressOf(text: string): { address: string; port: number } | null {
  const [, found = "", portText] = /^(.{1,100}):(\d{1,5}|\*)$/.exec(text) ?? [];
  if (portText === undefined) return null;
  const bare = found.replace(/%[^\]]*/, "").replace(/^\[|\]$/g, "");
  return { address: bare.replace(/^::ffff:(?=\d+\.)/i, ""), port: toInt(portText) ?? 0 };
}

/** `timer:(on,204ms,3)`. */
function timerOf(word: string | undefined): TcpSocketRow["timer"] {
  const [, name, count] = /^timer:\(([a-z]{1,20}),[^,()]*,(\d{1,4})\)$/.exec(word ?? "") ?? [];
  return name === undefined ? null : { name, count: toInt(count) ?? 0 };
}

/** `skmem:(r0,rb131072,…,d0)`: numbers behind one or two letters. */
function memoryOf(word: string | undefined): (name: string) => number | null {
  const found = new Map([...(word ?? "").matchAll(/([a-z]{1,2})(\d{1,16})/g)].map(([, name, value]) => [name, value]));
  return (name) => toInt(found.get(name));
}

/** The number a value begins with: `1.085/0.542`, `12ms(1.9%)`. */
function leading(text: string | undefined): number | null {
  const found = /^\d{1,15}(?:\.\d{1,9})?/.exec(text ?? "");
  return found ? Number(found[0]) : null;
}
