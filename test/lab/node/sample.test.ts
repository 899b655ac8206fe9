/** The recording that ships with the app tells the incident it promises. */
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { picture } from "../../../electron/core/pipeline.ts";
import { readSnapshot } from "../../../electron/host/snapshot/file.ts";
import { expectedHooks, faultInterface } from "./expected.ts";
import { hooksOf } from "./look.ts";
import { planNode } from "./plan.ts";

const FILE = path.resolve(import.meta.dirname, "../../../resources/sample/stale-filter.bpfdesk-snapshot");

describe("the sample incident", () => {
  const plan = planNode({ pods: 24, mechanism: "mixed", profile: "full" });
  const bytes = fs.readFileSync(FILE);

  it("is small enough to ship", () => {
    expect(bytes.length).toBeLessThan(2 * 1024 * 1024);
  });

  it("shows the node it was recorded on, with the stale filter in its place", async () => {
    const snapshot = await readSnapshot(bytes, FILE);
    const datapath = picture(snapshot.collected, snapshot.follow_up);
    const sorted = <T extends { ifname: string; hook: string }>(hooks: T[]) =>
      [...hooks].sort((a, b) => (`${a.ifname} ${a.hook}` < `${b.ifname} ${b.hook}` ? -1 : 1));
    expect(sorted(hooksOf(datapath))).toEqual(sorted(expectedHooks(plan, ["stale-filter"])));
    const alarms = datapath.findings.filter(({ severity }) => severity !== "info");
    expect(alarms.map(({ id, subject_name }) => [id, subject_name])).toEqual([
      ["duplicate-name", `${faultInterface(plan, "stale-filter")} egress (out → pod)`],
    ]);
  });

  it("has run counts that tell which program lost packets", async () => {
    const { collected, follow_up } = await readSnapshot(bytes, FILE);
    const datapath = picture(collected, follow_up);
    const ifname = faultInterface(plan, "stale-filter");
    const egress = datapath.interfaces
      .find((one) => one.name === ifname)
      ?.hooks.find((one) => one.hook === "tc_egress");
    const ran = egress?.entries.map(({ prog_id }) =>
      Number(datapath.programs.find(({ id }) => id === prog_id)?.run_cnt ?? 0),
    );
    const [stale = 0, current = 0] = ran ?? [];
    expect(current).toBeGreaterThan(0);
    expect((stale - current) / stale).toBeCloseTo(1 / 50, 2);
  });
});
