/**
 * The runbook on the lab's node over a real sshd: one filter that drops a packet in fifty among others that only look like it.
 * What was lost is told by those who sent it. Where the kernel lets programs be traced the drops are proven; where it does not,
 * the runbook says no more than it knows.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { RunbookRunState } from "../../electron/core/journal/runbooks.ts";
import type { SessionState } from "../../electron/core/journal/state.ts";
import type { RunbookVerdict } from "../../electron/core/runbook/types.ts";
import { askPod } from "../../electron/host/change/checks.ts";
import { lendChange } from "../../electron/host/change/lend.ts";
import { takeInventory } from "../../electron/host/residue/inventory.ts";
import { stopLeftovers } from "../../electron/host/residue/stop.ts";
import { type TestService, testService } from "../../electron/host/session/testing/service.ts";
import { connectSsh } from "../../electron/host/ssh/connect.ts";
import { lendTracers } from "../../electron/host/trace/lend.ts";
import { follow } from "../support/change-node.ts";
import { tracerBinary } from "../support/tracer.ts";
import { BIN } from "./node/agent-plan.ts";
import { portableBpftool } from "./node/bpftool.ts";
import { faultInterface } from "./node/expected.ts";
import { type Lab, startLab } from "./node/lab.ts";
import { endpointPods } from "./node/plan.ts";

const RESOURCES = path.resolve(import.meta.dirname, "../../resources");
/** Of each of two senders: enough to rule out a drop in fifty. */
const DATAGRAMS = 150;
const OUT = "egress (out → pod)";

let lab: Lab;
let test: TestService;
let node: string;
let untilNow: ReturnType<typeof follow>["untilNow"];
beforeAll(async () => {
  await tracerBinary();
  lab = await startLab({
    pods: 8,
    faults: ["stale-filter", "second-handle", "dead-filter", "duplicate-tcx"],
    ssh: true,
    bpftool: portableBpftool(),
  });
  const { ssh } = lab;
  if (!ssh) throw new Error("the lab has no sshd");
  const config_file = path.join(ssh.dir, "config-runbook");
  fs.writeFileSync(config_file, "IdentityAgent none\nIdentityFile none\nGlobalKnownHostsFile none\n");
  const target = `root@${ssh.host}:${ssh.port}`;
  const keys = { known_hosts: ssh.knownHosts, identity_file: ssh.keyFile };
  test = await testService({
    ssh: (_chosen, context) => connectSsh({ target, config_file, ...keys, ...context }),
    residue: { takeInventory, stopLeftovers },
    lendTracers: (transport, { signal }) =>
      lendTracers(transport, { tracersDir: path.join(RESOURCES, "tracers"), signal }),
    changes: {
      lend: (transport, { signal }) => lendChange(transport, { dir: path.join(RESOURCES, "change"), signal }),
      askPod,
      lease_s: 30,
    },
  });
  untilNow = follow(test.client, test.session_id).untilNow;
  node = await test.connect({ kind: "ssh", target });
  const ready = await test.untilNode(
    node,
    ({ phase, error, datapath }) => error !== null || (phase === "ready" && datapath !== null),
  );
  if (ready.error) throw new Error(ready.error.message);
}, 300_000);
afterAll(async () => {
  await test?.end();
  await lab?.stop();
});

const ended = ["done", "skipped", "failed", "interrupted"];
const runOf = ({ runbooks }: SessionState, run_id: string): RunbookRunState => {
  const run = runbooks.find((one) => one.run_id === run_id);
  if (!run) throw new Error("the run is in the session");
  return run;
};
const stepOf = (run: RunbookRunState, step: string) => run.steps.find((one) => one.step === step);

async function begin(inputs: Record<string, string>): Promise<string> {
  const about = { session_id: test.session_id, node };
  const { run_id } = await test.client.call("runbook.start", {
    ...about,
    book: "stale-filters",
    inputs,
    attended: true,
  });
  await untilNow(({ runbooks }) => runbooks.some((one) => one.run_id === run_id));
  return run_id;
}

/** Sends while a step measures, then has its traces end. Returns what was lost towards each interface, and the run. */
async function sendDuring(run_id: string, step: string, towards: readonly string[]) {
  const atWork = (state: SessionState): boolean => {
    const now = stepOf(runOf(state, run_id), step);
    if (now === undefined) return false;
    const traces = Object.values(now.traces).map((id) => state.traces.find((one) => one.trace_id === id));
    return (
      ended.includes(now.state) ||
      (traces.length > 0 && traces.every((one) => one !== undefined && one.stats.length > 0))
    );
  };
  const measuring = stepOf(runOf(await untilNow(atWork), run_id), step);
  expect(measuring).toMatchObject({ state: "running", result: null });
  const lost: Record<string, number> = {};
  for (const ifname of towards) {
    const flows = await lab.traffic({ towards: ifname, udp: DATAGRAMS, tcp: 0 });
    lost[ifname] = flows.reduce((sum, { udp }) => sum + udp.sent - udp.answered, 0);
  }
  for (const trace_id of Object.values(measuring?.traces ?? {})) {
    await test.client.call("trace.stop", { session_id: test.session_id, node, trace_id });
  }
  return lost;
}

const until = async (run_id: string, condition: (run: RunbookRunState) => boolean) =>
  runOf(await untilNow((state) => condition(runOf(state, run_id))), run_id);
/** `likely active-conflict`, by interface; several are in the order of the chain. */
function words(verdicts: readonly RunbookVerdict[]): Record<string, string[]> {
  return Object.fromEntries(
    [...Map.groupBy(verdicts, ({ subject }) => subject.split(" ")[0] ?? "")].map(([ifname, own]) => [
      ifname,
      own.map(({ verdict, kind }) => `${verdict} ${kind}`),
    ]),
  );
}
const textOf = (verdict: RunbookVerdict | undefined): string =>
  [verdict?.meaning, ...(verdict?.evidence ?? []).map(({ text }) => text), ...(verdict?.missing ?? [])].join("\n");

it("finds the one that drops among those that do not, has it taken off, and sees that it helped", async () => {
  const of = (fault: Parameters<typeof faultInterface>[1]) => faultInterface(lab.plan, fault) ?? "";
  const [stale, second, dead, twice] = [
    of("stale-filter"),
    of("second-handle"),
    of("dead-filter"),
    of("duplicate-tcx"),
  ];
  const named = [stale, second, dead, twice];
  const free = endpointPods(lab.plan).find(
    ({ endpoint: { ifname, mechanism, to_container } }) =>
      mechanism === "clsact" && to_container && !named.includes(ifname),
  );
  const shared = free?.endpoint.ifname ?? "";
  const observer = `load other ${BIN}/observer.o\nfilter ${shared} egress 1 1 other:classifier_egress\n`;
  expect(await lab.run([`${BIN}/lab-agent`, "--once"], observer)).toMatchObject({ code: 0 });

  const run_id = await begin({ seconds: "120" });
  const lost = await sendDuring(run_id, "measure", [stale, second, shared]);
  const drops = lost[stale] ?? 0;
  expect(drops).toBeGreaterThan(0);
  expect(lost).toEqual({ [stale]: drops, [second]: 0, [shared]: 0 });

  const asked = await until(run_id, ({ question, outcome }) => question !== null || outcome !== null);
  const found = asked.verdicts.find(({ kind }) => kind === "active-conflict" && asked.question !== null);
  expect(asked.question?.step).toBe("remedy");
  const exact = !textOf(found).includes("its own verdicts were not seen");
  expect(words(asked.verdicts)).toEqual({
    [stale]: [`${exact ? "confirmed" : "likely"} active-conflict`],
    [second]: ["ruled_out active-conflict"],
    [dead]: ["ruled_out shadowed-leftover"],
    [twice]: ["ruled_out shadowed-leftover"],
    [shared]: ["ruled_out legitimate-second-program"],
  });
  const conflict = asked.verdicts.find(({ subject }) => subject.startsWith(`${stale} ${OUT}`));
  expect(textOf(conflict)).toContain(
    exact ? `dropped ${drops} of ` : `all ${drops} drops of this hook are those of cil_to_container`,
  );
  expect(textOf(conflict)).toContain("other-place");
  expect(textOf(conflict)).toContain(
    endpointPods(lab.plan).find(({ endpoint }) => endpoint.ifname === stale)?.endpoint.address,
  );
  const proposals = asked.verdicts.flatMap(({ proposal }) =>
    proposal?.kind === "detach" ? [proposal.attachment] : [],
  );
  expect(proposals).toMatchObject([{ ifname: stale, direction: "egress", mechanism: "clsact", pref: 1, handle: 1 }]);

  const about = { session_id: test.session_id, node };
  const { plan_id } = await test.client.call("change.plan", { ...about, entry: proposals[0]?.entry ?? "" });
  const planned = await untilNow(({ changes }) => changes.some(({ plan }) => plan.plan_id === plan_id));
  const confirm = planned.changes.find(({ plan }) => plan.plan_id === plan_id)?.plan.confirm ?? "";
  await test.client.call("change.approve", { ...about, plan_id, typed: confirm });
  await untilNow(({ changes }) =>
    changes.some((one) => one.plan.plan_id === plan_id && ["confirmed", "failed", "restored"].includes(one.phase)),
  );
  await test.client.call("runbook.answer", { ...about, run_id, step: "remedy", answer: "go-on" });

  expect(await sendDuring(run_id, "verify", [stale, stale])).toEqual({ [stale]: 0 });
  const run = await until(run_id, ({ outcome }) => outcome !== null);
  const after = run.verdicts.find(({ id }) => id === conflict?.id);
  expect(run.outcome).toBe("finished");
  expect(textOf(after)).toContain("which is what was there without it");
  expect(textOf(after)).toMatch(/0 drops of \d+ packets/);
  expect(words(run.verdicts)[stale]).not.toContain("confirmed active-conflict");
  expect(words(run.verdicts)[stale]).not.toContain("likely active-conflict");
}, 400_000);

it("finds nothing to do the second time, and says so", async () => {
  const stale = faultInterface(lab.plan, "stale-filter") ?? "";
  const run_id = await begin({ interface: stale, seconds: "120" });
  expect(await sendDuring(run_id, "measure", [stale])).toEqual({ [stale]: 0 });
  const run = await until(run_id, ({ outcome }) => outcome !== null);
  expect(run).toMatchObject({ outcome: "finished", question: null });
  expect(run.verdicts.filter(({ verdict }) => verdict === "confirmed" || verdict === "likely")).toEqual([]);
  expect(run.verdicts.find(({ subject }) => subject === `${stale} ${OUT}`)).toMatchObject({
    verdict: "ruled_out",
    kind: "nothing-found",
  });
  expect(run.verdicts.find(({ id }) => id === "nothing-found")?.meaning).toContain(
    "There is no stale filter here, and nothing to do.",
  );
}, 300_000);
