import { describe, expect, it } from "vitest";
import { type ChainContext, completeChain, type DraftEntry } from "./chain.ts";
import { aProgram } from "./testdata/make.ts";
import type { HookEntry, Program } from "./types.ts";

function draft(key: string, change: Partial<DraftEntry> = {}): DraftEntry {
  return {
    key,
    mechanism: "clsact",
    mode: null,
    pref: 1,
    handle: "0x1",
    chain: 0,
    block: null,
    protocol: "all",
    direct_action: true,
    kind: "bpf",
    attach_name: null,
    prog_id: null,
    link_id: null,
    has_actions: false,
    skip_sw: false,
    origin: { section: "tc.filter", scope: "node", raw: null },
    ...change,
  };
}

const tcx = (key: string, prog_id: number): DraftEntry =>
  draft(key, { mechanism: "tcx", pref: null, handle: null, chain: null, protocol: null, direct_action: null, prog_id });

function context(programs: Program[], change: Partial<ChainContext> = {}): ChainContext {
  return {
    programs: new Map(programs.map((one) => [one.id, one])),
    soleUse: () => true,
    bpfStatsEnabled: false,
    ...change,
  };
}

const known = (id: number, values: number[], change: Partial<Program> = {}): Program =>
  aProgram(id, { name: `p${id}`, returns: { values, complete: true }, ...change });

const order = (entries: HookEntry[]): string[] => entries.map((entry) => entry.key);
const reach = (entries: HookEntry[]): Record<string, string> =>
  Object.fromEntries(entries.map((entry) => [entry.key, entry.reachable.value]));
const nextOn = (entries: HookEntry[], key: string): Record<string, string | null> =>
  Object.fromEntries(
    (entries.find((entry) => entry.key === key)?.verdicts ?? []).map((step) => [step.verdict, step.next]),
  );

describe("the order of a hook", () => {
  it("is tcx as listed, then clsact by chain and pref, and within a pref as listed", () => {
    const drafts = [
      draft("other chain", { chain: 5, pref: 1 }),
      draft("pref 2", { pref: 2 }),
      draft("handle 9", { handle: "0x9" }),
      draft("handle 2", { handle: "0x2" }),
      draft("handle 5", { handle: "0x5" }),
      tcx("link 600", 1),
      tcx("link 567", 2),
    ];
    expect(order(completeChain(drafts, context([])))).toEqual([
      "link 600",
      "link 567",
      "handle 9",
      "handle 2",
      "handle 5",
      "pref 2",
      "other chain",
    ]);
  });

  it("is offload, native, generic for XDP", () => {
    const modes = (["generic", "native", "offload"] as const).map((mode) => draft(mode, { mechanism: "xdp", mode }));
    expect(order(completeChain(modes, context([])))).toEqual(["offload", "native", "generic"]);
  });
});

describe("what runs next", () => {
  it("after a tcx program is the next tcx program, then the first clsact filter of chain 0", () => {
    const entries = completeChain([tcx("a", 1), tcx("b", 2), draft("c")], context([known(1, [8])]));
    expect(nextOn(entries, "a")).toEqual({
      TCX_NEXT: "b",
      TCX_PASS: null,
      TCX_DROP: null,
      TCX_REDIRECT: null,
      // TC_ACT_TRAP is no tcx action: the rest of tcx is skipped, clsact is not.
      "not a tcx action": "c",
    });
    expect(nextOn(entries, "b").TCX_NEXT).toBe("c");
  });

  it("after a clsact filter stays in its chain and skips filters left to the hardware", () => {
    const entries = completeChain(
      [draft("a"), draft("hw", { pref: 2, skip_sw: true }), draft("c", { pref: 3 }), draft("d", { chain: 1 })],
      context([]),
    );
    expect([nextOn(entries, "a").TC_ACT_UNSPEC, nextOn(entries, "c").TC_ACT_UNSPEC]).toEqual(["c", null]);
  });

  it("is nothing after the last one: going on is passing", () => {
    const [entry] = completeChain([tcx("a", 1)], context([]));
    expect(entry?.verdicts[0]).toMatchObject({ verdict: "TCX_NEXT", effect: "pass", next: null });
  });

  it("is not told for a filter that is not BPF", () => {
    const [entry] = completeChain([draft("flower", { kind: "flower", direct_action: null })], context([]));
    expect(entry?.verdicts).toEqual([]);
  });
});

describe("whether an entry can run", () => {
  const first = draft("first", { prog_id: 1 });
  const second = draft("second", { prog_id: 2, pref: 2 });

  it.each<[string, DraftEntry[], Program[], Partial<ChainContext>, string]>([
    ["behind one that always ends the chain: no", [first, second], [known(1, [0]), known(2, [0])], {}, "no"],
    ["behind one that ends it in one way or another: no", [first, second], [known(1, [0, 2, 7])], {}, "no"],
    ["behind one that always goes on: yes", [first, second], [known(1, [-1])], {}, "yes"],
    ["behind TC_ACT_PIPE from direct-action: yes", [first, second], [known(1, [3])], {}, "yes"],
    ["behind one that goes on sometimes: cannot tell", [first, second], [known(1, [-1, 2])], {}, "cannot_tell"],
    ["behind one whose code was not read: cannot tell", [first, second], [aProgram(1)], {}, "cannot_tell"],
    [
      "behind one that tail calls: cannot tell",
      [first, second],
      [aProgram(1, { returns: { values: [0], complete: false } })],
      {},
      "cannot_tell",
    ],
    ["when it has run: yes", [first, second], [aProgram(1), aProgram(2, { run_cnt: "7" })], {}, "yes"],
    [
      "when its program ran, but runs elsewhere too: cannot tell",
      [first, second],
      [aProgram(1), aProgram(2, { run_cnt: "7" })],
      { soleUse: () => false },
      "cannot_tell",
    ],
    [
      "when code says never and the run count says it has: cannot tell",
      [first, second],
      [known(1, [0], { loaded_at: 100 }), known(2, [0], { run_cnt: "7", loaded_at: 200 })],
      {},
      "cannot_tell",
    ],
    [
      "when its runs are from before the other came in front: no",
      [first, second],
      [known(1, [0], { loaded_at: 300 }), known(2, [0], { run_cnt: "7", loaded_at: 200 })],
      {},
      "no",
    ],
    ["behind flower: cannot tell", [draft("f", { kind: "flower" }), second], [], {}, "cannot_tell"],
    [
      "behind a filter with actions of its own: cannot tell",
      [draft("a", { prog_id: 1, direct_action: false, has_actions: true }), second],
      [known(1, [-1])],
      {},
      "cannot_tell",
    ],
    [
      "behind a classifier that always matches and has no actions: no",
      [draft("a", { prog_id: 1, direct_action: false }), second],
      [known(1, [-1])],
      {},
      "no",
    ],
    [
      "behind one for another protocol only: yes",
      [draft("ip", { prog_id: 1, protocol: "ip" }), draft("all", { pref: 2, prog_id: 2 })],
      [known(1, [0])],
      {},
      "yes",
    ],
    [
      "behind one for the same protocol that ends the chain: no",
      [draft("a", { prog_id: 1, protocol: "ip" }), draft("b", { pref: 2, prog_id: 2, protocol: "ip" })],
      [known(1, [0])],
      {},
      "no",
    ],
    ["in another chain: cannot tell", [first, draft("x", { chain: 3 })], [known(1, [0])], {}, "cannot_tell"],
    ["left to the hardware: cannot tell", [draft("hw", { skip_sw: true })], [], {}, "cannot_tell"],
    ["clsact behind tcx that always passes: no", [tcx("t", 1), second], [known(1, [0])], {}, "no"],
    ["clsact behind tcx with an unknown action: yes", [tcx("t", 1), second], [known(1, [4])], {}, "yes"],
    ["tcx behind tcx with an unknown action: no", [tcx("t", 1), tcx("u", 2)], [known(1, [4])], {}, "no"],
  ])("%s", (_, drafts, programs, change, expected) => {
    expect(Object.values(reach(completeChain(drafts, context(programs, change)))).at(-1)).toBe(expected);
  });

  it("says why, naming the one in front and its verdicts", () => {
    const entries = completeChain([first, second], context([known(1, [0, 2])]));
    expect(entries[1]?.reachable.reason).toBe(
      "pref 1 handle 0x1: p1 (id 1) runs first and always returns TC_ACT_OK or TC_ACT_SHOT, which ends the chain",
    );
  });

  it("names the run counts when they are all there is", () => {
    const entries = completeChain(
      [first, second],
      context([aProgram(1, { name: "p1", run_cnt: "201" }), aProgram(2)], { bpfStatsEnabled: true }),
    );
    expect(entries[1]?.reachable).toEqual({
      value: "cannot_tell",
      reason:
        "pref 1 handle 0x1: p1 (id 1) stands in front and its code was not read; it has not run while pref 1 handle 0x1 ran 201 times",
    });
  });
});
