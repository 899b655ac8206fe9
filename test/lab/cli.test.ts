/** The command line against a whole node: its answers, its records, its exit codes, and what it never writes. */
import * as fs from "node:fs";
import * as path from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JournalEvent } from "../../electron/core/journal/events.ts";
import type { Topology } from "../../electron/core/topology/topology.ts";
import { openJournal } from "../../electron/host/journal/journal.ts";
import { type Cli, type CliRan, makeCli } from "../support/cli.ts";
import type { TestSshd } from "../support/sshd.ts";
import { portableBpftool } from "./node/bpftool.ts";
import { type ExpectedHook, expectedHooks, faultInterface } from "./node/expected.ts";
import { type Lab, startLab } from "./node/lab.ts";
import { observeHooks } from "./node/observe.ts";

const SCHEMAS = path.resolve(import.meta.dirname, "../../docs/schema");
const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
const schema = (name: string) => ajv.compile(JSON.parse(fs.readFileSync(path.join(SCHEMAS, name), "utf8")));
const validTopology = schema("topology.schema.json");
const validFindings = schema("findings.schema.json");

let lab: Lab;
let sshd: TestSshd;
let cli: Cli;
beforeAll(async () => {
  cli = await makeCli();
  lab = await startLab({ pods: 12, ssh: true, bpftool: portableBpftool() });
  if (!lab.ssh) throw new Error("the lab has no sshd");
  sshd = lab.ssh;
});
afterAll(async () => {
  await lab.stop();
  cli.remove();
});

/** A command on the node, as this user with the plain key. */
function onNode(command: string, more: string[] = [], user = "root"): string[] {
  const login = ["--identity", sshd.keyFile, "--known-hosts", sshd.knownHosts];
  return [command, `${user}@127.0.0.1:${sshd.port}`, ...login, ...more];
}
const findings = (ran: CliRan) => JSON.parse(ran.stdout) as Pick<Topology, "findings">;
const topology = (ran: CliRan) => JSON.parse(ran.stdout) as Topology;

/** The node's own hooks that have programs, by interface and hook. */
function hooksOf({ interfaces }: Topology, netns: string): ExpectedHook[] {
  return interfaces
    .filter((one) => one.netns === netns)
    .flatMap(({ name, hooks }) =>
      hooks
        .filter(({ entries }) => entries.length > 0)
        .map(({ hook, entries }) => ({
          ifname: name,
          hook: hook as ExpectedHook["hook"],
          entries: entries.map(({ mechanism, prog_name, pref, handle }) => ({
            mechanism: mechanism as "xdp" | "tcx" | "clsact",
            prog_name: prog_name ?? "",
            pref,
            handle,
          })),
        })),
    );
}
const hostNetns = () => fs.statSync(`/proc/${lab.pid1}/ns/net`).ino.toString();
const sorted = (hooks: ExpectedHook[]) =>
  [...hooks].sort((a, b) => (`${a.ifname} ${a.hook}` < `${b.ifname} ${b.hook}` ? -1 : 1));
/** Warnings and worse; others' programs on this machine bring notes of severity info only. */
const alarms = (ran: CliRan) =>
  findings(ran)
    .findings.filter(({ severity }) => severity !== "info")
    .map(({ id, severity, subject }) => ({ id, severity, subject }));

describe("topology and findings of a node", () => {
  it("are JSON of the documented form and nothing else, and tell what the kernel runs in its order", async () => {
    const ran = await cli.run(onNode("topology", ["--json"]));
    expect([ran.code, ran.stderr]).toEqual([0, ""]);
    const answer = topology(ran);
    expect(validTopology(answer), JSON.stringify(validTopology.errors)).toBe(true);
    const hooks = sorted(hooksOf(answer, hostNetns()));
    expect(hooks).toEqual(sorted(expectedHooks(lab.plan)));
    const observed = (await observeHooks(lab)).map(({ entries, ...hook }) => ({
      ...hook,
      entries: entries.map(({ prog_id: _, ...entry }) => entry),
    }));
    expect(hooks).toEqual(sorted(observed));
    for (const { name, namespace, endpoint } of lab.plan.pods)
      expect(answer.interfaces.find((one) => one.name === endpoint?.ifname)?.pod).toBe(`${namespace}/${name}`);
  });

  it("exit with 1 while there is a stale filter, naming it, and with 0 before and after", async () => {
    const healthy = await cli.run(onNode("findings", ["--json"]));
    expect([healthy.code, alarms(healthy), healthy.stderr]).toEqual([0, [], ""]);
    expect(validFindings(JSON.parse(healthy.stdout)), JSON.stringify(validFindings.errors)).toBe(true);

    await lab.addFault("stale-filter");
    const ifname = faultInterface(lab.plan, "stale-filter");
    const faulty = await cli.run(onNode("findings", ["--json"]));
    const shown = await cli.run(onNode("topology", ["--json"]));
    await lab.clearFault("stale-filter");
    expect([faulty.code, alarms(faulty)]).toEqual([
      1,
      [{ id: "duplicate-name", severity: "warning", subject: `${ifname} egress (out → pod)` }],
    ]);
    // What topology finds does not make it fail: it was asked for the picture.
    expect(shown.code).toBe(0);
    expect(sorted(hooksOf(topology(shown), hostNetns()))).toEqual(sorted(expectedHooks(lab.plan, ["stale-filter"])));

    const repaired = await cli.run(onNode("findings", ["--json"]));
    expect([repaired.code, alarms(repaired)]).toEqual([0, []]);
  });

  it("are readable without --json, in the order of execution, without escape sequences in a pipe", async () => {
    const { code, stdout, stderr } = await cli.run(onNode("topology"));
    expect([code, stderr]).toEqual([0, ""]);
    const pod = lab.plan.pods[0];
    expect(stdout).toMatch(
      new RegExp(
        `^${pod?.endpoint?.ifname}  pod ${pod?.namespace}/${pod?.name}\\n` +
          "  ingress \\(pod → out\\)\\n    1\\.  clsact  cil_from_container  #\\d+  pref 2 handle 0x1\\n" +
          "  egress \\(out → pod\\)\\n    1\\.  clsact  cil_to_container  #\\d+  pref 2 handle 0x1$",
        "m",
      ),
    );
    expect(stdout).not.toMatch(/\x1b|[ \t]$/m);
  });
});

describe("records", () => {
  /** Counters and clocks move on, and other people's objects come and go, between two looks at one node. */
  function still(answer: Topology): unknown {
    const own = new Set([...lab.state.own.prog, ...lab.state.own.map, ...lab.state.own.link]);
    const mine = <T extends { id: number }>(all: T[]) => all.filter(({ id }) => own.has(id));
    return {
      ...answer,
      node: { ...answer.node, collected_at: null },
      interfaces: answer.interfaces.map(({ hooks, ...iface }) => ({
        ...iface,
        hooks: hooks.map(({ qdisc, ...hook }) => ({ ...hook, qdisc: qdisc && { ...qdisc, drops: 0, packets: 0 } })),
      })),
      tracing: answer.tracing.filter(({ link_id, prog_id }) => own.has(link_id ?? 0) || own.has(prog_id ?? 0)),
      programs: mine(answer.programs),
      maps: mine(answer.maps),
      links: mine(answer.links),
      findings: answer.findings.filter(({ severity }) => severity !== "info"),
    };
  }

  it("answer as the node did: a snapshot, a session, and a snapshot of the session", async () => {
    const file = path.join(cli.dir, "node.bpfdesk-snapshot");
    const session = path.join(cli.dir, "node.bpfdesk");
    const again = path.join(cli.dir, "again.bpfdesk-snapshot");
    await lab.addFault("dead-filter");
    const live = topology(await cli.run(onNode("topology", ["--json", "--session", session])));
    const taken = await cli.run(onNode("snapshot", ["-o", file]));
    await lab.clearFault("dead-filter");
    expect([taken.code, taken.stdout, taken.stderr]).toEqual([0, "", expect.stringMatching(/^Wrote .* KiB\)\.\n$/)]);
    expect((await cli.run(["snapshot", session, "-o", again])).code).toBe(0);

    const ofSession = await cli.run(["topology", session, "--json"]);
    expect([ofSession.code, ofSession.stderr]).toEqual([0, ""]);
    expect(topology(ofSession)).toEqual(live);
    expect(topology(await cli.run(["topology", again, "--json"]))).toEqual(live);
    const ofFile = topology(await cli.run(["topology", file, "--json"]));
    expect(still(ofFile)).toEqual(still(live));
    for (const record of [file, session, again]) {
      const ran = await cli.run(["findings", record, "--json"]);
      expect([ran.code, alarms(ran).map(({ id }) => id)]).toEqual([1, ["filter-never-runs"]]);
    }
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  });

  it("hold every command with its text, user, root or not, and how it ended", async () => {
    const session = path.join(cli.dir, "commands.bpfdesk");
    expect((await cli.run(onNode("findings", ["--session", session], "engineer"))).code).toBe(0);
    const journal = openJournal(session, { read_only: true });
    const events: JournalEvent[] = [...journal.ofTypes(["command.started", "command.ended"])];
    journal.close();
    const started = events.filter((event) => event.type === "command.started");
    const ended = events.filter((event) => event.type === "command.ended");
    // The two looks prove that the node is left as it was found; the first runs beside the collection.
    const looks = ["residue-inventory", "residue-inventory"];
    expect(started.map(({ record_key }) => record_key).sort()).toEqual([
      "collect",
      "privileges",
      ...looks,
      "tools-probe",
    ]);
    expect([started.at(0)?.record_key, started.at(-1)?.record_key]).toEqual(["privileges", "residue-inventory"]);
    expect(new Map(ended.map(({ command_id, exit, error }) => [command_id, { exit, error }]))).toEqual(
      new Map(started.map(({ command_id }) => [command_id, { exit: 0, error: null }])),
    );
    for (const { host, user, root, text, shell_line, record_key } of started) {
      // The search for root is the one thing that is done without it.
      const asRoot = record_key !== "privileges";
      expect({ host, user, root }).toEqual({ host: `engineer@127.0.0.1:${sshd.port}`, user: "engineer", root: asRoot });
      expect(text).toMatch(/^(\/bin\/)?sh -c '/);
      if (asRoot) expect(shell_line).toContain("sudo -n --");
    }
    // The text is exact: a person who runs it on the node gets what was recorded.
    const probe = started.find(({ record_key }) => record_key === "tools-probe");
    const ran = await lab.run(["sh", "-c", probe?.text ?? "false"]);
    expect([ran.code, ran.stdout.split("\n")[1]]).toEqual([0, "x86_64"]);
  });
});

describe("secrets", () => {
  /** Environment and argv of every process on the machine, again and again until it is told to stop. */
  function watchProcesses(secrets: string[]) {
    const leaks = new Set<string>();
    let looks = 0;
    const timer = setInterval(() => {
      looks++;
      for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
        for (const file of ["cmdline", "environ"])
          try {
            const text = fs.readFileSync(`/proc/${pid}/${file}`, "latin1");
            if (secrets.some((secret) => text.includes(secret))) leaks.add(`${file} of ${text.slice(0, 60)}`);
          } catch {
            // ended meanwhile
          }
    }, 20);
    return () => {
      clearInterval(timer);
      return { leaks: [...leaks], looked: looks > 10 };
    };
  }

  it("are typed on the terminal and stand in no record, output, argument or environment", async () => {
    const secrets = [sshd.passphrase, sshd.passwords.careful];
    const session = path.join(cli.dir, "secret.bpfdesk");
    const file = path.join(cli.dir, "secret.bpfdesk-snapshot");
    const target = `careful@127.0.0.1:${sshd.port}`;
    const login = ["--identity", sshd.encryptedKeyFile, "--known-hosts", sshd.knownHosts, "--sudo"];
    const watched = watchProcesses(secrets);
    const ran = await cli.onTerminal(
      ["snapshot", target, ...login, "--session", session, "-o", file],
      [
        [`Passphrase of ${sshd.encryptedKeyFile}: `, "not it\r"],
        ["(wrong, try again): ", `${sshd.passphrase}\r`],
        [`sudo password of careful on ${target}: `, `${sshd.passwords.careful}\r`],
      ],
    );
    expect(watched()).toEqual({ leaks: [], looked: true });
    expect([ran.code, ran.stdout], ran.screen + ran.stderr).toEqual([0, ""]);
    const { programs, node } = topology(await cli.run(["topology", file, "--json"]));
    expect([node.root, programs.length > 50]).toEqual([true, true]);

    const journal = openJournal(session, { read_only: true });
    const blobs = [...journal.ofTypes(["command.started"])].flatMap(({ command_id }) =>
      [...journal.blobs(command_id)].map(({ bytes }) => Buffer.from(bytes).toString("latin1")),
    );
    const recorded = JSON.stringify([...journal.read(0, 1_000_000)]);
    journal.close();
    expect(blobs.length).toBeGreaterThan(0);
    const raw = [session, file].map((one) => fs.readFileSync(one, "latin1"));
    const snapshot = JSON.stringify(topology(await cli.run(["topology", file, "--json"])));
    for (const secret of secrets)
      for (const text of [ran.stdout, ran.stderr, ran.screen, recorded, snapshot, ...raw, ...blobs])
        expect(text.includes(secret)).toBe(false);
  });
});

describe("a pipe", () => {
  it("that is closed early ends the command quietly, with the exit code it had earned", async () => {
    const running = cli.start(onNode("topology", ["--json"]));
    running.child.stdout?.once("data", () => running.child.stdout?.destroy());
    const { code, stderr } = await running.ended;
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("that is read slowly gets everything", async () => {
    const running = cli.start(onNode("topology", ["--json"]));
    const { stdout } = running.child;
    // A pause after every piece: the pipe is full most of the time.
    stdout?.on("data", () => {
      stdout.pause();
      setTimeout(() => stdout.resume(), 20);
    });
    const ran = await running.ended;
    expect(validTopology(topology(ran))).toBe(true);
    expect(ran.stdout.length).toBeGreaterThan(100_000);
  });
});
