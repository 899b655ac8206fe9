import { describe, expect, it } from "vitest";
import { aDatapath, aHook, anEntry, anIface, aProgram } from "../model/testdata/make.ts";
import type { HookEntry, HookName } from "../model/types.ts";
import type { Found } from "./attachment.ts";
import { type ChainEntry, chainWords, isAsShown, readChangeLine } from "./lines.ts";

const there = (pref: number, prog_id: number, change: Partial<ChainEntry> = {}): ChainEntry => ({
  ...{ kind: "clsact", direction: "egress", prog_id, pref, handle: 1, chain: 0, classifier: "bpf" },
  ...change,
});

describe("lines of bpfdesk-change", () => {
  it("are read as it writes them, with members of later versions passed over", () => {
    const text = '{"record":"restored","chain":[],"reason":"lease","same":true,"new":1}';
    expect(readChangeLine(text)).toEqual({ record: "restored", chain: [], reason: "lease", same: true });
  });

  it.each([
    ["no JSON", "restored"],
    ["another record", '{"record":"schema"}'],
    ["without its members", '{"record":"detached","chain":[]}'],
    ["of another type", '{"record":"detached","chain":[{"kind":"kprobe"}],"exact":true}'],
  ])("are none when they are %s", (_, text) => {
    expect(readChangeLine(text)).toBeNull();
  });

  it("name programs as the picture does", () => {
    const datapath = aDatapath({ programs: [aProgram(5, { name: "cil_to_container" })] });
    const entries: ChainEntry[] = [
      { kind: "xdp", direction: "ingress", prog_id: 8, mode: "skb" },
      { kind: "tcx", direction: "egress", prog_id: 5, link_id: 31 },
      there(1, 5, { handle: 26 }),
      there(2, 0, { classifier: "flower" }),
    ];
    expect(chainWords(entries, datapath)).toEqual([
      "ingress XDP generic: program 8",
      "egress tcx link 31: cil_to_container (id 5)",
      "egress pref 1 handle 0x1a: cil_to_container (id 5)",
      "egress pref 2 handle 0x1: flower filter",
    ]);
  });
});

describe("what is attached", () => {
  const first = anEntry("a", { pref: 1, prog_id: 5 });
  const second = anEntry("b", { pref: 2, prog_id: 9 });
  const found = (entries: HookEntry[], hook: HookName = "tc_egress"): Found => ({
    iface: anIface(7, "lxc1"),
    hook: aHook(hook, "", entries),
    entry: first,
    program: null,
    ref: {
      entry: "a",
      mechanism: "clsact",
      direction: "egress",
      ifname: "",
      ifindex: 7,
      netns: "",
      prog_id: 5,
      prog_name: "",
    },
  });

  it("is as it was shown, whatever is on the other hooks", () => {
    const elsewhere: ChainEntry[] = [{ kind: "xdp", direction: "ingress", prog_id: 3, mode: "drv" }];
    expect(isAsShown([...elsewhere, there(1, 5), there(2, 9)], found([first, second]), false)).toBe(true);
    expect(isAsShown([...elsewhere, there(2, 9)], found([first, second]), true)).toBe(true);
  });

  it("is as it was shown when tc lists chains in another order, or has other classifiers", () => {
    const jump = anEntry("c", { pref: 1, chain: 4, prog_id: 6 });
    const flower = anEntry("f", { pref: 3, handle: "800::800", kind: "flower", prog_id: null });
    const now = [there(1, 6, { chain: 4 }), there(1, 5), there(3, 0, { handle: 7, classifier: "flower" })];
    expect(isAsShown(now, found([first, flower, jump]), false)).toBe(true);
  });

  it.each<[string, ChainEntry[]]>([
    ["one more is there", [there(1, 5), there(2, 9), there(3, 10)]],
    ["one is gone", [there(1, 5)]],
    ["the order is another", [there(2, 9), there(1, 5)]],
    ["a program is another", [there(1, 6), there(2, 9)]],
    ["a handle is another", [there(1, 5, { handle: 2 }), there(2, 9)]],
    [
      "what an old bpftool hides is there",
      [{ kind: "tcx", direction: "egress", prog_id: 4 }, there(1, 5), there(2, 9)],
    ],
  ])("is not as it was shown when %s", (_, now) => {
    expect(isAsShown(now, found([first, second]), false)).toBe(false);
  });
});
