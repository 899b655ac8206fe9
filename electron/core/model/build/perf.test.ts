import { expect, it } from "vitest";
import { readFacts } from "../../facts/facts.ts";
import { buildDatapath } from "../build.ts";
import { collected, prog } from "../testdata/collected.ts";

it("shows tracing programs that have no link, each once, and marks them attached", () => {
  const datapath = buildDatapath(
    readFacts(
      collected({
        "bpf.prog": [
          prog(7, "on_exec", { type: "tracepoint" }),
          prog(8, "on_send", { type: "kprobe" }),
          prog(9, "linked", { type: "kprobe" }),
        ],
        "bpf.link": [{ id: 3, type: "perf_event", prog_id: 9, func: "tcp_close" }],
        "bpf.perf": [
          { pid: 40, fd: 8, prog_id: 7, fd_type: "tracepoint", tracepoint: "sched_process_exec" },
          { pid: 41, fd: 8, prog_id: 7, fd_type: "tracepoint", tracepoint: "sched_process_exec" },
          { pid: 40, fd: 9, prog_id: 8, fd_type: "kprobe", func: "tcp_sendmsg", offset: 0 },
          { pid: 40, fd: 10, prog_id: 8, fd_type: "kretprobe", func: "tcp_sendmsg", offset: 0 },
          { pid: 40, fd: 11, prog_id: 9, fd_type: "kprobe", func: "tcp_close", offset: 0 },
        ],
      }),
    ),
  );
  const shown = datapath.tracing.map(({ kind, target, prog_id, link_id }) => [kind, target, prog_id, link_id]);
  expect(shown).toEqual([
    ["kprobe", "tcp_close", 9, 3],
    ["tracepoint", "sched_process_exec", 7, null],
    ["kprobe", "tcp_sendmsg", 8, null],
    ["kretprobe", "tcp_sendmsg", 8, null],
  ]);
  expect(datapath.programs.map((one) => one.attached.length)).toEqual([1, 2, 1]);
});
