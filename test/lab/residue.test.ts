/**
 * The proof that a node is left as it was found, over a real OpenSSH server on the lab's node: what is planted
 * is found and put on the right side, what earlier connections left is found and stopped, and nothing else.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { compareInventories } from "../../electron/core/residue/compare.ts";
import { findLeftovers, type OwnMarks } from "../../electron/core/residue/leftovers.ts";
import type { Leftover, NodeInventory, ResidueReport } from "../../electron/core/residue/types.ts";
import { takeInventory } from "../../electron/host/residue/inventory.ts";
import { stopLeftovers } from "../../electron/host/residue/stop.ts";
import { remote } from "../../electron/host/tools/remote.ts";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { type Plant, plantArgv } from "../support/bpf-plant.ts";
import { connected } from "../support/ssh-connect.ts";
import { ChildTransport, shellFolder } from "./collect-transport.ts";
import { must, until } from "./node/exec.ts";
import { type Lab, startLab } from "./node/lab.ts";

const installation = "aaaaaaaaaaaa";
const OWN = `bpfdesk.${installation}.000000000001`;
const EARLIER = `bpfdesk.${installation}.000000000000`;
const ANOTHER = "bpfdesk.bbbbbbbbbbbb.000000000009";
const own: OwnMarks = { tag: OWN, installation };
const STATS = "/proc/sys/kernel/bpf_stats_enabled";

let lab: Lab;
let transport: NodeTransport;
beforeAll(async () => {
  lab = await startLab({ ssh: true, pods: 2 });
  transport = await login("engineer");
});
afterAll(async () => {
  await transport?.close();
  await lab?.stop();
});

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function login(user: string): Promise<NodeTransport> {
  if (lab.ssh === null) throw new Error("the lab was started without ssh");
  return connected(lab.ssh, { user, answers: { sudo_password: [null] } });
}
const inNode = (...argv: string[]) => must([...lab.enter, ...argv]);
const look = () => takeInventory(transport, { bpftool: null });
/** The node once it has come to rest: the kernel frees what an earlier test had planted a moment later. */
async function atRest(): Promise<NodeInventory> {
  let last = await look();
  await until(async () => {
    const before = last;
    last = await look();
    const { ours, theirs, unknown } = compareInventories(before, last, own);
    return ours.length + theirs.length + unknown.length === 0;
  }, 20_000);
  return last;
}

/** A process on the node, with this tag in its environment, that leads a session of its own. */
async function plantProcess(tag: string | null, argv: string[]): Promise<{ child: ChildProcess; said: string }> {
  const environment = tag === null ? [] : [`BPFDESK_TAG=${tag}`];
  const [command = "", ...args] = [...lab.enter, "setsid", "env", ...environment, ...argv];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  undo.push(async () => {
    await must([...lab.enter, "sh", "-c", 'kill -s KILL -- "-$1" 2>/dev/null; :', "sh", said.split(" ", 1)[0] ?? "0"]);
    child.kill("SIGKILL");
    await ended;
  });
  let said = "";
  child.stdout.on("data", (bytes: Buffer) => {
    said += bytes.toString();
  });
  await until(() => said.endsWith("\n"), 20_000);
  return { child, said: said.trim() };
}
/** Prints its own pid on the node first, as everything planted does. */
const sleeper = (...argv: string[]) => ["perl", "-e", '$| = 1; print "$$\\n"; sleep 600', ...argv];
/** Does not heed TERM, and neither does its child. */
const STUBBORN = '$SIG{TERM} = "IGNORE"; $| = 1; if (fork) { print "$$\\n" } sleep 1 while 1';
const holder = (plant: Plant) => [
  "sh",
  "-c",
  'printf "%s " $$; exec "$@"',
  "sh",
  ...plantArgv({ ...plant, hold: true }),
];

function labels(report: ResidueReport) {
  const told = (items: ResidueReport["ours"]) =>
    items.map(({ kind, change, label }) => `${kind} ${change} ${label}`).sort();
  return { ours: told(report.ours), theirs: told(report.theirs), unknown: told(report.unknown), blind: report.blind };
}
const nothing = { ours: [], theirs: [], unknown: [], blind: [] };
async function since(before: NodeInventory, marks = own) {
  return compareInventories(before, await look(), marks);
}

describe("the inventory", () => {
  it("is the same before and after ordinary work, and nothing in it is blind", async () => {
    const before = await atRest();
    expect(before.programs.length).toBeGreaterThan(0);
    expect(before.pins.length).toBeGreaterThan(0);
    expect(before.filters.length).toBeGreaterThan(0);
    for (const step of ["PROBE", "PROBE"] as const) await remote(transport, step, []);
    expect(labels(await since(before))).toEqual(nothing);
  });

  it.each(["/bin/dash", "/bin/bash", "/bin/busybox"])("reads the same with %s", async (shell) => {
    await atRest();
    const { folder, remove } = shellFolder(shell);
    undo.push(remove);
    const { said } = await plantProcess(EARLIER, sleeper());
    const through = new ChildTransport({ prefix: lab.enter, path: folder });
    const [here, there] = [await takeInventory(through, { bpftool: null }), await look()];
    expect({ ...here, at: 0, processes: [] }).toEqual({ ...there, at: 0, processes: [] });
    expect(here.processes).toMatchObject([{ pid: Number(said), tag: EARLIER, comm: "perl" }]);
    const started = here.processes[0]?.started_at ?? 0;
    expect(Math.abs(started - Date.now())).toBeLessThan(60_000);
  });

  it("says to an ordinary user what it could not see", async () => {
    const user = await login("nobody-special");
    undo.push(() => user.close());
    const { blind, unread } = await takeInventory(user, { bpftool: null });
    expect(unread).toEqual(expect.arrayContaining(["program", "map", "link", "pin", "process"]));
    expect(blind).toEqual(
      expect.arrayContaining([
        "programs: not root: only root can list them",
        "processes of bpfdesk: not root: only root sees those of other users",
      ]),
    );
  });
});

describe("what is left", () => {
  it("is ours where a process with our tag holds it, and named with that process", async () => {
    const before = await atRest();
    const [pid = "", id = ""] = (await plantProcess(OWN, holder({ kind: "map", name: "counts" }))).said.split(" ");
    const report = await since(before);
    expect(report).toMatchObject({
      ours: [
        {
          kind: "map",
          change: "added",
          label: `map ${id} array "counts"`,
          because: `perl (pid ${pid}) holds it and carries the tag of this connection`,
        },
        { kind: "process", label: `perl (pid ${pid})`, because: "it carries the tag of this connection" },
      ],
      theirs: [],
      unknown: [],
      blind: [],
    });
  });

  it("is ours where it bears our name: a pinned program, its filter, a folder", async () => {
    const before = await atRest();
    const pin = "/sys/fs/bpf/bpfdesk_planted";
    const id = (await inNode(...plantArgv({ kind: "program", name: "bpfdesk_planted", pin }))).trim();
    undo.push(() => inNode("rm", pin));
    const dev = await spareDevice();
    await inNode("tc", "qdisc", "add", "dev", dev, "clsact");
    await inNode(
      "tc",
      "filter",
      "add",
      "dev",
      dev,
      "ingress",
      "pref",
      "7",
      "handle",
      "1",
      "bpf",
      "da",
      "object-pinned",
      pin,
    );
    const folder = await plantFolder(EARLIER);
    const report = await since(before, { ...own, earlier: [EARLIER] });
    expect(labels(report)).toEqual({
      ...nothing,
      ours: [
        `filter added dev ${dev} ingress pref 7 handle 0x1 bpf prog ${id}`,
        `folder added ${folder}`,
        `pin added ${pin}`,
        `program added program ${id} sched_cls "bpfdesk_planted"`,
        `qdisc added dev ${dev} clsact`,
      ],
    });
  });

  it("is theirs where somebody else can be named: a loaded program, a replaced filter, a switched setting", async () => {
    const dev = await spareDevice();
    const [first, second] = ["/sys/fs/bpf/agent_one", "/sys/fs/bpf/agent_two"];
    undo.push(() => inNode("rm", "-f", first, second));
    const one = (await inNode(...plantArgv({ kind: "program", name: "from_container", pin: first }))).trim();
    const attach = (pin: string) =>
      inNode(
        "tc",
        "filter",
        "replace",
        "dev",
        dev,
        "ingress",
        "pref",
        "1",
        "handle",
        "1",
        "bpf",
        "da",
        "object-pinned",
        pin,
      );
    await inNode("tc", "qdisc", "add", "dev", dev, "clsact");
    await attach(first);
    const before = await atRest();

    const two = (await inNode(...plantArgv({ kind: "program", name: "from_container", pin: second }))).trim();
    await attach(second);
    const [pid = "", id = ""] = (await plantProcess(null, holder({ kind: "program", name: "watcher" }))).said.split(
      " ",
    );
    const stats = fs.readFileSync(STATS, "utf8").trim();
    undo.push(() => fs.writeFileSync(STATS, stats));
    fs.writeFileSync(STATS, stats === "0" ? "1" : "0");

    const report = await since(before);
    const place = `dev ${dev} ingress pref 1 handle 0x1 bpf prog`;
    expect({
      ...labels(report),
      theirs: Object.fromEntries(report.theirs.map(({ label, because }) => [label, because])),
    }).toEqual({
      ...nothing,
      theirs: {
        [`program ${two} sched_cls "from_container"`]: `it is pinned at ${second}, a path that bpfdesk never gives`,
        [`program ${id} sched_cls "watcher"`]: `perl (pid ${pid}) holds it`,
        [second]: "its path is not one that bpfdesk gives",
        [`${place} ${two} (was bpf prog ${one})`]: `its program ${two} "from_container": it is pinned at ${second}, a path that bpfdesk never gives`,
        [`kernel.bpf_stats_enabled is ${stats === "0" ? 1 : 0} (was ${stats})`]:
          "bpfdesk did not write it on this connection",
      },
    });
  });

  it("is nobody's to tell where it bears no sign", async () => {
    const before = await atRest();
    const dev = await spareDevice();
    await inNode("tc", "qdisc", "add", "dev", dev, "clsact");
    expect(labels(await since(before))).toEqual({ ...nothing, unknown: [`qdisc added dev ${dev} clsact`] });
  });
});

describe("what earlier connections left", () => {
  it("is found with whose it is, and what only looks like it is not", async () => {
    const mine = await plantProcess(EARLIER, sleeper());
    const other = await plantProcess(ANOTHER, sleeper());
    await plantProcess(OWN, sleeper());
    await plantProcess(null, sleeper(`BPFDESK_TAG=${EARLIER}`));
    await plantProcess(null, ["env", `NOT_BPFDESK_TAG=${EARLIER}`, ...sleeper()]);
    const folder = await plantFolder(ANOTHER);
    const found = findLeftovers(await look(), own).map(({ label, whose, tag }) => ({ label, whose, tag }));
    expect(found.slice(0, 1)).toEqual([{ label: `perl (pid ${mine.said})`, whose: "ours", tag: EARLIER }]);
    expect(found.slice(1).sort((a, b) => (a.label < b.label ? -1 : 1))).toEqual([
      { label: folder, whose: "another", tag: ANOTHER },
      { label: `perl (pid ${other.said})`, whose: "another", tag: ANOTHER },
    ]);
  });

  it("is stopped: what obeys, what does not, its session, and its folder", async () => {
    const obeys = await plantProcess(EARLIER, sleeper());
    const stubborn = await plantProcess(EARLIER, ["perl", "-e", STUBBORN]);
    const folder = await plantFolder(EARLIER);
    const leftovers = findLeftovers(await look(), own).filter(
      ({ id }) => id.includes(`:${obeys.said}:`) || id.includes(`:${stubborn.said}:`) || id.endsWith(folder),
    );
    expect(leftovers.length).toBe(3);
    const { stopped, failed } = await stopLeftovers(transport, leftovers);
    expect([stopped.sort(), failed]).toEqual([leftovers.map(({ id }) => id).sort(), []]);
    expect(await until(async () => findLeftovers(await look(), own).length === 0, 20_000)).toBe(true);
  });

  it("is left alone when it is not what was found: another start, another tag, a link, another place", async () => {
    const { said } = await plantProcess(EARLIER, sleeper());
    const [real] = findLeftovers(await look(), own);
    if (real === undefined) throw new Error("the planted process was not found");
    const reused = { ...real, id: real.id.replace(/\d+$/, (start) => String(Number(start) - 1)) };
    const retagged = { ...real, tag: ANOTHER };
    const name = `.bpfdesk-${"c".repeat(32)}`;
    await inNode("sh", "-c", 'mkdir "/dev/shm/kept" "/var/lib/$1" && ln -s /dev/shm/kept "/dev/shm/$1"', "sh", name);
    undo.push(() => inNode("rm", "-rf", "/dev/shm/kept", `/dev/shm/${name}`, `/var/lib/${name}`));
    const folder = (path: string): Leftover => ({ ...real, kind: "folder", id: `folder:${path}`, label: path });
    const tries = [reused, retagged, folder(`/dev/shm/${name}`), folder(`/var/lib/${name}`), folder("/etc")];
    const { stopped, failed } = await stopLeftovers(transport, tries);
    expect(stopped).toEqual([]);
    expect(Object.fromEntries(failed.map(({ id, why }) => [id, why]))).toEqual({
      [reused.id]: "it has ended already",
      [retagged.id]: "its environment does not say that it is of bpfdesk, or may not be read",
      [`folder:/dev/shm/${name}`]: "it is not a folder of bpfdesk",
      [`folder:/var/lib/${name}`]: "it is not where bpfdesk makes folders",
      "folder:/etc": "it is nothing that bpfdesk makes",
    });
    expect(findLeftovers(await look(), own).map(({ id }) => id)).toEqual([real.id]);
    expect(await inNode("ls", "-d", "/dev/shm/kept", `/var/lib/${name}`, `/proc/${said}`)).toContain(said);
  });

  it("is not for an ordinary user to stop, and that is said", async () => {
    await plantProcess(EARLIER, sleeper());
    const leftovers = findLeftovers(await look(), own);
    const user = await login("nobody-special");
    undo.push(() => user.close());
    const { stopped, failed } = await stopLeftovers(user, leftovers);
    expect([stopped, failed.map(({ why }) => why)]).toEqual([
      [],
      ["its environment does not say that it is of bpfdesk, or may not be read"],
    ]);
    expect(findLeftovers(await look(), own).map(({ id }) => id)).toEqual(leftovers.map(({ id }) => id));
  });
});

/** An interface of the node that nobody uses. */
async function spareDevice(): Promise<string> {
  const dev = "planted0";
  await inNode("ip", "link", "add", dev, "type", "veth", "peer", "name", "planted1");
  undo.push(() => inNode("ip", "link", "del", dev));
  return dev;
}

async function plantFolder(tag: string): Promise<string> {
  const folder = `/dev/shm/.bpfdesk-${"d".repeat(32)}`;
  await inNode("sh", "-c", 'mkdir -m 700 "$1" && echo "$2" >"$1/.tag"', "sh", folder, tag);
  undo.push(() => inNode("rm", "-rf", folder));
  return folder;
}
