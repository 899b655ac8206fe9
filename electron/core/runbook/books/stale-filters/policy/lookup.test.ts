import { describe, expect, it } from "vitest";
import type { BpfMap, Datapath } from "../../../../model/types.ts";
import type { TraceEvidence } from "../../../types.ts";
import { conclude } from "../conclude.ts";
import { aMap, aNodeOf, current, siblings, stale } from "../testdata.ts";
import { aFlow, aTrace, egressOf, measuredRun } from "../testdata-runs.ts";
import { identityOf, ipcacheEntry, policyEntry } from "./layout.ts";
import { mapsPlan } from "./lookup.ts";

describe("entries of Cilium's maps", () => {
  it("are read in both layouts of the policy's key", () => {
    const web = { identity: 20031, egress: false, protocol: 6, port: 8080, port_bits: 16 };
    // identity (4, little-endian), port (2), protocol, direction
    expect(policyEntry("3f4e00001f900600", "00".repeat(16))).toEqual({ ...web, deny: null });
    // bits of the prefix, identity, direction, protocol, port
    expect(policyEntry("400000003f4e000000061f90", `000001${"00".repeat(21)}`)).toEqual({ ...web, deny: true });
    expect(policyEntry("300000003f4e000000060000", `000000${"00".repeat(21)}`)).toEqual({
      ...web,
      port: 0,
      port_bits: 0,
      deny: false,
    });
  });

  it("are refused in any other layout", () => {
    for (const key of ["", "xx", "3f4e00001f9006", "00".repeat(16), 7, null]) expect(policyEntry(key, "00")).toBeNull();
    expect(ipcacheEntry("ff0000000a000009", "3f4e0000")).toBeNull();
    expect(ipcacheEntry("200000000a000009", "3f")).toBeNull();
  });

  it("give an address the identity of its longest prefix", () => {
    const prefixes = ["080000000a000000 02000000", "200000000a000009 3f4e0000", "000000000000000 01000000"].flatMap(
      (one) => {
        const [key, value] = one.split(" ");
        return ipcacheEntry(key, value) ?? [];
      },
    );
    expect(identityOf("10.0.0.9", prefixes)?.identity).toBe(20031);
    expect(identityOf("10.7.7.7", prefixes)?.identity).toBe(2);
    expect(identityOf("192.168.0.1", prefixes)).toBeNull();
    const six = ipcacheEntry(`6000000000000002fd07${"00".repeat(14)}`, "05000000");
    expect(identityOf("fd07::2", six === null ? [] : [six])?.identity).toBe(5);
    expect(identityOf("fe80::2", six === null ? [] : [six])).toBeNull();
    expect(identityOf("no address", six === null ? [] : [six])).toBeNull();
  });
});

describe("what policy says about dropped packets", () => {
  const map = (id: number, change: Partial<BpfMap>): BpfMap => ({ ...aMap, key: `map:${id}`, id, ...change });
  const maps = [
    map(70, { name: "cilium_policy_v", used_by: [1], pinned: ["/sys/fs/bpf/tc/globals/cilium_policy_v2_00107"] }),
    map(71, { name: "cilium_calls_00", type: "prog_array", pinned: ["/sys/fs/bpf/tc/globals/cilium_calls_00107"] }),
    map(72, { name: "cilium_ipcache", type: "lpm_trie" }),
  ];
  const node = (change: { map_ids: number[] }, all = maps): Datapath => ({
    ...aNodeOf([
      { name: "lxc1", egress: [{ program: stale(1, change), pref: 1 }, { program: current(2) }] },
      ...siblings(),
    ]),
    maps: all,
  });
  const dropped = aTrace({ 1: { runs: 600, verdicts: { TC_ACT_SHOT: 12 } }, 2: { runs: 588, verdicts: {} } }, {}, [
    aFlow(1, 12),
  ]);
  const dump = (entries: [string, string][], complete = true): TraceEvidence => {
    const trace = aTrace({});
    return {
      ...trace,
      tracer: "mapdump",
      summary: trace.summary === null ? null : { ...trace.summary, complete },
      records: { entry: entries.map(([key, value]) => ({ key, value })) },
    };
  };
  const IPCACHE = dump([["200000000a000009", "3f4e0000"]]);
  const texts = (datapath: Datapath, policy: TraceEvidence, ipcache = IPCACHE): string[] =>
    conclude({
      ...measuredRun(datapath, dropped),
      traces: { measure: { [egressOf(0)]: dropped }, maps: { "map 70": policy, "map 72": ipcache } },
    }).flatMap(({ evidence }) => evidence.flatMap(({ text }) => (text.startsWith("policy map") ? [text] : [])));
  const WHERE = "policy map cilium_policy_v (map 70), ingress from identity 20031 (10.0.0.9), tcp port 8080";

  it("is looked up in the program's own map, or in its endpoint's", () => {
    for (const map_ids of [[70], [71]]) {
      const planned = mapsPlan(measuredRun(node({ map_ids }), dropped), "measure").traces;
      expect(planned.map(({ tracer, params }) => `${tracer} ${params.map_id}`)).toEqual(["mapdump 70", "mapdump 72"]);
      expect(texts(node({ map_ids }), dump([["3f4e000000500600", "00".repeat(16)]]))).toEqual([
        `${WHERE}: no entry, so it does not allow it`,
      ]);
    }
  });

  it("names entries that deny, or are about them", () => {
    const datapath = node({ map_ids: [70] });
    expect(texts(datapath, dump([["400000003f4e000000061f90", `000001${"00".repeat(21)}`]]))).toEqual([
      `${WHERE}: an entry denies it`,
    ]);
    expect(texts(datapath, dump([["300000000000000000000000", `000000${"00".repeat(21)}`]]))).toEqual([
      `${WHERE}: 1 entries allow it`,
    ]);
    expect(texts(datapath, dump([["3f4e00001f900600", "00".repeat(16)]]))).toEqual([
      `${WHERE}: 1 entries are about it`,
    ]);
  });

  it("does not conclude from what was not read whole", () => {
    const datapath = node({ map_ids: [70] });
    expect(texts(datapath, dump([], false))).toEqual([]);
    expect(texts(datapath, dump([]), dump([["200000000a000009", "3f4e0000"]], false))).toEqual([]);
    expect(texts(datapath, dump([]), dump([]))).toEqual([]);
    expect(texts(datapath, dump([["zz", ""]]))).toEqual([]);
  });

  it("is not looked for where the layout or the dropper is not known", () => {
    const plan = (datapath: Datapath, trace = dropped) => mapsPlan(measuredRun(datapath, trace), "measure").traces;
    expect(plan(node({ map_ids: [] }))).toEqual([]);
    expect(
      plan(
        node(
          { map_ids: [70] },
          maps.map((one) => ({ ...one, bytes_key: 20 })),
        ),
      ),
    ).toEqual([]);
    expect(
      plan(node({ map_ids: [70] }), aTrace({ 1: { runs: 600 }, 2: { runs: 588 } }, { drops: 12 }, [aFlow(null, 12)])),
    ).toEqual([]);
  });
});
