/** What counts as a storm, and what it says of itself. */
import { describe, expect, it } from "vitest";
import type { TraceEvidence } from "../../types.ts";
import book from "./index.ts";
import { aState, brief, CART, concluded, PEER, type Scene, type Traffic, WEB } from "./testdata/scene.ts";
import { retransTrace } from "./testdata/traces.ts";

const healthy: Traffic = { to: "10.245.9.9", sent: 200_000 };
const words = (scene: Scene) => brief(concluded(scene)).filter((one) => one.startsWith("storm"));
const ID = `storm:${PEER}:443`;

describe("a storm", () => {
  it.each([
    ["many, and a large share", { sent: 16_000, again: { fast: 847 } }, [`${ID} confirmed retransmit-storm`]],
    ["two a minute to a DNS service", { sent: 40, again: { timeout: 2 } }, []],
    ["many among very many", { sent: 9_000_000, again: { fast: 900 } }, []],
    ["a share that stands out", { sent: 20_000, again: { fast: 300 } }, [`${ID} likely outlier`]],
    ["few, and nothing else", { sent: 6, again: { timeout: 6 } }, [`${ID} likely stalled`]],
    ["few SYNs to nobody", { sent: 8, again: { syn: 6 }, unanswered: true }, []],
    ["SYNs only", { sent: 24, again: { syn: 20 }, unanswered: true }, [`${ID} confirmed retransmit-storm`]],
  ] as [string, Traffic, string[]][])("of %s", (_what, traffic, expected) => {
    expect(words({ traffic: [traffic, healthy] })).toEqual(expected);
  });

  it("is what the thresholds make it, which a person can change", () => {
    const traffic = [{ sent: 1000, again: { fast: 8 } }, healthy];
    expect(words({ traffic })).toEqual([]);
    expect(words({ traffic, inputs: { min_retrans: "5", storm_pct: "0.5" } })).toEqual([
      `${ID} confirmed retransmit-storm`,
    ]);
  });

  it("is a pod's when its destinations have few each", () => {
    const traffic = Array.from({ length: 12 }, (_, at) => ({ to: `10.245.2.${at}`, sent: 50, again: { timeout: 6 } }));
    expect(words({ traffic: [...traffic, { ...healthy, from: WEB }] })).toEqual([
      "storm:shop/cart confirmed retransmit-storm",
    ]);
  });

  it("is everybody's when all have some, and none more than others", () => {
    const traffic = [CART, WEB].flatMap((from) =>
      Array.from({ length: 9 }, (_, at) => ({ from, to: `10.245.2.${at}`, sent: 400, again: { fast: 6 } })),
    );
    expect(words({ traffic })).toEqual(["storm:all likely outlier"]);
  });

  it("names shares, kinds, processes and pods, each with where it is from", () => {
    const [verdict] = concluded({ traffic: [{ sent: 1000, again: { fast: 80, timeout: 20 }, comm: "cart" }, healthy] });
    expect(verdict?.subject).toBe(`${PEER}:443 from shop/cart`);
    const source = (record: string, filter: string) => ({ kind: "trace", trace_id: "t-retrans", record, filter });
    expect(verdict?.evidence).toEqual([
      {
        text: "100 of 1000 segments were sent again: 10.0 %, on 1 connection",
        source: source("destination", `daddr=${PEER}`),
      },
      { text: "everything else: 0.00 %", source: source("overall", "") },
      { text: "why: 80 fast, 20 timeout", source: source("retransmit", `daddr=${PEER}`) },
      { text: "processes: cart (pid 77)", source: source("destination", `daddr=${PEER}`) },
      { text: "pods: shop/cart", source: source("destination", `daddr=${PEER}`) },
    ]);
  });

  it("shows the worst connection as ss has it", () => {
    const ss = `ESTAB 0 9000 ${CART.address}:40000 ${PEER}:443 timer:(on,80ms,1)\n\t skmem:(r0,rb131072,d0) cubic rto:204 rtt:2.1/0.2 mss:1448 cwnd:3 unacked:4 retrans:1/41`;
    const [verdict] = concluded({ traffic: [{ sent: 1000, again: { fast: 100 } }], ss: { [CART.netns]: ss } });
    expect(verdict?.evidence.at(-1)).toEqual({
      text: `ss: ESTAB ${CART.address}:40000 → ${PEER}:443, Recv-Q 0, Send-Q 9000, timer on 1 times in a row, rtt 2.1 ms, rto 204 ms, cwnd 3, mss 1448, unacked 4, retransmitted 41`,
      source: { kind: "command", command_id: "after" },
    });
  });

  it("is only likely where connections are counted at their end", () => {
    expect(words({ traffic: [{ sent: 1000, again: { fast: 100 } }], retrans_variant: "closing" })).toEqual([
      `${ID} likely retransmit-storm`,
    ]);
  });
});

describe("what a person asks for", () => {
  const traffic = [
    { sent: 1000, again: { fast: 100 } },
    { from: WEB, to: "2001:db8::7", dport: 80, sent: 1000, again: { fast: 100 } },
  ];
  it.each([
    [{ destination: PEER }, [ID]],
    [{ destination: "10.245.0.0/16" }, [ID]],
    [{ destination: `${PEER}:80` }, ["storm"]],
    [{ destination: "[2001:db8::7]:80" }, ["storm:[2001:db8::7]:80"]],
    [{ destination: "2001:db8::/32" }, ["storm:[2001:db8::7]:80"]],
    [{ pod: "web" }, ["storm:[2001:db8::7]:80"]],
    [{ pod: "shop/cart" }, [ID]],
    [{ interface: "lxc_cart" }, [ID]],
    [{ interface: "eth0" }, [ID, "storm:[2001:db8::7]:80"]],
  ] as [Record<string, string>, string[]][])("is all that is looked at: %o", (inputs, expected) => {
    expect(words({ traffic, inputs }).map((word) => word.replace(/ .*/, ""))).toEqual(expected);
  });
});

describe("no storm", () => {
  it("is said with the figures, and nothing more is run", () => {
    const verdicts = concluded({ traffic: [{ sent: 40, again: { timeout: 2 } }, healthy] });
    expect(verdicts.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual(["storm ruled_out"]);
    expect(verdicts[0]?.evidence[0]?.text).toBe("2 of 200040 segments were sent again: 0.00 %, to 2 addresses");
    const state = aState({ traffic: [healthy] });
    expect(book.steps.flatMap(({ id, when }) => (when && when(state) !== true ? [id] : []))).toEqual([
      "hooks",
      "cause",
      "remedy",
    ]);
  });

  it("is not claimed when nothing was sent, or the tracer did not run", () => {
    const verdictOf = (state: ReturnType<typeof aState>) => {
      const step = book.steps.find(({ id }) => id === "storm");
      return step?.kind === "examine" ? step.examine(state).map(({ verdict, missing }) => [verdict, missing]) : [];
    };
    const state = aState({ traffic: [] });
    expect(verdictOf(state)).toEqual([["cannot_tell", ["traffic while it is measured"]]]);
    const why = "the kernel has no BTF";
    expect(verdictOf({ ...state, traces: {}, left_out: { watch: why } })).toEqual([["cannot_tell", [why]]]);
  });

  it("is not claimed of what was counted in part", () => {
    const step = book.steps.find(({ id }) => id === "storm");
    const judged = (change: (trace: TraceEvidence) => TraceEvidence) => {
      const state = aState({ traffic: [healthy] });
      const retrans = state.traces.watch?.retrans;
      if (!retrans || step?.kind !== "examine") throw new Error("it is measured and examined");
      const traces = { watch: { ...state.traces.watch, retrans: change(retrans) } };
      return step.examine({ ...state, traces }).map(({ verdict }) => verdict);
    };
    const summed = (more: object) => (trace: TraceEvidence) =>
      ({ ...trace, summary: { ...trace.summary, ...more } }) as TraceEvidence;
    expect(judged((trace) => trace)).toEqual(["ruled_out"]);
    expect(judged(summed({ ended: "budget", duration_ms: 2000 }))).toEqual(["cannot_tell"]);
    expect(judged(summed({ evicted: 7 }))).toEqual(["cannot_tell"]);
    const state = aState({ traffic: [] });
    const none = summed({ ended: "budget" })(retransTrace("t", [], { traffic: [] }));
    const unknown = { ...state, traces: { watch: { retrans: none } } };
    expect(step?.kind === "examine" && step.examine(unknown)[0]?.meaning).toContain("not all was counted");
    const skipped = book.steps.find(({ id }) => id === "cause")?.when?.({ ...state, traces: {} });
    expect(skipped).toEqual({ skip: "No storm was seen." });
    const closing = retransTrace("t", [healthy], { traffic: [], retrans_variant: "closing" });
    expect(judged(() => closing)).toEqual(["cannot_tell"]);
  });
});
