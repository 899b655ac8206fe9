/**
 * A small node with two pods and an uplink, and what two measurements of it brought, for this book's tests. A test names the
 * connections, the drops and whatever else it is about.
 */
import { aDatapath, aHook, aNode, anEntry, anIface, aPod, aProgram } from "../../../../model/testdata/make.ts";
import type { Datapath, Hook } from "../../../../model/types.ts";
import type { CounterRow } from "../../../../parsers/lib/paired-lines.ts";
import type { RouteRow } from "../../../../parsers/net.route.ts";
import sockets from "../../../../parsers/sockets.tcp.ts";
import type { Reading, RunbookVerdict, RunState, TraceEvidence } from "../../../types.ts";
import book from "../index.ts";
import { KINDS, type Kind } from "../records.ts";

export const HOST = "4026531840";
export const CART = { netns: "4026532001", address: "10.244.0.5", pod: "shop/cart" };
export const WEB = { netns: "4026532002", address: "10.244.0.6", pod: "shop/web" };
export const NODE = { netns: HOST, address: "192.0.2.10", pod: null };
/** Not of this node. */
export const PEER = "10.245.1.7";

/** Traffic of one process to one destination: a connection unless `connections` says otherwise. */
export interface Traffic {
  from?: { netns: string; address: string; pod: string | null };
  to?: string;
  dport?: number;
  /** The peer connected to this port; `dport` is its own then. */
  lport?: number;
  comm?: string;
  sent: number;
  /** Segments sent again, by kind. */
  again?: Partial<Record<Kind, number>>;
  connections?: number;
  /** Nothing was ever acknowledged. */
  unanswered?: boolean;
  /** Ports on this side begin here. */
  sport?: number;
  /** Of the retransmissions only so many are told one by one. */
  told?: number;
}

/** Packets of one connection that were dropped. */
export interface Dropped {
  of: Traffic;
  /** Which of its connections; the first unless told. */
  nth?: number;
  back?: boolean;
  count: number;
  reason?: string;
  location?: string;
  at?: { netns: string; ifindex: number; device: string } | null;
}

export const LXC_CART = { netns: HOST, ifindex: 10, device: "lxc_cart" };
export const LXC_WEB = { netns: HOST, ifindex: 11, device: "lxc_web" };
export const UPLINK = { netns: HOST, ifindex: 2, device: "eth0" };

export interface Scene {
  inputs?: Record<string, string>;
  traffic: Traffic[];
  drops?: Dropped[];
  /** `places`: a kernel without reasons. */
  drops_variant?: "reasons" | "places";
  drops_trace?: Partial<TraceEvidence> | null;
  retrans_variant?: "sampled" | "closing";
  /** Lines of ss by namespace. */
  ss?: Record<string, string>;
  no_ss?: string;
  /** Growth of TCP's counters by namespace. */
  tcp?: Record<string, Record<string, number>>;
  /** Growth of counters of the node's cards, `eth0 rx_missed_errors`. */
  cards?: Record<string, number>;
  /** Drops of eth0's queue, and of softnet's, meanwhile. */
  queue?: number;
  softnet?: number;
  conntrack?: { count: number; max: number; drop: number };
  /** What programs dropped in the second measurement, by `netns:ifindex:direction`. */
  hooks?: Record<string, HookScene>;
  /** The second measurement's traffic; the first's unless told. */
  later?: Traffic[];
  xdp?: boolean;
  /** The cart pod has a second interface, `wire` to 10.9.7.0/24, whose other end is not on this node. */
  wire?: boolean;
  /** More programs on the ingress of the cart pod's interface. */
  second_program?: boolean;
  datapath?: null;
}

export interface HookScene {
  variant?: "fexit" | "hook";
  complete?: boolean;
  drops: {
    of: Traffic;
    nth?: number;
    back?: boolean;
    count: number;
    prog_id?: number;
    name?: string;
    verdict?: string;
  }[];
}

/** The state before the last two steps. */
export function aState(scene: Scene): RunState {
  const { inputs = {}, traffic, hooks = {} } = scene;
  return {
    node: { name: "node", label: "node-1", root: true },
    started_at: 0,
    inputs: { seconds: "30", ...inputs },
    datapath: scene.datapath === null ? null : aPicture(scene),
    previous: null,
    collect_command_id: "picture",
    traces: {
      watch: {
        retrans: retransTrace("t-retrans", traffic, scene),
        ...(scene.drops_trace === null ? {} : { drops: dropsTrace(scene) }),
      },
      hooks: {
        retrans: retransTrace("t-retrans-2", scene.later ?? traffic, scene),
        ...Object.fromEntries(Object.entries(hooks).map(([id, hook]) => [id, hookTrace(id, hook)])),
      },
    },
    readings: { watch: { before: readings(scene, false), after: readings(scene, true), for_s: 30 } },
    answers: {},
    left_out: {},
    changes: [],
    verdicts: [],
  };
}

/** What every examining and proposing step says, as the engine would merge it. */
export function concluded(scene: Scene): RunbookVerdict[] {
  let state = aState(scene);
  for (const step of book.steps) {
    if (step.when && step.when(state) !== true) continue;
    const fresh = step.kind === "examine" ? step.examine(state) : step.kind === "propose" ? step.propose(state) : [];
    const kept = state.verdicts.filter(({ id }) => !fresh.some((one) => one.id === id));
    state = { ...state, verdicts: [...kept, ...fresh] };
  }
  return [...state.verdicts];
}

/** `tc:… confirmed tc-drop`, of those that are not ruled out, in order of their ids. */
export function brief(verdicts: readonly RunbookVerdict[]): string[] {
  return verdicts
    .filter(({ verdict }) => verdict !== "ruled_out")
    .map(({ id, verdict, kind }) => `${id} ${verdict} ${kind}`)
    .sort();
}

export function aPicture({ xdp, second_program, wire }: Scene): Datapath {
  const own = (id: string, prog_id: number, order = 1) => anEntry(id, { prog_id, order });
  const pair = (at: typeof LXC_CART, pod: typeof CART, ingress: Hook, egress: Hook) => [
    anIface(at.ifindex, at.device, {
      pod: `pod:${pod.pod}`,
      pod_host_end: true,
      peer: `if:${pod.netns}:2`,
      hooks: [ingress, egress],
    }),
    anIface(2, "eth0", {
      key: `if:${pod.netns}:2`,
      netns: pod.netns,
      host_netns: false,
      peer: `if:${HOST}:${at.ifindex}`,
      pod: `pod:${pod.pod}`,
      addresses: [`${pod.address}/32`],
    }),
  ];
  const more = second_program ? [own("stale", 19, 2)] : [];
  return aDatapath({
    node: aNode({ host_netns: HOST }),
    netns: [HOST, CART.netns, WEB.netns].map((inode) => ({
      inode,
      name: null,
      host: inode === HOST,
      pid: 1,
      pod: null,
    })),
    interfaces: [
      anIface(1, "lo", { kind: "loopback", addresses: ["127.0.0.1/8"] }),
      anIface(2, "eth0", {
        kind: "ether",
        addresses: ["192.0.2.10/24"],
        hooks: xdp
          ? [aHook("xdp", "xdp ingress (out → host)", [anEntry("xdp", { mechanism: "xdp", prog_id: 30 })])]
          : [],
      }),
      ...pair(
        LXC_CART,
        CART,
        aHook("tc_ingress", "ingress (pod → out)", [own("from-cart", 11), ...more]),
        aHook("tc_egress", "egress (out → pod)", [own("to-cart", 12)]),
      ),
      ...pair(
        LXC_WEB,
        WEB,
        aHook("tc_ingress", "ingress (pod → out)", [own("from-web", 13)]),
        aHook("tc_egress", "egress (out → pod)", [own("to-web", 14)]),
      ),
      ...(wire ? [anIface(3, "wire", { key: `if:${CART.netns}:3`, netns: CART.netns, host_netns: false })] : []),
    ],
    programs: [
      aProgram(11, { name: "cil_from_container" }),
      aProgram(12, { name: "cil_to_container" }),
      aProgram(13, { name: "cil_from_container" }),
      aProgram(14, { name: "cil_to_container" }),
      aProgram(19, { name: "old_from_container" }),
      aProgram(30, { name: "xdp_entry", type: "xdp" }),
    ],
    pods: [CART, WEB].map(({ pod, netns }) => {
      const [namespace = "", name = ""] = pod.split("/");
      return aPod(pod, { namespace, name, netns });
    }),
  });
}

interface Ports {
  saddr: string;
  sport: number;
  daddr: string;
  dport: number;
}

function connection({ from = CART, to = PEER, dport = 443, lport, sport = 40_000 }: Traffic, nth: number): Ports {
  const own = { saddr: from.address, sport: lport ?? sport + nth, daddr: to };
  return { ...own, dport: lport === undefined ? dport : dport + nth };
}

const SUMMARY = {
  record: "summary",
  time_us: 0,
  duration_ms: 30_000,
  ended: "time",
  events: 0,
  lost: 0,
  evicted: 0,
  thinned: 0,
  cost: null,
} as const;

function trace(trace_id: string, tracer: string, variant: string, records: TraceEvidence["records"]): TraceEvidence {
  const about = {
    protocol: 1 as const,
    tracer,
    version: "1",
    arch: "x86_64",
    kernel: "6.12",
    proves: "",
    fallbacks: [],
  };
  const schema = { ...about, record: "schema" as const, variant, params: {}, records: {}, started_us: 0 };
  return { trace_id, tracer, schema, summary: SUMMARY, error: null, records, dropped: {} };
}

function retransTrace(id: string, traffic: Traffic[], { retrans_variant = "sampled" }: Scene): TraceEvidence {
  return trace(id, "retrans", retrans_variant, {
    destination: traffic.map((one) => {
      const { from = CART, to = PEER, dport = 443, lport, comm = "app", sent, again = {}, connections = 1 } = one;
      const kinds = Object.fromEntries(KINDS.map((kind) => [kind, again[kind] ?? 0]));
      const segs_retrans = Object.values(again).reduce((so, count) => so + count, 0);
      const ports = lport === undefined ? { dport, lport: null } : { dport: null, lport };
      const srtt_avg_us = one.unanswered ? null : 1000;
      const owner = { pid: 77, comm, pod: from.pod, netns: Number(from.netns) };
      return {
        daddr: to,
        ...ports,
        ...owner,
        segs_sent: sent,
        segs_retrans,
        refused: 0,
        connections,
        srtt_avg_us,
        ...kinds,
      };
    }),
    retransmit: traffic.flatMap((one) => {
      const { from = CART, comm = "app", again = {}, connections = 1, told } = one;
      const events = Object.entries(again).flatMap(([kind, count]) => Array.from({ length: count }, () => kind));
      const share = told === undefined ? events : events.slice(0, told);
      return share.map((kind, at) => ({
        ...{ kind, segments: 1, sent: true, netns: Number(from.netns), pod: from.pod, pid: 77, comm, timeouts: 1 },
        ...connection(one, at % connections),
      }));
    }),
    overall: [],
  });
}

const flow = ({ saddr, sport, daddr, dport }: Ports, back: boolean) =>
  back ? { src: daddr, sport: dport, dst: saddr, dport: sport } : { src: saddr, sport, dst: daddr, dport };

function dropsTrace({ drops = [], drops_variant = "reasons", drops_trace }: Scene): TraceEvidence {
  const rows = drops.map(
    ({ of, nth = 0, back = false, count, reason = "TC_INGRESS", location = "tc_run", at = LXC_CART }) => ({
      ...flow(connection(of, nth), back),
      ...{ proto: "tcp", reason: drops_variant === "reasons" ? reason : null, location },
      ...{
        device: at?.device ?? null,
        ifindex: at?.ifindex ?? 0,
        netns: Number(at?.netns ?? of.from?.netns ?? CART.netns),
      },
      ...{ packets: count, segments: count },
    }),
  );
  return { ...trace("t-drops", "drops", drops_variant, { flow: rows }), ...drops_trace };
}

function hookTrace(id: string, { variant = "fexit", complete = true, drops }: HookScene): TraceEvidence {
  const fexit = variant === "fexit";
  return trace(`t-${id}`, "verdict", variant, {
    flow: drops.map(
      ({ of, nth = 0, back = false, count, prog_id = 11, name = "cil_from_container", verdict = "TC_ACT_SHOT" }) => ({
        ...flow(connection(of, nth), back),
        ...{ proto: "tcp", count },
        ...(fexit ? { prog_id, name, verdict } : { prog_id: null, name: null, verdict: "drop" }),
      }),
    ),
    hook: fexit ? [] : [{ drops: drops.reduce((so, { count }) => so + count, 0), complete }],
  });
}

const ROUTES: RouteRow[] = [
  { dst: "default", gateway: "192.0.2.1" },
  { dst: "10.245.0.0/16", gateway: "192.0.2.50" },
  { dst: "10.246.0.0/16", gateway: "192.0.2.51" },
].map((row) => ({ ...row, type: "unicast", dev: "eth0", metric: null, nexthops: [], raw: {} }));

function readings(scene: Scene, after: boolean): Reading[] {
  const { ss = {}, no_ss, tcp = {}, cards = {}, queue = 0, softnet = 0, conntrack } = scene;
  const grown = (count: number) => (after ? 1000 + count : 1000);
  const reading = (
    section: string,
    scope: Reading["scope"],
    facts: unknown,
    problem: string | null = null,
  ): Reading => ({
    ...{ section, scope, facts, problem, command_id: after ? "after" : "before" },
  });
  const scopes = [HOST, CART.netns, WEB.netns].map((netns) => ({
    netns,
    scope: (netns === HOST ? "node" : `netns:${netns}`) as Reading["scope"],
  }));
  const names = Object.keys(cards).length > 0 ? Object.keys(cards) : ["eth0 rx_missed_errors"];
  return [
    reading("counters.softnet", "node", [{ cpu: 0, processed: 5, dropped: grown(softnet), time_squeeze: 7 }]),
    reading(
      "counters.nic",
      "node",
      names.map((name) => {
        const [ifname, counter] = name.split(" ");
        return { ifname, counter, value: `${grown(cards[name] ?? 0)}` };
      }),
    ),
    reading("tc.qdisc", "node", [
      { kind: "fq_codel", handle: "0:", parent: null, dev: "eth0", drops: `${grown(queue)}` },
      { kind: "clsact", handle: "ffff:", parent: "ffff:fff1", dev: "lxc_cart", drops: `${grown(5000)}` },
    ]),
    reading("net.route", "node", ROUTES),
    reading("net.route", `netns:${CART.netns}`, [
      { dst: "default", gateway: "10.244.0.1", dev: "eth0", type: "unicast", metric: null, nexthops: [], raw: {} },
      ...(scene.wire
        ? [{ dst: "10.9.7.0/24", gateway: null, dev: "wire", type: "unicast", metric: null, nexthops: [], raw: {} }]
        : []),
    ]),
    reading("counters.conntrack_table", "node", {
      count: conntrack?.count ?? 100,
      max: conntrack?.max ?? 65_536,
      counters: [{ name: "drop", value: grown(conntrack?.drop ?? 0) }],
    }),
    ...scopes.flatMap(({ netns, scope }) => [
      reading(
        "counters.tcp",
        scope,
        Object.entries(tcp[netns] ?? { RetransSegs: 0 }).map(
          ([name, count]): CounterRow => ({ group: "TcpExt", name, value: `${grown(count)}` }),
        ),
      ),
      no_ss === undefined
        ? reading("sockets.tcp", scope, sockets.parse(ss[netns] ?? "").value)
        : reading("sockets.tcp", scope, null, no_ss),
    ]),
  ];
}
