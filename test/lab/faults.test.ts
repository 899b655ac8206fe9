/**
 * The promise of the product on a real kernel: each fault brings exactly its finding, on the interface and
 * direction it is on, and nothing else; a healthy node brings none.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Datapath } from "../../electron/core/model/types.ts";
import { portableBpftool } from "./node/bpftool.ts";
import { faultInterface } from "./node/expected.ts";
import { FAULTS, type FaultName } from "./node/faults.ts";
import { type Lab, startLab } from "./node/lab.ts";
import { look } from "./node/look.ts";
import type { LabMechanism } from "./node/plan.ts";
import { labTransport } from "./node/transport.ts";

/** A finding by what it is about: rule, severity, and the interface and hook its subject is on. */
interface Found {
  id: string;
  severity: string;
  ifname: string | null;
  hook: string | null;
  named: string;
}

const EGRESS = "egress (out → pod)";
const EXPECTED: Record<FaultName, (ifname: string) => Found> = {
  "stale-filter": (ifname) => onEgress("duplicate-name", ifname),
  "second-handle": (ifname) => onEgress("duplicate-name", ifname),
  "duplicate-tcx": (ifname) => onEgress("duplicate-name", ifname),
  "dead-filter": (ifname) => onEgress("filter-never-runs", ifname),
  "missing-clsact": (ifname) => ({
    id: "missing-enforcement",
    severity: "critical",
    ifname,
    hook: null,
    named: `${ifname} ingress (pod → out) and ${ifname} ${EGRESS}`,
  }),
  "second-bpf-mount": () => ({
    id: "shadowed-bpf-mount",
    severity: "warning",
    ifname: null,
    hook: null,
    named: "/sys/fs/bpf",
  }),
};

function onEgress(id: string, ifname: string): Found {
  return { id, severity: "warning", ifname, hook: "tc_egress", named: `${ifname} ${EGRESS}` };
}

/** Findings of severity warning and above, without those about what was on this machine before the lab. */
function alarms(lab: Lab, datapath: Datapath): Found[] {
  const foreign = new Set(lab.state.before.map((line) => line.replace(" ", ":")));
  return datapath.findings
    .filter(({ severity, subject }) => severity !== "info" && !foreign.has(subject))
    .map(({ id, severity, subject, subject_name }) => {
      const iface = datapath.interfaces.find(
        (one) => one.key === subject || one.hooks.some((hook) => hook.entries.some(({ key }) => key === subject)),
      );
      const hook = iface?.hooks.find(({ entries }) => entries.some(({ key }) => key === subject));
      return { id, severity, ifname: iface?.name ?? null, hook: hook?.hook ?? null, named: subject_name };
    });
}

const sorted = (found: Found[]) => [...found].sort((a, b) => (`${a.id} ${a.named}` < `${b.id} ${b.named}` ? -1 : 1));

describe("a node with a fault", () => {
  let lab: Lab;
  const found = async () => alarms(lab, await look(labTransport(lab)));
  const expected = (fault: FaultName) => EXPECTED[fault](faultInterface(lab.plan, fault) ?? "");

  beforeAll(async () => {
    lab = await startLab({ bpftool: portableBpftool() });
    await lab.traffic();
  });
  afterAll(async () => {
    await lab.stop();
  });

  it("brings no finding while it is healthy", async () => {
    expect(await found()).toEqual([]);
  });

  for (const fault of FAULTS) {
    it(`${fault}: brings its finding on the right interface and direction, and no other`, async () => {
      await lab.addFault(fault);
      const withFault = await found().finally(() => lab.clearFault(fault));
      expect(withFault).toEqual([expected(fault)]);
      expect(await found()).toEqual([]);
    });
  }

  it("all at once: brings one finding for each fault", async () => {
    for (const fault of FAULTS) await lab.addFault(fault);
    const all = await found();
    // Uncovered first: the agent cannot be restarted, which clears one of them, while its pins are covered.
    for (const fault of [...FAULTS].sort((a, b) => Number(b === "second-bpf-mount") - Number(a === "second-bpf-mount")))
      await lab.clearFault(fault);
    expect(sorted(all)).toEqual(sorted(FAULTS.map(expected)));
  });
});

describe("a healthy node of another make", () => {
  const makes: { pods: number; mechanism: LabMechanism }[] = [
    { pods: 4, mechanism: "tcx" },
    { pods: 4, mechanism: "clsact" },
  ];
  for (const make of makes) {
    it(`brings no finding with ${make.mechanism} only`, async () => {
      const lab = await startLab({ ...make, bpftool: portableBpftool() });
      try {
        expect(alarms(lab, await look(labTransport(lab)))).toEqual([]);
      } finally {
        await lab.stop();
      }
    });
  }

  it("brings no finding in the benchmark's profile", async () => {
    const lab = await startLab({ profile: "busy", bpftool: portableBpftool() });
    try {
      expect(alarms(lab, await look(labTransport(lab)))).toEqual([]);
    } finally {
      await lab.stop();
    }
  });
});
