/**
 * Tracing programs that are attached without a BPF link: a perf descriptor with the program set on it
 * (PERF_EVENT_IOC_SET_BPF), as bpftrace and loaders on kernels before 5.15 do. `bpftool perf` finds them
 * by asking the kernel about every descriptor (BPF_TASK_FD_QUERY), which also names links' descriptors:
 * programs that a tracing link already places are left to it.
 */
import type { Facts } from "../../facts/facts.ts";
import type { OtherAttachment } from "../types.ts";
import { uniqueKeys } from "./keys.ts";

const LINK_TYPES = new Set(["perf_event", "raw_tracepoint", "tracing", "kprobe_multi", "uprobe_multi"]);

export function readPerf(facts: Facts): OtherAttachment[] {
  const linked = new Set(
    (facts.node["bpf.link"] ?? []).flatMap((row) => (LINK_TYPES.has(row.type ?? "") ? [row.prog_id] : [])),
  );
  const unique = uniqueKeys();
  const seen = new Set<string>();
  return (facts.node["bpf.perf"] ?? []).flatMap((row) => {
    const target = row.tracepoint ?? row.func ?? row.filename ?? "";
    // A descriptor inherited by a child, or one a CPU, is the same attachment.
    const same = `${row.prog_id} ${row.fd_type} ${target}`;
    if (linked.has(row.prog_id) || seen.has(same)) return [];
    seen.add(same);
    return [
      {
        key: unique(`at:perf:${row.prog_id}`),
        lane: "tracing" as const,
        kind: row.fd_type ?? "perf_event",
        target,
        prog_id: row.prog_id,
        link_id: null,
        netns: null,
        origin: { section: "bpf.perf", scope: "node", raw: row.raw },
      },
    ];
  });
}
