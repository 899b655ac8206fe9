/** What the sections say before and after: counters that grew by as much as the scene tells. */
import type { CounterRow } from "../../../../parsers/lib/paired-lines.ts";
import type { RouteRow } from "../../../../parsers/net.route.ts";
import sockets from "../../../../parsers/sockets.tcp.ts";
import type { Reading } from "../../../types.ts";
import { CART, HOST, type Scene, WEB } from "./scene-types.ts";

const ROUTES: RouteRow[] = [
  { dst: "default", gateway: "192.0.2.1" },
  { dst: "10.245.0.0/16", gateway: "192.0.2.50" },
  { dst: "10.246.0.0/16", gateway: "192.0.2.51" },
].map((row) => ({ ...row, type: "unicast", dev: "eth0", metric: null, nexthops: [], raw: {} }));

export function readings(scene: Scene, after: boolean): Reading[] {
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
    ...scopes.flatMap(({ netns, scope }) => [
      conntrack === null
        ? reading("counters.conntrack_table", scope, null, "permission denied")
        : reading("counters.conntrack_table", scope, {
            count: (scope === "node" ? conntrack?.count : null) ?? 100,
            max: conntrack?.max ?? 65_536,
            counters: [{ name: "drop", value: grown((scope === "node" ? conntrack?.drop : null) ?? 0) }],
          }),
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
