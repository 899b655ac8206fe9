/**
 * Nodes and lines in a bad state, through the command line and a real sshd: what is said, what of the
 * picture is there all the same, and that the node is afterwards what it was before.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Topology } from "../../electron/core/topology/topology.ts";
import { type Cli, type CliRan, makeCli, type RunningCli } from "../support/cli.ts";
import { changesSince, nodeInventory, nodeProcesses } from "../support/node-inventory.ts";
import { bindScript, prepareSshdFiles, startSshd, type TestSshd } from "../support/sshd.ts";
import { type ProxyOptions, startProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { portableBpftool } from "./node/bpftool.ts";
import { must, until } from "./node/exec.ts";
import { expectedHooks } from "./node/expected.ts";
import { type Lab, startLab } from "./node/lab.ts";

let lab: Lab;
let sshd: TestSshd;
let cli: Cli;
let root: string;
let before: string[];
/** What a test changed on the node, undone in reverse order before the node is compared. */
const undo: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  cli = await makeCli();
  lab = await startLab({ pods: 6, bpftool: portableBpftool() });
  const dir = path.join(lab.state.dir, "ssh");
  fs.mkdirSync(dir);
  const files = prepareSshdFiles(dir);
  await must([...lab.enter, "sh"], bindScript(files));
  root = files.users.root.home;
  // These are the machine's; a node has its own.
  await inNode("mount -t tmpfs tmpfs /dev/shm && mount -t tmpfs tmpfs /var/tmp");
  sshd = await startSshd({ files, enter: lab.session, banner: "Authorised use only.\n\x1b[31mNode 7\x1b[0m\n" });
});
afterAll(async () => {
  await sshd.stop();
  await lab.stop();
  cli.remove();
});
const homes = () => [path.dirname(root)];
beforeEach(async () => {
  before = await nodeInventory(lab, homes());
});
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
  expect(await changesSince(lab, before, 15_000, homes())).toEqual([]);
});

const inNode = (script: string) => must([...lab.enter, "sh", "-ec", script]);
async function change(script: string, back: string): Promise<void> {
  await inNode(script);
  undo.push(() => inNode(back));
}
/** Puts a shell script in the place of a program of the node. */
async function replaceProgram(name: string, script: string): Promise<void> {
  const file = path.join(lab.state.dir, `${name}-replaced`);
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  await change(`mount --bind ${file} "$(command -v ${name})"`, `umount -l "$(command -v ${name})"`);
}
const hideBpftool = () =>
  change(
    'b=$(command -v bpftool); echo "$b" >/run/hidden; mount --bind /dev/null "$b"',
    'umount "$(cat /run/hidden)"; rm /run/hidden',
  );

async function line(options: Partial<ProxyOptions> = {}): Promise<TcpProxy> {
  const proxy = await startProxy({ target: sshd, ...options });
  undo.push(() => proxy.stop());
  return proxy;
}
/** A command on the node, over a proxy when one is given. */
function onNode(command: string, more: string[] = [], { port = sshd.port, user = "root" } = {}): string[] {
  const known = path.join(cli.dir, `known-${port}`);
  fs.writeFileSync(known, sshd.knownHostsLine.replaceAll(`:${sshd.port} `, `:${port} `));
  return [command, `${user}@127.0.0.1:${port}`, "--identity", sshd.keyFile, "--known-hosts", known, ...more];
}
const topology = (ran: CliRan) => JSON.parse(ran.stdout) as Topology;

/** Program names on the node's own hooks, in execution order. */
function programsOf({ interfaces }: Topology): Record<string, (string | null)[]> {
  const own = fs.statSync(`/proc/${lab.pid1}/ns/net`).ino.toString();
  return Object.fromEntries(
    interfaces
      .filter(({ netns }) => netns === own)
      .flatMap(({ name, hooks }) => hooks.map((hook) => [`${name} ${hook.hook}`, hook.entries] as const))
      .filter(([, entries]) => entries.length > 0)
      .map(([at, entries]) => [at, entries.map(({ prog_name }) => prog_name)]),
  );
}
const whole = () =>
  Object.fromEntries(
    expectedHooks(lab.plan).map(({ ifname, hook, entries }) => [
      `${ifname} ${hook}`,
      entries.map(({ prog_name }) => prog_name),
    ]),
  );

describe("a bad line", () => {
  it("that is slow brings the whole picture", async () => {
    const { port } = await line({ delay_ms: 300, rate: 100_000 });
    const ran = await cli.run(onNode("topology", ["--json"], { port }));
    expect([ran.code, ran.stderr]).toEqual([0, ""]);
    expect(programsOf(topology(ran))).toEqual(whole());
  });

  it("that is cut during the collection brings the part that arrived, and an error", async () => {
    const probe = await line();
    const all = await cli.run(onNode("topology", ["--json"], { port: probe.port }));
    expect(all.code).toBe(0);
    const sent = probe.bytesFromServer();

    const snapshot = path.join(cli.dir, "cut.bpfdesk-snapshot");
    const { port } = await line({ cut_after_bytes: Math.round(sent * 0.6) });
    const ran = await cli.run(onNode("snapshot", ["-o", snapshot], { port }));
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/^Only a part of the picture arrived\.$/m);
    expect(ran.stderr).toMatch(/^bpfdesk: collecting: The connection to .* was lost/m);
    expect(ran.stderr).toMatch(/^ {2}try: .*connect again/m);
    const part = await cli.run(["topology", snapshot, "--json"]);
    expect(part.code).toBe(2);
    expect(part.stderr).toMatch(/^Only a part of the picture arrived\.$/m);
    const { programs, node } = topology(part);
    expect([node.hostname, programs.length > 0]).toEqual([lab.plan.hostname, true]);
    const found = await cli.run(["findings", snapshot]);
    expect([found.code, found.stdout]).toEqual([2, expect.not.stringMatching(/^Nothing found\.$/m)]);
  });

  it("that is cut at any other point brings an error that names the step", async () => {
    for (const cut_after_bytes of [100, 1200, 2500, 4000]) {
      const { port } = await line({ cut_after_bytes });
      const ran = await cli.run(onNode("findings", ["--json"], { port }));
      expect([cut_after_bytes, ran.code, ran.stdout]).toEqual([cut_after_bytes, 2, ""]);
      expect(ran.stderr).toMatch(/^bpfdesk: (connecting|host key|authenticating|privileges|collecting): /m);
      expect(ran.stderr).toMatch(/^ {2}try: ./m);
    }
  });
});

describe("a node that is not well", () => {
  it("and greets with megabytes on both streams is read all the same", async () => {
    const rc = path.join(root, ".bashrc");
    const flood =
      "head -c 4000000 /dev/zero | tr '\\0' x | tee /dev/stderr; echo '{\"not\":\"it\"}'; printf '\\036half'\n";
    fs.writeFileSync(rc, flood);
    undo.push(async () => fs.writeFileSync(rc, ""));
    const ran = await cli.run(onNode("topology", ["--json"]));
    expect([ran.code, ran.stderr]).toEqual([0, ""]);
    expect(programsOf(topology(ran))).toEqual(whole());
  });

  /** tmpfs filled to the last byte wherever a program could want to write; `homes` too when asked. */
  async function fillDisks(home: boolean): Promise<void> {
    const full = (folder: string) => `cat /dev/zero >${folder}/.filler 2>/dev/null || :`;
    await change(
      `mount -o remount,size=1M /run; mount -t tmpfs -o size=256k,mode=1777 t /dev/shm; mount -t tmpfs -o size=256k,mode=1777 t /var/tmp
       ${["/run", "/dev/shm", "/var/tmp"].map(full).join("; ")}`,
      "umount /dev/shm /var/tmp; rm /run/.filler; mount -o remount,size=100M /run",
    );
    // What the sessions themselves need of /tmp stays in sight.
    const seen = [lab.state.dir, sshd.dir];
    await change(
      `exec 3</tmp; mount -t tmpfs -o size=256k,mode=1777 t /tmp
       ${seen.map((dir) => `mkdir -p ${dir}; mount -c --bind /proc/self/fd/3/${path.relative("/tmp", dir)} ${dir}`).join("\n")}
       ${full("/tmp")}`,
      "umount -l /tmp",
    );
    if (home)
      await change(
        `exec 3<${root}; mount -t tmpfs -o size=64k,mode=700 t ${root}; cp -a /proc/self/fd/3/.ssh ${root}/; ${full(root)}`,
        `umount ${root}`,
      );
  }

  it("and has no free space at all is read like any other", async () => {
    await fillDisks(false);
    const ran = await cli.run(onNode("topology", ["--json"]));
    expect([ran.code, ran.stderr]).toEqual([0, ""]);
    expect(programsOf(topology(ran))).toEqual(whole());
  });

  it("and has neither bpftool nor room to lend it one says where it looked", async () => {
    await hideBpftool();
    await fillDisks(true);
    const ran = await cli.run(onNode("topology", ["--json", "--lend-bpftool"]));
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(/has no folder that bpftool could be lent to/);
    expect(ran.stderr).toMatch(/Not read: bpf\.prog, /);
    const { interfaces, programs } = topology(ran);
    expect([interfaces.length > 6, programs]).toEqual([true, []]);
  });

  it("and has no bpftool says what cannot be seen, and shows all of it with one that is lent", async () => {
    await hideBpftool();
    const without = await cli.run(onNode("topology", ["--json"]));
    expect(without.code).toBe(0);
    expect(without.stderr).toMatch(
      /^bpftool is not installed, so no program, map or attachment can be seen\. Give --lend-bpftool/m,
    );
    expect(without.stderr).toMatch(/^Not read: bpf\.prog, .*does not have the tool/m);
    // tc and ip still tell of what is attached through them.
    expect(topology(without).programs).toEqual([]);

    const lent = await cli.run(onNode("topology", ["--json", "--lend-bpftool"]));
    expect([lent.code, lent.stderr]).toEqual([0, ""]);
    expect(programsOf(topology(lent))).toEqual(whole());
    expect(await changesSince(lab, before, 0, homes())).toEqual([
      expect.stringMatching(/^more: file \/run\/hidden$/),
      expect.stringMatching(/^more: mount \d+ .*bpftool$/),
    ]);
  });

  it("and wants a password for sudo is lent bpftool and read as root with it", async () => {
    await hideBpftool();
    const args = onNode("topology", ["--json", "--sudo", "--lend-bpftool"], { user: "careful" });
    const ran = await cli.onTerminal(args, [
      ["sudo password of careful on ", "wrong\r"],
      ["(wrong, try again): ", `${sshd.passwords.careful}\r`],
    ]);
    expect([ran.code, ran.stderr]).toEqual([0, ""]);
    expect(programsOf(topology(ran))).toEqual(whole());
  });
});

describe("an end in the middle", () => {
  const HANGS = "trap '' TERM HUP INT; sleep 4242";
  /** The collection asks for statistics, the look at what is on the node does not. */
  const HANGS_IN_COLLECTION = `case " $* " in *" -s "*) ${HANGS} ;; *) echo "[]" ;; esac`;

  /** A node that hangs in the middle of the collection, and a run of the CLI that waits there. */
  async function stuck(more: string[] = [], user = "root", tc = HANGS_IN_COLLECTION): Promise<RunningCli> {
    await replaceProgram("tc", tc);
    const running = cli.start(onNode("topology", ["--json", ...more], { user }));
    const hangs = () => [...nodeProcesses(lab).values()].includes("sleep 4242");
    if (!(await until(hangs, 30_000))) throw new Error(`the collection does not hang: ${running.said()}`);
    return running;
  }

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("by %s says so and leaves nothing", async (signal) => {
    const running = await stuck();
    running.child.kill(signal);
    const ran = await running.ended;
    expect([ran.code, ran.stdout]).toEqual([2, ""]);
    expect(ran.stderr).toMatch(/^bpfdesk: collecting: .*cancelled/im);
    // What ran was stopped before the command ended, not some time after.
    expect([...nodeProcesses(lab).values()].filter((argv) => argv === "sleep 4242")).toEqual([]);
  });

  it("by SIGINT does not wait for a look at the node that hangs as well", async () => {
    const running = await stuck([], "root", HANGS);
    running.child.kill("SIGINT");
    const ran = await running.ended;
    expect([ran.code, ran.stdout]).toEqual([2, ""]);
    expect([...nodeProcesses(lab).values()].filter((argv) => argv === "sleep 4242")).toEqual([]);
  });

  it("by SIGINT takes a lent bpftool away", async () => {
    await hideBpftool();
    const running = await stuck(["--lend-bpftool"]);
    running.child.kill("SIGINT");
    expect((await running.ended).code).toBe(2);
    expect((await nodeInventory(lab)).filter((one) => one.includes(".bpfdesk"))).toEqual([]);
  });

  it.each(["root", "engineer"])("by kill -9 leaves nothing running for %s", async (user) => {
    const running = await stuck([], user);
    running.child.kill("SIGKILL");
    await running.ended;
  });

  it("by kill -9 leaves no lent bpftool", async () => {
    await hideBpftool();
    const running = await stuck(["--lend-bpftool"]);
    running.child.kill("SIGKILL");
    await running.ended;
  });

  it("by SIGINT does not wait for a line on which nothing moves any more", async () => {
    const proxy = await line();
    await replaceProgram("tc", HANGS_IN_COLLECTION);
    const running = cli.start(onNode("topology", ["--json"], { port: proxy.port }));
    const hangs = () => [...nodeProcesses(lab).values()].includes("sleep 4242");
    expect(await until(hangs, 30_000), running.said()).toBe(true);
    proxy.stall();
    running.child.kill("SIGINT");
    const ran = await running.ended;
    expect([ran.code, ran.stdout]).toEqual([2, ""]);
    expect(ran.stderr).toMatch(/^bpfdesk: collecting: .*cancelled/im);
  });

  it("by a line that goes dead leaves nothing, lent or running", async () => {
    await hideBpftool();
    const proxy = await line();
    await replaceProgram("tc", HANGS_IN_COLLECTION);
    const running = cli.start(onNode("topology", ["--json", "--lend-bpftool"], { port: proxy.port }));
    const hangs = () => [...nodeProcesses(lab).values()].includes("sleep 4242");
    expect(await until(hangs, 30_000), running.said()).toBe(true);
    proxy.cut();
    const ran = await running.ended;
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/^bpfdesk: collecting: The connection to .* was lost/m);
    expect(topology(ran).node.hostname).toBe(lab.plan.hostname);
  });
});
