import { expect, it } from "vitest";
import { markedCalls } from "./xlated.ts";

const code = `int cil_from_container(struct __sk_buff * ctx):
; if (ctx->mark)
   0: (bf) r6 = r1
   1: (85) call bpf_skb_store_bytes#-88112
   2: (18) r2 = map[id:17]
   4: (85) call bpf_tail_call#12
   5: (85) call bpf_redirect#23
   6: (85) call htab_map_update_elem#-70000
   7: (85) call bpf_ktime_get_ns#5
   8: (85) call pc+12#bpf_prog_6deef7357e7b4530
   9: (95) exit`;

it("marks calls that change packets, jump away, redirect or write maps, at their lines", () => {
  expect(markedCalls(code)).toEqual([
    { line: 4, kind: "packet", helper: "bpf_skb_store_bytes" },
    { line: 6, kind: "tail_call", helper: "bpf_tail_call" },
    { line: 7, kind: "verdict", helper: "bpf_redirect" },
    { line: 8, kind: "map", helper: "htab_map_update_elem" },
  ]);
});

it("marks nothing in a source comment that names a helper", () => {
  expect(markedCalls(";   1: (85) call bpf_tail_call#12")).toEqual([]);
});
