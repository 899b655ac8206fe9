/** What is run on the node for a change, as an argv; and what a person would type for the same by hand. */
import type { Datapath, HookEntry } from "../model/types.ts";
import type { AttachmentRef } from "./types.ts";

/** A namespace as the programs on the node find it; null for the node's own. */
export interface NetnsPath {
  path: string;
  /** To be sure that it is still the same one. */
  inode: string;
}

/** How the namespace of an interface is entered; `unknown` when the picture holds no way into it. */
export function netnsPath(datapath: Datapath, netns: string): NetnsPath | null | "unknown" {
  const space = datapath.netns.find(({ inode }) => inode === netns);
  if (space?.host) return null;
  if (space?.name) return { path: `/run/netns/${space.name}`, inode: netns };
  return space?.pid ? { path: `/proc/${space.pid}/ns/net`, inode: netns } : "unknown";
}

/** Of bpfdesk-change (bpf/change/main.c), without the program itself. */
export function changeArguments(ref: AttachmentRef, netns: NetnsPath | null, lease_s: number): string[] {
  return [
    ...["detach", "--ifindex", String(ref.ifindex), "--ifname", ref.ifname],
    ...["--kind", ref.mechanism, "--direction", ref.direction],
    ...["--prog-id", String(ref.prog_id)],
    ...(["pref", "handle", "chain", "protocol"] as const).flatMap((name) =>
      ref[name] === undefined ? [] : [`--${name}`, String(ref[name])],
    ),
    ...(netns === null ? [] : ["--netns", netns.path, "--netns-inode", netns.inode]),
    ...["--lease", String(lease_s)],
  ];
}

export const commandLine = (argv: readonly string[]): string => argv.map(word).join(" ");

/** A name of the node's is one word in a shell whatever is in it. */
function word(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

const XDP_WORDS = { native: "xdpdrv", generic: "xdpgeneric", offload: "xdpoffload" } as const;

/** A line to read: it has no way back. */
export function byHand(ref: AttachmentRef, entry: HookEntry, netns: NetnsPath | null): string {
  const inside = netns === null ? [] : ["nsenter", `--net=${netns.path}`];
  if (entry.mechanism !== "clsact" && entry.link_id) return `bpftool link detach id ${entry.link_id}`;
  switch (entry.mechanism) {
    case "xdp":
      return commandLine([...inside, "ip", "link", "set", "dev", ref.ifname, XDP_WORDS[entry.mode ?? "native"], "off"]);
    case "clsact": {
      const chain = ref.chain ? ["chain", String(ref.chain)] : [];
      const protocol = entry.protocol === null ? "all" : entry.protocol.replaceAll(/[[\]]/g, "");
      const place = [
        ...chain,
        "pref",
        String(ref.pref),
        "protocol",
        protocol,
        "handle",
        `0x${ref.handle?.toString(16)}`,
      ];
      return commandLine([...inside, "tc", "filter", "del", "dev", ref.ifname, ref.direction, ...place, "bpf"]);
    }
    default:
      return `(neither tc nor bpftool takes exactly program ${ref.prog_id} off ${entry.mechanism}: it has no link)`;
  }
}
