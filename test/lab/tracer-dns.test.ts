/**
 * dns on this kernel: what it tells, against what a DNS server of ours wrote down and what the clients were started to ask.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLIENT, cgroup2Mount, type DnsLab, startDnsLab } from "../support/dns-lab.ts";
import { startTracer } from "../support/tracer.ts";

type Line = Record<string, unknown>;

let lab: DnsLab;
beforeAll(async () => {
  lab = await startDnsLab();
});
afterAll(async () => {
  await lab?.stop();
});

/** `label0.lab.test A`, … in the order of their text. */
function asked(label: string, count: number, ...types: string[]): string[] {
  return Array.from({ length: count }, (_, at) => types.map((type) => `${label}${at}.lab.test ${type}`))
    .flat()
    .sort();
}

const names = (label: string, count: number) => Array.from({ length: count }, (_, at) => `${label}${at}.lab.test`);
const ofLab = (lines: readonly Line[], record: string) =>
  lines.filter((line) => line.record === record && line.netns === lab.netns);
const question = ({ name, type }: Line) => `${name} ${type}`;
/** Waits for its time to be over, so that nothing is open. */
const PATIENT = { unanswered_after_s: 20 };

/** A way to ask, and all that must be told of it. */
interface Way {
  way: string;
  command: string[];
  questions: string[];
  /** Its directory is told while the process is there. */
  exe: RegExp;
  comm?: string;
  transport?: "udp" | "tcp";
  resolver?: string;
  rcode?: string;
}

const NODE_ASKS = `
  const { Resolver } = require("node:dns").promises;
  const resolver = new Resolver();
  resolver.setServers(["127.0.0.1"]);
  Promise.all(${JSON.stringify(names("node", 100))}.map((name) => resolver.resolve4(name)));`;
const PYTHON_ASKS = `
import socket
for number in range(50):
    socket.getaddrinfo(f"python{number}.lab.test", 80)`;
const EACH = 80;

const ofClient = (how: string, address: string, label: string, ...types: string[]): Way => ({
  way: `${how} to ${address}`,
  command: [CLIENT, how, address, "53", label, `${EACH}`],
  questions: asked(label, EACH, ...types),
  exe: /(^|\/)dns-client$/,
  comm: "asker",
  resolver: address,
  transport: how === "tcp" ? "tcp" : "udp",
});

const WAYS: Way[] = [
  ofClient("sendto", "127.0.0.1", "sendto", "A"),
  ofClient("sendto", "::1", "sendtosix", "A"),
  ofClient("send", "127.0.0.1", "send", "A"),
  ofClient("sendmsg", "127.0.0.1", "sendmsg", "A"),
  ofClient("sendmmsg", "127.0.0.1", "sendmmsg", "A", "AAAA"),
  ofClient("write", "::1", "writesix", "A"),
  // A thread of the kernel sends for it, which bears the process's name.
  { ...ofClient("io_uring", "127.0.0.1", "uring", "A"), comm: "dns-client" },
  ofClient("tcp", "127.0.0.1", "tcp", "A"),
  ofClient("tcp", "::1", "tcpsix", "A"),
  {
    way: "glibc's resolver",
    command: ["getent", "ahosts", ...names("getent", 40)],
    questions: asked("getent", 40, "A", "AAAA"),
    exe: /(^|\/)getent$/,
    comm: "getent",
  },
  {
    way: "Python",
    command: ["python3", "-c", PYTHON_ASKS],
    questions: asked("python", 50, "A", "AAAA"),
    exe: /(^|\/)python3[^/]*$/,
    comm: "python3",
  },
  {
    way: "Node.js",
    command: [process.execPath, "-e", NODE_ASKS],
    questions: asked("node", 100, "A"),
    exe: /(^|\/)node$/,
  },
  {
    way: "dig",
    command: ["dig", "@127.0.0.1", "+time=20", "+tries=1", ...names("dig", 30)],
    questions: asked("dig", 30, "A"),
    exe: /(^|\/)dig$/,
  },
  {
    way: "dig for names that are not there",
    command: ["dig", "@127.0.0.1", "+time=20", "+tries=1", ...names("nx", 10)],
    questions: asked("nx", 10, "A"),
    exe: /(^|\/)dig$/,
    rcode: "NXDOMAIN",
  },
  {
    way: "dig over TCP",
    command: ["dig", "@::1", "+tcp", "+time=20", "+tries=1", ...names("digtcp", 30)],
    questions: asked("digtcp", 30, "A"),
    exe: /(^|\/)dig$/,
    transport: "tcp",
    resolver: "::1",
  },
  {
    way: "dig for 4 KB over TCP in small segments",
    command: ["dig", "@127.0.0.1", "+tcp", "+time=20", "+tries=1", "-t", "TXT", ...names("big", 5)],
    questions: asked("big", 5, "TXT"),
    exe: /(^|\/)dig$/,
    transport: "tcp",
  },
  {
    way: "busybox",
    command: ["busybox", "nslookup", "busybox0.lab.test", "127.0.0.1"],
    questions: asked("busybox", 1, "A", "AAAA"),
    exe: /(^|\/)busybox$/,
    comm: "busybox",
  },
];

describe("dns", () => {
  it("tells each query once, of whoever asks in whatever way, with its answer", async () => {
    const before = lab.log.length;
    const tracer = await startTracer("dns", PATIENT, { budget_pct: 1000 });
    const pids = new Map<string, number>();
    // One after the other would take its time; all at once they are what a node has.
    const runs = WAYS.map(async ({ way, command }) => {
      const { pid, code, stderr } = await lab.ask(command);
      if (way.startsWith("io_uring") && code === 77) return;
      expect(`${way}: ${code} ${stderr}`).toBe(`${way}: 0 `);
      pids.set(way, pid);
    });
    await Promise.all(runs);
    await tracer.settled();
    const { lines, summary, totals } = await tracer.end();
    const queries = ofLab(lines, "query");

    for (const { way, questions, exe, comm, transport = "udp", resolver = "127.0.0.1", rcode = "NOERROR" } of WAYS) {
      const pid = pids.get(way);
      if (pid === undefined) continue;
      const own = queries.filter((query) => query.pid === pid);
      expect({ way, questions: own.map(question).sort() }).toEqual({ way, questions });
      for (const query of own) {
        expect(query).toMatchObject({
          outcome: "answered",
          rcode,
          transport,
          resolver,
          resolver_port: 53,
          cgroup: "/",
        });
        expect(query).toMatchObject({ retries: 0, attempt: 1, truncated: false, role: "client", problem: null });
        expect(query.exe).toMatch(exe);
        expect(query.latency_us).toBeGreaterThan(0);
        if (comm !== undefined) expect(query.comm).toBe(comm);
      }
      const total = totals("process").find((process) => process.pid === pid);
      const nxdomain = rcode === "NXDOMAIN" ? questions.length : 0;
      expect(total).toMatchObject({ queries: questions.length, answers: questions.length, nxdomain, unanswered: 0 });
    }
    // None invented, none left out, each from the socket it was sent from.
    const key = (line: Line | { [name: string]: unknown }, id: unknown) =>
      `${line.transport} ${line.client_port} ${id} ${line.name} ${line.type}`;
    expect(queries.map((query) => key(query, query.transaction)).sort()).toEqual(
      lab.log
        .slice(before)
        .map((logged) => key({ ...logged }, logged.id))
        .sort(),
    );
    // The thread that asks is not the process's first.
    expect(queries.filter(({ comm }) => comm === "asker").every(({ pid, tid }) => pid !== tid)).toBe(true);
    expect(ofLab(lines, "stray")).toEqual([]);
    expect(summary).toMatchObject({ lost: 0, evicted: 0, thinned: 0 });
  });

  it("tells what the answers are, and which queries have none or none that is sound", async () => {
    const tracer = await startTracer("dns", { unanswered_after_s: 0.5 }, { budget_pct: 1000 });
    const dig = (...words: string[]) => lab.ask(["dig", "@127.0.0.1", "+time=20", "+tries=1", ...words]);
    const one = (type: string) => [`${type.toLowerCase()}.lab.test`, type];
    await dig(...["A", "AAAA", "MX", "TXT", "SRV", "HTTPS", "TYPE999"].flatMap(one), "-x", "10.1.2.3");
    await dig("alias.lab.test", "refused.lab.test", "we\\.ird\\001\\255.lab.test");
    await dig("+ignore", "big.lab.test");
    const silent = await lab.ask([CLIENT, "sendto!", "127.0.0.1", "53", "never", "3"]);
    await lab.ask([CLIENT, "send", "127.0.0.1", "53", "broken", "1"]);
    // It waits for two messages: the second answer to its first question is what comes next.
    await lab.ask([CLIENT, "send", "127.0.0.1", "53", "twice", "2"]);
    await lab.ask([
      "perl",
      "-MIO::Socket::INET",
      "-e",
      'IO::Socket::INET->new(Proto => "udp", PeerAddr => "127.0.0.1:53")->send("no query")',
    ]);
    for (const name of names("never", 3)) await tracer.waitFor("query", (query) => query.name === name);
    await tracer.waitFor("stray", ({ name, netns }) => netns === lab.netns && name === "twice0.lab.test");
    const { lines, summary } = await tracer.end();
    const queries = ofLab(lines, "query").filter(({ name }) => name !== "twice1.lab.test");
    const told = queries.map(({ name, type, outcome, rcode, answers, ttl, truncated }) => ({
      name,
      type,
      outcome,
      rcode,
      answers,
      ttl,
      truncated,
    }));
    const good = { outcome: "answered", rcode: "NOERROR", ttl: 60, truncated: false };
    const none = { rcode: null, answers: null, ttl: null, truncated: false };

    expect(told.sort((a, b) => `${a.name ?? ""}`.localeCompare(`${b.name ?? ""}`, "en"))).toEqual([
      { name: null, type: null, outcome: "malformed", ...none },
      { name: "3.2.1.10.in-addr.arpa", type: "PTR", ...good, answers: ["host.lab.test"] },
      { name: "a.lab.test", type: "A", ...good, answers: ["10.1.2.3"], ttl: 30 },
      { name: "aaaa.lab.test", type: "AAAA", ...good, answers: ["fd00::7"] },
      { name: "alias.lab.test", type: "A", ...good, answers: ["target.lab.test", "10.1.2.3"], ttl: 30 },
      { name: "big.lab.test", type: "A", ...good, answers: [], ttl: null, truncated: true },
      {
        name: "broken0.lab.test",
        type: "A",
        outcome: "malformed",
        rcode: "NOERROR",
        answers: [],
        ttl: null,
        truncated: false,
      },
      { name: "https.lab.test", type: "HTTPS", ...good, answers: ['1 . alpn="h2" ipv4hint=10.1.2.4'] },
      { name: "mx.lab.test", type: "MX", ...good, answers: ["10 mail.lab.test"] },
      { name: "never0.lab.test", type: "A", outcome: "unanswered", ...none },
      { name: "never1.lab.test", type: "A", outcome: "unanswered", ...none },
      { name: "never2.lab.test", type: "A", outcome: "unanswered", ...none },
      { name: "refused.lab.test", type: "A", ...good, rcode: "REFUSED", answers: [], ttl: null },
      { name: "srv.lab.test", type: "SRV", ...good, answers: ["1 2 8080 srv.lab.test"] },
      { name: "twice0.lab.test", type: "A", ...good, answers: ["10.1.2.3"], ttl: 30 },
      { name: "txt.lab.test", type: "TXT", ...good, answers: ['"a\\"\\001"'] },
      { name: "type999.lab.test", type: "TYPE999", ...good, answers: [], ttl: null },
      { name: "we\\.ird\\001\\255.lab.test", type: "A", ...good, answers: ["10.1.2.3"], ttl: 30 },
    ]);
    const problems = queries.filter(({ problem }) => problem !== null).map(({ name, problem }) => [name, problem]);
    expect(Object.fromEntries(problems)).toEqual({
      null: "shorter than a header",
      "broken0.lab.test": "a record runs past the end",
    });
    expect(queries.filter(({ pid }) => pid === silent.pid)).toHaveLength(3);
    const strays = ofLab(lines, "stray").filter(({ name }) => name !== "twice1.lab.test");
    expect(strays.map(({ name, why }) => [name, why])).toEqual([["twice0.lab.test", "duplicate"]]);
    expect(summary).toMatchObject({ lost: 0, evicted: 0 });
  });

  it("tells repeated questions, and what was still open when it ended", async () => {
    const tracer = await startTracer("dns", PATIENT, { budget_pct: 1000 });
    const { pid } = await lab.ask(["dig", "@127.0.0.1", "+time=1", "+tries=2", "never.lab.test"]);
    const { lines } = await tracer.end();
    const own = ofLab(lines, "query").filter((query) => query.pid === pid);
    expect(own.map(({ outcome, attempt }) => ({ outcome, attempt }))).toEqual([
      { outcome: "open", attempt: 1 },
      { outcome: "open", attempt: 2 },
    ]);
  });

  it("knows the cgroup of a process when both are gone", async () => {
    const made = path.join(cgroup2Mount(), `bpfdesk-dns-${process.pid}`);
    const tracer = await startTracer("dns", PATIENT, { budget_pct: 1000 });
    try {
      fs.mkdirSync(path.join(made, "pod/container"), { recursive: true });
      const { stderr } = await lab.ask(["getent", "ahosts", "short.lab.test"], path.join(made, "pod/container"));
      expect(stderr).toBe("");
    } finally {
      for (const gone of ["pod/container", "pod", ""]) fs.rmdirSync(path.join(made, gone));
    }
    const query = await tracer.waitFor("query", ({ name }) => name === "short.lab.test");
    expect(query).toMatchObject({ cgroup: `/bpfdesk-dns-${process.pid}/pod/container`, comm: "getent" });
    await tracer.end();
  });

  it("tells the resolver's view when it is asked for, and who is asked and asks", async () => {
    const tracer = await startTracer(
      "dns",
      { ...PATIENT, role: "both", name: "both0.LAB.test." },
      { budget_pct: 1000 },
    );
    const { pid } = await lab.ask([CLIENT, "send", "127.0.0.1", "53", "both", "2"]);
    const tcp = await lab.ask([CLIENT, "tcp", "127.0.0.1", "53", "both", "2"]);
    await tracer.settled();
    const { lines } = await tracer.end();
    const told = ofLab(lines, "query").map(({ role, transport, pid, name }) => ({ role, transport, pid, name }));
    const name = "both0.lab.test";
    expect(told.sort((a, b) => `${a.transport}${a.role}`.localeCompare(`${b.transport}${b.role}`))).toEqual([
      { role: "client", transport: "tcp", pid: tcp.pid, name },
      { role: "server", transport: "tcp", pid: lab.server_pid, name },
      { role: "client", transport: "udp", pid, name },
      { role: "server", transport: "udp", pid: lab.server_pid, name },
    ]);
  });

  it("counts what it lost to the last query, and takes no lost answer for one that never came", async () => {
    const tracer = await startTracer("dns", { ports: 5399, ring_mb: 1, unanswered_after_s: 1 }, { budget_pct: 1000 });
    // Nobody reads: the ring holds a few thousand messages.
    process.kill(tracer.pid, "SIGSTOP");
    const { stdout } = await lab.ask(["dns-flood", "5399", "20000", "0.5"]);
    process.kill(tracer.pid, "SIGCONT");
    const { sent, answered, pid } = JSON.parse(stdout) as { sent: number; answered: number; pid: number };
    await tracer.settled();
    await tracer.settled();
    const { code, lines, summary, totals } = await tracer.end();
    expect(code).toBe(0);
    const udp = summary?.udp as { queries: number; answers: number; lost_queries: number; lost_answers: number };
    expect(udp).toMatchObject({ queries: sent, answers: answered });
    expect(udp.lost_queries).toBeGreaterThan(0);
    expect(summary?.lost).toBe(udp.lost_queries + udp.lost_answers);
    const told = ofLab(lines, "query");
    expect(told.length + udp.lost_queries).toBe(sent);
    expect(told.filter(({ outcome }) => outcome === "unanswered")).toEqual([]);
    expect(totals("process").find((process) => process.pid === pid)).toMatchObject({
      queries: sent,
      answers: answered,
    });
  });

  it("tells only problems, or only totals, when that is asked for", async () => {
    const reports = ["problems", "totals"];
    const tracers = reports.map((report) => startTracer("dns", { ...PATIENT, report }, { budget_pct: 1000 }));
    const [problems, sums] = await Promise.all(tracers);
    const { pid } = await lab.ask(["dig", "@127.0.0.1", "+time=20", "+tries=1", "good.lab.test", "nx.lab.test"]);
    await Promise.all([problems?.settled(), sums?.settled()]);
    const [some, none] = await Promise.all([problems?.end(), sums?.end()]);
    const own = ofLab(some?.lines ?? [], "query").filter((query) => query.pid === pid);
    expect(own.map(({ name, rcode }) => [name, rcode])).toEqual([["nx.lab.test", "NXDOMAIN"]]);
    expect(none?.lines.filter(({ record }) => record !== "process")).toEqual([]);
    for (const ended of [some, none]) {
      const total = ended?.totals("process").find((process) => process.pid === pid);
      expect(total).toMatchObject({ queries: 2, answers: 2, nxdomain: 1, failed: 0 });
    }
  });
});
