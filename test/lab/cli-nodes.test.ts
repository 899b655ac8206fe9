/** The command line on several targets: their answers keyed by target, the worst exit code, two side by side. */
import * as fs from "node:fs";
import * as path from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NodeComparison } from "../../electron/core/fleet/compare-nodes.ts";
import type { Topology } from "../../electron/core/topology/topology.ts";
import { type Cli, type CliRan, makeCli } from "../support/cli.ts";
import type { TestSshd } from "../support/sshd.ts";
import { portableBpftool } from "./node/bpftool.ts";
import { type Lab, startLab } from "./node/lab.ts";

const SCHEMAS = path.resolve(import.meta.dirname, "../../docs/schema");
const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
for (const name of ["topology", "findings", "nodes", "comparison"])
  ajv.addSchema(JSON.parse(fs.readFileSync(path.join(SCHEMAS, `${name}.schema.json`), "utf8")));
const valid = (name: string, value: unknown) => {
  expect(ajv.validate(`https://bpfdesk.invalid/schema/${name}.schema.json`, value), ajv.errorsText()).toBe(true);
};

let lab: Lab;
let sshd: TestSshd;
let cli: Cli;
/** Three nodes that are one: what is compared is how they are opened. */
let nodes: string[];
beforeAll(async () => {
  cli = await makeCli();
  lab = await startLab({ pods: 4, mechanism: "clsact", ssh: true, bpftool: portableBpftool() });
  if (!lab.ssh) throw new Error("the lab has no sshd");
  sshd = lab.ssh;
  nodes = (await sshd.morePorts(3)).map((port) => `root@127.0.0.1:${port}`);
});
afterAll(async () => {
  await lab.stop();
  cli.remove();
});

const GONE = "root@127.0.0.1:1";
const run = (command: string, targets: string[], ...more: string[]) =>
  cli.run([command, ...targets, "--identity", sshd.keyFile, "--known-hosts", sshd.knownHosts, ...more]);
interface Keyed<T> {
  nodes: Record<string, T & { error?: { code: string; phase?: string } }>;
}
const keyed = <T>(ran: CliRan) => JSON.parse(ran.stdout) as Keyed<T>;
const write = (name: string, text: string) => {
  const file = path.join(cli.dir, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return file;
};

describe("several targets", () => {
  it("answer under their names in the order given; one that fails hides none; the exit code is the worst", async () => {
    const [a = "", b = ""] = nodes;
    const targets = [b, GONE, a];
    const ran = await run("findings", targets, "--json");
    const answer = keyed<Pick<Topology, "findings">>(ran);
    valid("nodes", answer);
    expect([ran.code, Object.keys(answer.nodes)]).toEqual([2, targets]);
    expect(targets.map((target) => answer.nodes[target]?.error?.code)).toEqual([
      undefined,
      "connect-failed",
      undefined,
    ]);
    expect(ran.stderr).toMatch(/^bpfdesk: root@127\.0\.0\.1:1: connecting: .*nothing listens/m);

    const shown = await run("topology", [`${b},${a}`], "--concurrency", "1");
    const headings = shown.stdout.split("\n").filter((line) => line.startsWith("== "));
    expect([shown.code, shown.stderr, headings]).toEqual([0, "", [`== ${b} ==`, `== ${a} ==`]]);
    expect(shown.stdout.match(/^lxc\w+ {2}pod /gm)).toHaveLength(2 * lab.plan.pods.length);
  });

  it("are patterns, groups and files, with the same form of answer for however many they name", async () => {
    const [a = "", b = "", c = ""] = nodes;
    const port = a.slice(a.lastIndexOf(":"));
    write("home/.ssh/config", "Host 127.0.0.1 gateway\n  User nobody\n");
    write(
      "data/bpfdesk/groups.json",
      JSON.stringify({ version: 1, groups: [{ name: "pair", targets: [b, c, `!${c}`] }] }),
    );
    const list = write("nodes.txt", `# ours\n${c} # the third\ngroup:pair\n`);
    for (const [targets, named] of [
      [[`root@*${port}`, "!gateway"], [a]],
      [["group:pair"], [b]],
      [[`@${list}`, "!group:pair"], [c]],
    ] as const) {
      const ran = await run("topology", [...targets], "--json");
      expect([ran.code, ran.stderr, Object.keys(keyed(ran).nodes)]).toEqual([0, "", named]);
      valid("nodes", keyed(ran));
    }
  });

  it("that name nothing are told before anything is opened", async () => {
    const list = write("bad.txt", `${nodes[0]}\nnode;1\n`);
    for (const [targets, message] of [
      [["nope-*", nodes[0]], /nope-\* matches none of the \d+ hosts/],
      [["group:nope", nodes[0]], /There is no group "nope"/],
      [[`@${list}`], /At line 2 of .*bad\.txt: /],
      [[`${nodes[0]},nope/file`], /There is no file nope\/file/],
      [[`${nodes[0]}`, `!${nodes[0]}`], /No target is left/],
    ] as [string[], RegExp][]) {
      const ran = await run("findings", targets, "--json");
      expect([ran.code, ran.stdout]).toEqual([2, ""]);
      expect(ran.stderr).toMatch(message);
    }
  });

  it("ask a person one question at a time, each with its node's name, and for a key's passphrase once", async () => {
    const targets = nodes.slice(0, 2).map((node) => node.replace("root@", "careful@"));
    const login = ["--identity", sshd.encryptedKeyFile, "--known-hosts", sshd.knownHosts, "--sudo"];
    const password: [string, string] = ["sudo password of careful on ", `${sshd.passwords.careful}\r`];
    const ran = await cli.onTerminal(
      ["findings", ...targets, ...login, "--json"],
      [["Passphrase of ", `${sshd.passphrase}\r`], password, password],
    );
    expect([ran.code, Object.keys(keyed(ran).nodes)], ran.screen + ran.stderr).toEqual([0, targets]);
    expect(ran.screen.match(/Passphrase of /g)).toHaveLength(1);
    for (const target of targets) expect(ran.screen).toContain(`${target}: sudo password of careful on `);
  });
});

describe("two nodes side by side", () => {
  const apart = (comparison: NodeComparison, part: string) =>
    comparison.parts
      .filter(({ id }) => id === part)
      .flatMap(({ rows }) => rows)
      .filter(({ state }) => state !== "same");

  it("differ by the stale filter that one of them has, and by its code", async () => {
    const folder = path.join(cli.dir, "snapshots");
    const taken = await run("snapshot", nodes.slice(0, 2), "-o", folder);
    expect([taken.code, taken.stdout]).toEqual([0, ""]);
    const files = fs.readdirSync(folder).map((name) => path.join(folder, name));
    expect(files.map((file) => path.basename(file))).toEqual(
      nodes
        .slice(0, 2)
        .map((node) => `${node.replace(":", "_")}.bpfdesk-snapshot`)
        .sort(),
    );
    const [healthy = "", again = ""] = files;
    const same = await cli.run(["compare", healthy, again]);
    expect([same.code === 2, /Programs on interfaces/.test(same.stdout)]).toEqual([false, false]);

    await lab.addFault("stale-filter");
    const ran = await run("compare", [nodes[2] ?? "", healthy], "--json");
    const shown = await run("compare", [nodes[2] ?? "", healthy]);
    await lab.clearFault("stale-filter");
    const comparison = JSON.parse(ran.stdout) as NodeComparison;
    valid("comparison", comparison);
    expect([ran.code, shown.code, comparison.differs]).toEqual([1, 1, true]);
    for (const part of ["versions", "settings", "interfaces", "cgroups"]) expect(apart(comparison, part)).toEqual([]);
    expect(apart(comparison, "attachments")).toEqual([
      {
        name: "pod interfaces egress (out → pod)",
        state: "only_left",
        left: {
          value: "1. clsact pref 1 cil_to_container, 2. clsact pref 2 cil_to_container",
          count: 1,
          where: [lab.plan.pods[0]?.endpoint?.ifname],
        },
        right: null,
      },
    ]);
    // Other programs of this machine come and go.
    const code = apart(comparison, "programs").filter(({ name }) => name.includes(" cil_"));
    expect(code.map(({ state, name }) => [state, name])).toEqual([["only_left", "sched_cls cil_to_container"]]);
    expect(shown.stdout).toContain("  < pod interfaces egress (out → pod)\n");
  });

  it("are not compared when one cannot be seen, or when more than two are named", async () => {
    const gone = await run("compare", [nodes[0] ?? "", GONE], "--json");
    expect([gone.code, gone.stdout]).toEqual([2, ""]);
    expect(gone.stderr).toMatch(/^bpfdesk: root@127\.0\.0\.1:1: connecting: /m);
    const many = await run("compare", [nodes.join(","), GONE]);
    expect([many.code, many.stdout]).toEqual([2, ""]);
    expect(many.stderr).toMatch(/Two targets are compared, and these are 4/);
  });
});
