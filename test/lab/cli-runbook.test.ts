/**
 * `bpfdesk runbook` on a whole node: what it prints and writes, that it changes nothing by itself, and a change that a
 * person approves at the terminal, and takes back.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ExportedRun } from "../../electron/core/runbook/export.ts";
import { type Cli, type CliRan, makeCli } from "../support/cli.ts";
import type { TestSshd } from "../support/sshd.ts";
import { tracerBinary } from "../support/tracer.ts";
import { portableBpftool } from "./node/bpftool.ts";
import { faultInterface } from "./node/expected.ts";
import { type Lab, startLab } from "./node/lab.ts";
import { observeHooks } from "./node/observe.ts";

const SCHEMA = path.resolve(import.meta.dirname, "../../docs/schema/runbook.schema.json");
const valid = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(
  JSON.parse(fs.readFileSync(SCHEMA, "utf8")),
);

let lab: Lab;
let sshd: TestSshd;
let cli: Cli;
let stale: string;
beforeAll(async () => {
  await tracerBinary();
  cli = await makeCli();
  lab = await startLab({ pods: 4, faults: ["stale-filter"], ssh: true, bpftool: portableBpftool() });
  if (!lab.ssh) throw new Error("the lab has no sshd");
  sshd = lab.ssh;
  stale = faultInterface(lab.plan, "stale-filter") ?? "";
});
afterAll(async () => {
  await lab?.stop();
  cli?.remove();
});

const login = () => ["--identity", sshd.keyFile, "--known-hosts", sshd.knownHosts];
const target = (port = sshd.port) => `root@127.0.0.1:${port}`;
const stales = (...more: string[]) => [
  ...["runbook", "stale-filters", target(), "--input", `interface=${stale}`, "--input", "seconds=5"],
  ...[...more, ...login()],
];

/** Sends to the pod until the run has ended. */
async function withTraffic<T extends CliRan>(running: Promise<T>): Promise<T> {
  let over = false;
  const ended = running.finally(() => {
    over = true;
  });
  while (!over) await lab.traffic({ towards: stale, udp: 100, tcp: 0 });
  return ended;
}
const chain = async () => JSON.stringify((await observeHooks(lab)).filter(({ ifname }) => ifname === stale));
function parsed(ran: CliRan): ExportedRun {
  const run: unknown = JSON.parse(ran.stdout);
  expect(valid(run), JSON.stringify(valid.errors)).toBe(true);
  return run as ExportedRun;
}

/** Of the run that only looked. */
let plan_id = "";
let confirm = "";

it("prints what it found with the plan of what could be done, writes a report, and changes nothing", async () => {
  const before = await chain();
  const report = path.join(cli.dir, "incident.md");
  const ran = await withTraffic(cli.run(stales("--json", "--report", report)));
  expect([ran.code, ran.stderr]).toEqual([1, ""]);
  const run = parsed(ran);
  expect(run).toMatchObject({ runbook: "stale-filters", target: target(), outcome: "finished" });
  const found = run.verdicts.filter(({ verdict }) => verdict === "confirmed" || verdict === "likely");
  expect(found).toMatchObject([{ kind: "active-conflict", proposal: { kind: "detach", problem: null } }]);
  const plan = found[0]?.proposal?.kind === "detach" ? found[0].proposal.plan : null;
  expect(plan).toMatchObject({ attachment: { ifname: stale, direction: "egress", pref: 1 }, confirm: stale });
  plan_id = plan?.plan_id ?? "";
  confirm = plan?.confirm ?? "";
  // Every fact can be looked up: in a command, in a trace, or in what the picture was read from.
  expect(run.collected_by.length).toBeGreaterThan(0);
  for (const id of run.collected_by) expect(run.commands).toHaveProperty([id]);
  for (const { source } of run.verdicts.flatMap(({ evidence }) => evidence)) {
    if (source.kind === "command") expect(run.commands).toHaveProperty([source.command_id]);
    if (source.kind === "trace") expect(run.commands).toHaveProperty([source.trace_id]);
  }
  const written = fs.readFileSync(report, "utf8");
  expect(written).toContain(`## ${target().replace("@", "\\@")}`);
  expect(written).toContain(`Plan: ${plan_id}`);
  expect(written).toContain("run verdict --for 5");
  expect(await chain()).toBe(before);
});

it("changes nothing where nobody is at a terminal, and connects to nobody for it", async () => {
  const ran = await cli.run(stales("--apply", plan_id));
  expect(ran).toMatchObject({ code: 2, stdout: "" });
  expect(ran.stderr).toContain("approved by a person at a terminal");
});

it("makes the change that is approved by its word at the terminal, verifies it, and takes it back when asked to", async () => {
  const before = await chain();
  const ran = await withTraffic(
    cli.onTerminal(stales("--apply", plan_id, "--json"), [
      [`Type ${confirm} to make this change`, `${confirm}\n`],
      ["type undo to put it back", "undo\n"],
    ]),
  );
  expect(ran.screen).toContain("type undo to put it back");
  expect(ran.stderr).toMatch(/Plan .*\n[\s\S]*owner: [\s\S]*undo: [\s\S]*The change was made and the checks passed/);
  expect(ran.stderr).toMatch(/It was put back \(undo\), exactly as it was/);
  const run = parsed(ran);
  expect(run.outcome).toBe("finished");
  // Without it nothing drops; on a very slow machine too few packets may have passed to rule it out.
  expect(run.verdicts.filter(({ verdict }) => verdict === "confirmed" || verdict === "likely")).toEqual([]);
  expect(await chain()).toBe(before);
});

it("says in its report why a node could not be looked at", async () => {
  const report = path.join(cli.dir, "nobody.md");
  const nobody = [target(1), target(2)];
  const ran = await cli.run(["runbook", "stale-filters", ...nobody, "--report", report, ...login()]);
  expect(ran.code).toBe(2);
  const written = fs.readFileSync(report, "utf8");
  const whys = [...written.matchAll(/^It could not be looked at: (.*)$/gm)].map(([, why]) => why);
  expect(whys).toHaveLength(2);
  for (const why of whys) expect(why).toContain("nothing listens on that port");
});

it("goes through a team's own runbook on several nodes, and compares with the time before", async () => {
  const books = path.join(cli.dir, "books");
  fs.mkdirSync(books);
  const team = `id: team-look
title: Look
symptom: A test.
when_to_use: In tests.
runs: One picture.
steps:
  - { id: picture, kind: collect, title: Look, text: Reads the node. }
  - id: judge
    kind: examine
    title: Judge
    text: Counts.
    verdicts:
      - id: many
        subject: programs that are there twice
        kind: many
        when: [{ finding: { id: duplicate-name } }]
        verdict: likely
        meaning: There are some.
`;
  fs.writeFileSync(path.join(books, "team.yaml"), team);
  const targets = (await sshd.morePorts(2)).map((port) => target(port));
  const look = (...more: string[]) =>
    cli.run(["runbook", "team-look", ...targets, "--books", books, "--json", ...more, ...login()]);
  const earlier = path.join(cli.dir, "before.json");
  const gone = { id: "gone", subject: "x", verdict: "likely", kind: "x" };
  const then = Object.fromEntries(targets.map((name) => [name, { target: name, verdicts: [gone] }]));
  fs.writeFileSync(earlier, JSON.stringify({ nodes: then }));
  const ran = await look("--against", earlier);
  expect([ran.code, ran.stderr]).toEqual([1, ""]);
  const { nodes } = JSON.parse(ran.stdout) as { nodes: Record<string, ExportedRun> };
  expect(valid({ nodes }), JSON.stringify(valid.errors)).toBe(true);
  expect(Object.keys(nodes)).toEqual(targets);
  for (const run of Object.values(nodes)) {
    expect(run.verdicts).toMatchObject([{ id: "many", verdict: "likely" }]);
    expect(run.compared).toMatchObject({ appeared: [{ id: "many" }], gone: [gone], changed: [], same: 0 });
  }
  fs.writeFileSync(path.join(books, "team.yaml"), `${team}extra: 1\n`);
  const refused = await look();
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toMatch(/team\.yaml:19: extra: there is no such member/);
});
