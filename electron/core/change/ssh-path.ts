/**
 * Does the engineer's own connection cross an interface? From the addresses of the SSH session and the way back to the
 * client as the node's routes have it. What cannot be told is said, and counts as a risk.
 */
import type { Datapath, Iface } from "../model/types.ts";

/** The SSH session as the node sees it. */
export interface SshPath {
  /** The node's own address of the connection. */
  server: string;
  /** Interface of the route back to the client; null when the node did not say. */
  dev: string | null;
}

export interface Crossing {
  value: "yes" | "no" | "cannot_tell";
  why: string;
}

/** Behind these is another way of the node's own, which is not known here. */
const TUNNELS = new Set([
  "vxlan",
  "geneve",
  "wireguard",
  "tun",
  "gre",
  "gretap",
  "ip6gre",
  "ipip",
  "sit",
  "ip6tnl",
  "xfrm",
]);

/** `path`: null when the session's addresses are not known, `none` where there is no SSH connection. */
export function sshCrossing(datapath: Datapath, iface: Iface, path: SshPath | null | "none"): Crossing {
  if (path === "none") return { value: "no", why: "there is no SSH connection" };
  if (!iface.host_netns) return { value: "no", why: `${iface.name} is not in the node's own network namespace` };
  if (path === null) {
    if (iface.pod_host_end) return { value: "no", why: `${iface.name} leads to a pod` };
    return { value: "cannot_tell", why: "the node does not tell the addresses of this SSH session" };
  }
  const own = datapath.interfaces.filter(({ host_netns }) => host_netns);
  const ends = own.filter((one) => one.name === path.dev || one.addresses.some((text) => isAddress(text, path.server)));
  const crossed = behind(ends, own);
  if (crossed.has(iface.key)) {
    const [end] = ends;
    const by = end && end.key !== iface.key ? ` by way of ${end.name}` : "";
    return { value: "yes", why: `this SSH session (to ${path.server}) goes through ${iface.name}${by}` };
  }
  if (iface.pod_host_end) return { value: "no", why: `${iface.name} leads to a pod` };
  const tunnel = own.find((one) => crossed.has(one.key) && TUNNELS.has(one.kind));
  if (tunnel) return { value: "cannot_tell", why: `this SSH session goes through the tunnel ${tunnel.name}` };
  if (path.dev === null) return { value: "cannot_tell", why: "the route back to the SSH client is not known" };
  if (ends.length === 0) return { value: "cannot_tell", why: `${path.dev} is not in the picture` };
  return { value: "no", why: `this SSH session goes through ${ends.map(({ name }) => name).join(" and ")}` };
}

const isAddress = (text: string, address: string) => text.split("/")[0]?.toLowerCase() === address.toLowerCase();

/** Those, what they are made of (ports of a bridge or bond, the device below a VLAN), what they are part of, and other ends of pairs. */
function behind(ends: readonly Iface[], own: readonly Iface[]): Set<string> {
  const found = new Set<string>();
  const waiting = [...ends];
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    if (found.has(one.key)) continue;
    found.add(one.key);
    const { key, master, peer } = one;
    const lower = lowerOf(one);
    // A pod's pair on a bridge is not the way to the node.
    waiting.push(
      ...own.filter(
        (other) =>
          (other.master === key && !other.pod_host_end) ||
          other.key === master ||
          other.key === peer ||
          other.name === lower,
      ),
    );
  }
  return found;
}

/** Name of the device below, as `ip -d link` prints it for a VLAN, macvlan or ipvlan of the same namespace. */
function lowerOf({ origin, kind }: Iface): string | null {
  const { link } = (origin.raw ?? {}) as { link?: unknown };
  return typeof link === "string" && kind !== "veth" && kind !== "netkit" ? link : null;
}
