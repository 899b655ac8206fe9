/**
 * `bpfdesk runbook retransmit-storm` on a node of this kernel, behind a real OpenSSH server. All at once: a pod whose packets a
 * program on the node's own interface drops, a pod whose packets are lost on the way, where no kernel sees it, and which a
 * dropping program stands beside that only drops others', and a pod that loses nothing.
 */
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ExportedRun } from "../../electron/core/runbook/export.ts";
import { type Cli, makeCli } from "../support/cli.ts";
import { tracerBinary } from "../support/tracer.ts";
import { BIN } from "./node/agent-plan.ts";
import { must, until } from "./node/exec.ts";
import { type Lab, startLab } from "./node/lab.ts";
import { endpointPods, WIRE_ADDRESS } from "./node/plan.ts";

const TALK = path.resolve(import.meta.dirname, "../kernels/files/tcp_talk.py");
const WIRE = path.resolve(import.meta.dirname, "../kernels/files/lossy_wire.py");
const FAR = "10.9.7.2";
/** Every so many-th segment with data is lost on the way. */
const LOSES_ONE_IN = 20;

type Verdict = ExportedRun["verdicts"][number];

let lab: Lab;
let cli: Cli;
let run: ExportedRun;
let calm: ExportedRun;
let wire: ReturnType<typeof start>;
/** Counters of the time that was measured, and more. */
const truth = { stale: { retrans: 0, dropped: 0 }, lossy: { retrans: 0, lost: 0 }, others: 0 };
const children: ChildProcess[] = [];

/** Runs until the end, with what it said so far. */
function start(argv: readonly string[]) {
  const [command = "", ...args] = argv;
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const says = async (word: RegExp) => {
    const found = () => lines.find((line) => word.test(line));
    expect(await until(() => found() !== undefined, 60_000), `${argv.join(" ")} says ${word}`).toBe(true);
    return found() ?? "";
  };
  return { child, lines, says };
}

const pod = (nth: number) => {
  const endpoint = endpointPods(lab.plan)[nth]?.endpoint;
  if (!endpoint) throw new Error(`the lab has no pod ${nth}`);
  return endpoint;
};
const inPod = (nth: number, ...words: string[]) => [
  ...lab.enter,
  "nsenter",
  `--net=/run/netns/${pod(nth).netns}`,
  ...words,
];
const outside = (...words: string[]) => ["nsenter", "-t", `${lab.state.outer}`, "-n", "--", ...words];

const podName = (nth: number) => {
  const found = endpointPods(lab.plan)[nth];
  return `${found?.namespace}/${found?.name}`;
};
let netns = "";
const ifaceOf = (nth: number) => `${netns}:${ifindices[nth]}`;
const ifindices: number[] = [];
const textOf = (verdict: Verdict | undefined) => verdict?.evidence.map(({ text }) => text).join("\n") ?? "";

const retransmitted = async (nth: number) => {
  const said = await must(inPod(nth, "cat", "/proc/net/snmp"));
  const [names, values] = said.split("\n").filter((line) => line.startsWith("Tcp:"));
  return Number(values?.split(" ")[names?.split(" ").indexOf("RetransSegs") ?? -1]);
};
const dropped = async (nth: number) => {
  const said = await must([...lab.enter, "tc", "-j", "-s", "qdisc", "show", "dev", pod(nth).ifname, "clsact"]);
  return (JSON.parse(said) as { drops: number }[]).reduce((so, { drops }) => so + drops, 0);
};
const lost = async () => {
  wire.child.stdin.write("counts\n");
  const before = wire.lines.length;
  await until(() => wire.lines.length > before, 60_000);
  return Number(wire.lines.at(-1)?.split(" ")[1]);
};

async function runbook(inputs: Record<string, string>): Promise<ExportedRun> {
  const { ssh } = lab;
  const given = Object.entries(inputs).flatMap(([name, value]) => ["--input", `${name}=${value}`]);
  const login = ["--identity", ssh?.keyFile ?? "", "--known-hosts", ssh?.knownHosts ?? ""];
  const ran = await cli.run([
    "runbook",
    "retransmit-storm",
    `root@127.0.0.1:${ssh?.port}`,
    ...given,
    "--json",
    ...login,
  ]);
  expect(ran.stdout, ran.stderr).not.toBe("");
  return JSON.parse(ran.stdout) as ExportedRun;
}

async function lossyWay(): Promise<void> {
  const { pid1, outer } = lab.state;
  const ends = [`/proc/${pid1}/root/run/netns/${pod(1).netns}`, `/proc/${outer}/ns/net`];
  wire = start(["python3", WIRE, ...ends, `lose ${LOSES_ONE_IN} 7001`]);
  await wire.says(/^ready$/);
}

async function programs(): Promise<void> {
  const agent = [...lab.enter, `${BIN}/lab-agent`, "--once"];
  // Every second datagram to port 7777, of the pod whose segments are lost elsewhere.
  const load = [`load lossy ${BIN}/lossy.o`, `load chain ${BIN}/dropper.o config=0,0,0,2`];
  const attach = [
    `filter ${pod(0).ifname} ingress 1 1 lossy:loses_data`,
    `filter ${pod(1).ifname} ingress 1 1 chain:drops_some`,
  ];
  await must(agent, `${[...load, ...attach].join("\n")}\n`);
}

beforeAll(async () => {
  [cli] = await Promise.all([makeCli(), tracerBinary()]);
  lab = await startLab({ pods: 4, mechanism: "clsact", ssh: true });
  netns = `${fs.statSync(`/proc/${lab.state.pid1}/ns/net`).ino}`;
  for (const { endpoint } of endpointPods(lab.plan)) {
    const [{ ifindex }] = JSON.parse(
      await must([...lab.enter, "ip", "-j", "link", "show", "dev", endpoint.ifname]),
    ) as [{ ifindex: number }];
    ifindices.push(ifindex);
  }
  // Of packets with few segments many are lost in a short time, or none would be by chance.
  await must(inPod(0, "ip", "link", "set", "eth0", "gso_max_segs", "4"));
  await Promise.all([lossyWay(), programs()]);
  await Promise.all([7001, 7003].map((port) => start(outside("python3", TALK, "sink", `${port}`)).says(/^ready$/)));
  const talk = (nth: number, port: number, to: string) =>
    start(inPod(nth, "python3", TALK, "talk", `${port}`, to, "40000", "10"));
  const datagrams = `while kill -0 "$PPID"; do echo > /dev/udp/${WIRE_ADDRESS}/7777; sleep 0.02; done`;
  const talking = [talk(0, 7001, WIRE_ADDRESS), talk(1, 7001, FAR), talk(2, 7003, WIRE_ADDRESS)];
  start(inPod(1, "bash", "-c", datagrams));
  await Promise.all(talking.map((one) => one.says(/^ready$/)));
  [run, calm] = await Promise.all([
    runbook({ seconds: "3", storm_pct: "1.5" }),
    runbook({ seconds: "3", destination: `${WIRE_ADDRESS}:7003` }),
  ]);
  truth.stale = { retrans: await retransmitted(0), dropped: await dropped(0) };
  truth.lossy = { retrans: await retransmitted(1), lost: await lost() };
  truth.others = await dropped(1);
}, 180_000);

afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await lab?.stop();
  cli?.remove();
});

const one = (of: ExportedRun, id: string) => of.verdicts.find((verdict) => verdict.id === id);
const blamed = () => run.verdicts.filter(({ verdict }) => verdict !== "ruled_out");
/** On a machine that is busy with something else a tracer may miss some, or end early; that is said then. */
const whole = () => !run.verdicts.some(({ missing }) => missing.some((what) => /ended early|lost \d/.test(what)));

it("is held against traffic of which it is known what was lost where", () => {
  expect(truth.stale.dropped).toBeGreaterThan(10);
  expect(truth.stale.retrans).toBeGreaterThan(10);
  // What was lost on the way is what was sent again, but for what is under way, and timers that ran out too early.
  expect(truth.lossy.lost).toBeGreaterThan(10);
  expect(truth.lossy.retrans / truth.lossy.lost).toBeCloseTo(1, 0);
  expect(truth.others).toBeGreaterThan(10);
});

describe("packets that a program on this node's own interface drops", () => {
  const id = () => `tc:${ifaceOf(0)}:ingress`;
  it("are a storm, by the pod they are of", () => {
    const storm = one(run, `storm:${WIRE_ADDRESS}:7001`);
    expect(storm).toMatchObject({ verdict: "confirmed", kind: "retransmit-storm" });
    expect(storm?.subject).toBe(`${WIRE_ADDRESS}:7001 from ${podName(0)}`);
  });

  it("are proven to be lost there, and lead to that interface in Stale filters", () => {
    const verdict = one(run, id());
    expect(verdict).toMatchObject({
      subject: `${pod(0).ifname} ingress (pod → out)`,
      verdict: "confirmed",
      kind: "tc-drop",
      proposal: { kind: "open", book: "stale-filters", inputs: { interface: pod(0).ifname } },
    });
    const [, segments] = /(\d+) towards the peer; TC_INGRESS/.exec(textOf(verdict)) ?? [];
    expect(Number(segments)).toBeGreaterThan(0);
    expect(Number(segments)).toBeLessThanOrEqual(truth.stale.retrans);
  });
});

describe("packets that are lost on the way", () => {
  it("are a storm", () => {
    expect(one(run, `storm:${FAR}:7001`)).toMatchObject({ verdict: "confirmed", kind: "retransmit-storm" });
  });

  it("are lost beyond this node, as far as can be told", () => {
    const path = one(run, "path");
    expect(path?.verdict).toBe(whole() ? "likely" : "cannot_tell");
    expect(path?.kind).toBe("one-destination");
    expect(path?.meaning).toContain(`${FAR}:7001`);
  });

  it("are not laid to the program beside them that drops others' packets, nor to anything else here", () => {
    expect(blamed().filter((verdict) => JSON.stringify(verdict).includes(pod(1).ifname))).toEqual([]);
    expect(blamed().filter(({ id, verdict }) => verdict === "confirmed" && !id.startsWith("storm:"))).toHaveLength(1);
  });
});

it("says of connections that lose nothing that there is no storm, and measures nothing more", () => {
  expect(calm.verdicts.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual(["storm ruled_out"]);
  expect(calm.left_out.map(({ step }) => step)).toEqual(["hooks", "cause", "remedy"]);
  expect(run.verdicts.map(({ id }) => id)).not.toContain(`storm:${WIRE_ADDRESS}:7003`);
});

it("says where each fact is from", () => {
  for (const { id, evidence } of blamed()) {
    for (const { source } of evidence) {
      const of = source.kind === "trace" ? source.trace_id : source.kind === "command" ? source.command_id : "";
      expect(Object.keys(run.commands), id).toContain(of);
    }
  }
});
