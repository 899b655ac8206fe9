import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import findingsSchema from "../../../docs/schema/findings.schema.json";
import topologySchema from "../../../docs/schema/topology.schema.json";
import { aDatapath, aHook, anEntry, anIface, aPod, aProgram } from "../model/testdata/make.ts";
import type { Datapath } from "../model/types.ts";
import { toTopology } from "./topology.ts";

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
const matchesTopology = ajv.compile(topologySchema);
const matchesFindings = ajv.compile(findingsSchema);

const ORIGIN = { section: "test", scope: "node", raw: { secret: "raw rows stay out" } };

function full(): Datapath {
  return aDatapath({
    programs: [
      aProgram(512, {
        name: "cil_to_container",
        run_cnt: "18446744073709551615",
        owner: {
          family: "cilium",
          process: null,
          pod: null,
          container_id: null,
          image: null,
          evidence: ["pinned at /sys/fs/bpf/tc/globals/cilium_x"],
        },
      }),
    ],
    pods: [aPod("u1", { namespace: "shop", name: "cart-1" }), aPod("u2", { name: null, namespace: null })],
    interfaces: [
      anIface(7, "lxc1", {
        pod: "pod:u1",
        hooks: [aHook("tc_egress", "egress (out → pod)", [anEntry("e1", { prog_id: 512 })])],
      }),
      anIface(8, "lxc2", {
        pod: "pod:u2",
        hooks: [aHook("xdp", "xdp ingress (pod → out)", [anEntry("e2", { mechanism: "xdp", mode: "native" })])],
      }),
    ],
    cgroups: [
      {
        key: "c",
        cgroup: "/",
        attach_type: "cgroup_inet4_connect",
        attach_flags: "multi",
        prog_id: 512,
        link_id: null,
        order: 1,
        pod: "pod:u1",
        origin: ORIGIN,
      },
    ],
    tracing: [
      {
        key: "t",
        lane: "tracing",
        kind: "tracepoint",
        target: "x",
        prog_id: 512,
        link_id: 3,
        netns: null,
        origin: ORIGIN,
      },
    ],
    maps: [
      {
        key: "map:5",
        id: 5,
        type: "hash",
        name: "m",
        flags: 0,
        bytes_key: 4,
        bytes_value: 8,
        max_entries: 10,
        bytes_memlock: null,
        frozen: false,
        btf_id: null,
        pinned: [],
        pids: [],
        owner: null,
        used_by: [512],
        origin: ORIGIN,
      },
    ],
    links: [
      { key: "link:3", id: 3, type: "perf_event", prog_id: 512, details: {}, pinned: [], pids: [], origin: ORIGIN },
    ],
    sections: [
      {
        section: "bpf.net",
        scope: "node",
        ok: false,
        exit: 124,
        ms: 15000,
        bytes: 0,
        truncated: false,
        warnings: [{ code: "time-limit", message: "The time limit of this section was reached." }],
      },
    ],
    findings: [
      {
        id: "filter-never-runs",
        severity: "warning",
        subject: "e1",
        subject_name: "lxc1 egress (out → pod)",
        evidence: ["1. …"],
        meaning: "…",
        related: [],
      },
    ],
  });
}

it("prints an entry with its program, and a pod as namespace/name or uid", () => {
  const [first, second] = toTopology(full()).interfaces;
  expect(first).toEqual({
    name: "lxc1",
    ifindex: 7,
    netns: "4026531840",
    kind: "veth",
    driver: "veth",
    pod: "shop/cart-1",
    hooks: [
      {
        hook: "tc_egress",
        direction: "egress (out → pod)",
        qdisc: { kind: "clsact", handle: "ffff:", drops: 0, packets: 0 },
        entries: [
          {
            order: 1,
            mechanism: "clsact",
            mode: null,
            pref: 1,
            handle: "0x1",
            chain: 0,
            block: null,
            protocol: "all",
            kind: "bpf",
            direct_action: true,
            link_id: null,
            prog_id: 512,
            prog_name: "cil_to_container",
            prog_tag: "f03f3c893109830e",
            run_cnt: "18446744073709551615",
            reachable: "yes",
            reachable_reason: "nothing runs in front of it on this hook",
            owner: "cilium",
          },
        ],
      },
    ],
  });
  expect(second?.pod).toBe("u2");
});

it("holds no raw rows", () => {
  expect(JSON.stringify(toTopology(full()))).not.toContain("raw rows stay out");
});

describe("the documented schema", () => {
  it("accepts what is printed, for a full model and for an empty one", () => {
    for (const datapath of [full(), aDatapath()]) {
      const topology = toTopology(datapath);
      expect(matchesTopology(topology) || matchesTopology.errors).toBe(true);
      const findings = { node: topology.node.hostname, findings: topology.findings };
      expect(matchesFindings(findings) || matchesFindings.errors).toBe(true);
    }
  });

  it("refuses a field nobody described, at every level", () => {
    const topology = toTopology(full());
    const [iface] = topology.interfaces;
    const [hook] = iface?.hooks ?? [];
    const [entry] = hook?.entries ?? [];
    const { node, programs, maps, links, cgroups, tracing, findings } = topology;
    for (const place of [
      topology,
      node,
      iface,
      hook,
      entry,
      programs[0],
      maps[0],
      links[0],
      cgroups[0],
      tracing[0],
      findings[0],
    ]) {
      if (place === undefined) throw new Error("the full model lacks a part");
      Object.assign(place, { surprise: 1 });
      expect(matchesTopology(topology)).toBe(false);
      delete (place as { surprise?: number }).surprise;
    }
    expect(matchesTopology(topology)).toBe(true);
  });

  it("describes every field", () => {
    const undescribed: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== "object" || schema === null) return;
      for (const [name, value] of Object.entries("properties" in schema ? (schema.properties ?? {}) : {})) {
        if (typeof value !== "object" || value === null || !("description" in value))
          undescribed.push(`${path}.${name}`);
      }
      for (const [name, value] of Object.entries(schema)) visit(value, `${path}.${name}`);
    };
    visit(topologySchema, "topology");
    visit(findingsSchema, "findings");
    expect(undescribed).toEqual([]);
  });
});
