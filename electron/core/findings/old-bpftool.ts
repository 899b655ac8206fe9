/** A bpftool that is missing or older than the kernel: what it cannot show is not shown here either. */
import type { Datapath, NodeInfo } from "../model/types.ts";
import { defineFinding } from "./define.ts";
import { NODE_KEY } from "./lib/evidence.ts";

/**
 * Since which kernel something exists and since which bpftool `net show` lists it. bpftool 7.1 lists no
 * tcx and 7.5 does (both were run); tcx came with bpftool's 6.6 sources (7.3), netkit with 6.7 (7.4),
 * netfilter links with 6.4 (7.2).
 */
const HIDDEN = [
  { what: "tcx programs", kernel: [6, 6], bpftool: [7, 3], word: "tcx/" },
  { what: "netkit programs", kernel: [6, 7], bpftool: [7, 4], word: "netkit/" },
  { what: "netfilter programs", kernel: [6, 4], bpftool: [7, 2], word: "netfilter" },
] as const;

export default defineFinding({
  id: "old-bpftool",
  title: "bpftool missing, or older than the kernel",
  examine(datapath) {
    const { node } = datapath;
    // One that was lent is what listed the attachments.
    const named = (name: string) => node.tools.find((one) => one.name === name);
    const tool = named("bpftool (lent)") ?? named("bpftool");
    if (tool === undefined) return [];
    if (tool.path === null) {
      return datapath.programs.length > 0
        ? []
        : [finding(node, ["no bpftool on the node"], "Programs, maps and attachments cannot be listed without it.")];
    }
    const version = numbers(tool.version);
    const kernel = numbers(node.kernel);
    if (version === null || kernel === null) return [];
    const hidden = HIDDEN.filter(
      (one) => !before(kernel, one.kernel) && before(version, one.bpftool) && !seen(datapath, one.word),
    );
    if (hidden.length === 0) return [];
    const what = hidden.map((one) => one.what).join(", ");
    const evidence = [`bpftool: ${tool.version}`, `kernel ${node.kernel}`];
    return [
      finding(node, evidence, `This bpftool does not list ${what}. There may be some on this node that are not shown.`),
    ];
  },
});

function finding(node: NodeInfo, evidence: string[], meaning: string) {
  const subject_name = node.hostname === "" ? "this node" : node.hostname;
  return {
    id: "old-bpftool",
    severity: "info" as const,
    subject: NODE_KEY,
    subject_name,
    evidence,
    meaning,
    related: [],
  };
}

/** True when such attachments were listed after all, by another bpftool than the node's own. */
function seen(datapath: Datapath, word: string): boolean {
  const mechanism = word.replace("/", "");
  return (
    datapath.tracing.some((one) => one.lane === mechanism) ||
    datapath.interfaces.some((iface) =>
      iface.hooks.some((hook) => hook.entries.some((entry) => entry.mechanism === mechanism)),
    )
  );
}

function numbers(text: string | null): [number, number] | null {
  const found = /(\d+)\.(\d+)/.exec(text ?? "");
  return found === null ? null : [Number(found[1]), Number(found[2])];
}

function before(version: readonly [number, number], other: readonly [number, number]): boolean {
  return version[0] < other[0] || (version[0] === other[0] && version[1] < other[1]);
}
