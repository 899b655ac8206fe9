/**
 * `bpfdesk-change` on the real kernel: takes exactly one attachment off, and puts it back whatever happens to it before
 * it is told that all is well. What is there is read by tc, bpftool and the kernel's own query, never by itself.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildLab } from "./node/build.ts";
import { must, run, until } from "./node/exec.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const ARCH = process.arch === "arm64" ? "arm64" : "x86_64";
/** BPFDESK_CHANGE names another binary than the one that is built. */
const CHANGE = process.env.BPFDESK_CHANGE ?? path.join(ROOT, "resources/change", ARCH, "bpfdesk-change");
const NETNS = `bpfdesk-change-${process.pid}`;
const PATIENCE_MS = 20_000;

let lab = "";
const children: ChildProcess[] = [];

beforeAll(async () => {
  lab = buildLab();
  if (process.env.BPFDESK_CHANGE === undefined)
    await must([process.execPath, path.join(ROOT, "scripts/build-tracers.mjs"), "--arch", ARCH]);
});
beforeEach(async () => {
  await must(["ip", "netns", "add", NETNS]);
  await inside(["ip", "link", "add", "pod", "type", "veth", "peer", "name", "peer"]);
  for (const name of ["pod", "peer"]) await inside(["ip", "link", "set", name, "up"]);
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  await must(["ip", "netns", "del", NETNS]);
  expect(await until(async () => (await keepers()) === "", PATIENCE_MS)).toBe(true);
});
afterAll(async () => {
  await run(["ip", "netns", "del", NETNS]);
});

const inside = (argv: readonly string[]) => must(["ip", "netns", "exec", NETNS, ...argv]);
const keepers = async () => (await run(["pgrep", "-x", "bpfdesk-keeper", "-r", "S,R,D"])).stdout;
const ifindex = async () => (await inside(["cat", "/sys/class/net/pod/ifindex"])).trim();

/** Carries out a plan of lab-agent; its links live until the test ends. */
async function agent(plan: readonly string[]): Promise<void> {
  const child = spawn("ip", ["netns", "exec", NETNS, path.join(lab, "lab-agent"), "--once"], {
    cwd: lab,
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  child.stdin.write(`${plan.join("\n")}\nsay done\n`);
  for await (const line of createInterface({ input: child.stdout })) if (line === "done") return;
  throw new Error("lab-agent ended before it was done.");
}

interface Filter {
  pref: number;
  handle: string;
  id: number;
  protocol: string;
  name: string;
}

async function filters(direction: string): Promise<Filter[]> {
  const rows = JSON.parse(await inside(["tc", "-j", "filter", "show", "dev", "pod", direction])) as {
    pref: number;
    protocol: string;
    options?: { handle: string; bpf_name: string; prog: { id: number } };
  }[];
  return rows.flatMap(({ pref, protocol, options }) =>
    options ? [{ pref, protocol, handle: options.handle, id: options.prog.id, name: options.bpf_name }] : [],
  );
}

/** Program ids on tcx, in the order in which they run. */
async function tcx(direction: string): Promise<number[]> {
  const { stdout } = await run(
    ["ip", "netns", "exec", NETNS, path.join(lab, "lab-agent"), "--once"],
    `query pod ${direction}\n`,
  );
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => Number(line.split(" ")[3]));
}

interface Entry {
  /** Other than that of the test's interface. */
  ifname?: string;
  kind: string;
  direction: string;
  prog_id: number;
  pref?: number;
  handle?: number;
  chain?: number;
  protocol?: number;
}

interface Changing {
  child: ChildProcess;
  say(word: string): void;
  /** The next line, as it is. */
  next(): Promise<{ record: string } & Record<string, unknown>>;
  ended(): Promise<number | null>;
}

/** Starts it for one attachment of `pod`. */
async function change(entry: Entry, lease_s = 60, namespace = `/run/netns/${NETNS}`): Promise<Changing> {
  const filter = entry.kind === "clsact" ? (["pref", "handle", "chain", "protocol"] as const) : [];
  const args = [
    ...["detach", "--ifindex", await ifindex(), "--ifname", entry.ifname ?? "pod"],
    ...["--kind", entry.kind, "--direction", entry.direction],
    ...["--prog-id", `${entry.prog_id}`, "--lease", `${lease_s}`, "--netns", namespace],
    ...filter.flatMap((name) => [`--${name}`, `${entry[name] ?? 0}`]),
  ];
  const child = spawn(CHANGE, args, { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  child.stdin.on("error", () => undefined); // it ended first: its last line tells
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const closed = once(child, "close");
  return {
    child,
    say: (word) => void child.stdin.write(`${word}\n`),
    async next() {
      const { value, done } = await lines.next();
      return done ? { record: "nothing" } : JSON.parse(value);
    },
    ended: () => closed.then(([code]) => code as number | null),
  };
}

const clsactEntry = ({ id, pref, handle }: Filter, direction = "egress"): Entry => ({
  kind: "clsact",
  direction,
  prog_id: id,
  pref,
  handle: Number.parseInt(handle, 16),
  protocol: 3,
});

const OBSERVER = "load OBS observer.o";
const LOADS = ["load A observer.o", "load B observer.o", "load C observer.o"];
const THREE_FILTERS = [
  ...LOADS,
  "clsact pod",
  "filter pod egress 1 1 A:classifier_egress",
  "filter pod egress 2 7 B:classifier_egress",
  "filter pod egress 49152 1 C:classifier_egress",
];
const loaded = async (id: number) => (await run(["bpftool", "prog", "show", "id", `${id}`])).code === 0;

describe("counting the runs of a program", () => {
  it("counts those of the time it looks, and changes nothing", async () => {
    await agent([OBSERVER, "clsact pod", "filter pod egress 1 1 OBS:classifier_egress"]);
    await inside(["ip", "address", "add", "10.77.0.1/24", "dev", "pod"]);
    await inside(["ip", "neighbour", "replace", "10.77.0.2", "lladdr", "02:00:00:00:00:02", "dev", "pod"]);
    const before = await filters("egress");
    const [{ id }] = before as [Filter];
    const ping = spawn("ip", ["netns", "exec", NETNS, "ping", "-q", "-i", "0.01", "10.77.0.2"], { stdio: "ignore" });
    children.push(ping);
    const { stdout, code } = await run([CHANGE, "runs", "--prog-id", `${id}`, "--for-ms", "1000"]);
    ping.kill();
    const { record, runs, ms } = JSON.parse(stdout) as { record: string; runs: number; ms: number };
    expect({ code, record, before: await filters("egress") }).toEqual({ code: 0, record: "runs", before });
    expect(ms).toBeGreaterThanOrEqual(1000);
    // An echo each 10 ms, and what the interface says of itself.
    expect(runs).toBeGreaterThan(0);
    expect(runs).toBeLessThan(ms / 5);
    expect((await run([CHANGE, "runs", "--prog-id", "4294967295", "--for-ms", "1"])).stdout).toContain(
      "The program is gone",
    );
  });
});

describe("taking a clsact filter off", () => {
  it("takes exactly that one, and undo makes the chain what it was", async () => {
    await agent(THREE_FILTERS);
    const before = await filters("egress");
    const [first, second, third] = before as [Filter, Filter, Filter];
    const changing = await change(clsactEntry(second));
    expect(await changing.next()).toMatchObject({
      record: "armed",
      entry: { prog_id: second.id, pref: 2, handle: 7, position: 1 },
      has_link: false,
    });
    expect(await filters("egress")).toEqual(before);
    changing.say("go");
    expect(await changing.next()).toMatchObject({ record: "detached", exact: true });
    expect(await filters("egress")).toEqual([first, third]);
    changing.say("confirm");
    expect(await changing.next()).toEqual({ record: "confirmed" });
    changing.say("undo");
    expect(await changing.next()).toMatchObject({ record: "restored", reason: "undo", same: true });
    expect(await changing.ended()).toBe(0);
    expect(await filters("egress")).toEqual(before);
  });

  it("that was confirmed lasts, and lets go of the program when its connection ends", async () => {
    await agent(THREE_FILTERS);
    const [first, second, third] = (await filters("egress")) as [Filter, Filter, Filter];
    const changing = await change(clsactEntry(third));
    await changing.next();
    changing.say("go");
    await changing.next();
    changing.say("confirm");
    await changing.next();
    // Its loader is gone as well: only the change holds the program.
    children[0]?.kill("SIGKILL");
    await until(async () => children[0]?.signalCode === "SIGKILL", PATIENCE_MS);
    expect(await loaded(third.id)).toBe(true);
    changing.child.stdin?.end();
    expect(await changing.next()).toEqual({ record: "left" });
    expect(await changing.ended()).toBe(0);
    expect(await filters("egress")).toEqual([first, second]);
    expect(await until(async () => !(await loaded(third.id)), PATIENCE_MS)).toBe(true);
  });

  it.each([
    ["nobody confirms it in time", "lease", () => undefined],
    ["its connection ends", "stdin", ({ child }: Changing) => void child.stdin?.end()],
    ["it is asked to end", "signal", ({ child }: Changing) => void child.kill("SIGTERM")],
    ["its terminal hangs up", "signal", ({ child }: Changing) => void child.kill("SIGHUP")],
  ])("is undone by itself when %s", async (_, reason, end) => {
    await agent(THREE_FILTERS);
    const before = await filters("egress");
    const changing = await change(clsactEntry(before[1] as Filter), reason === "lease" ? 1 : 60);
    await changing.next();
    changing.say("go");
    expect(await changing.next()).toMatchObject({ record: "detached" });
    end(changing);
    expect(await changing.next()).toMatchObject({ record: "restored", reason, same: true });
    expect(await changing.ended()).toBe(0);
    expect(await filters("egress")).toEqual(before);
  });

  it("is undone when it is killed", async () => {
    await agent(THREE_FILTERS);
    const before = await filters("egress");
    const changing = await change(clsactEntry(before[1] as Filter));
    await changing.next();
    changing.say("go");
    await changing.next();
    changing.child.kill("SIGKILL");
    await changing.ended();
    await until(async () => (await filters("egress")).length === before.length, PATIENCE_MS);
    expect(await filters("egress")).toEqual(before);
  });

  it("is undone in time when nobody reads what it says", async () => {
    await agent(THREE_FILTERS);
    const before = await filters("egress");
    const fifo = path.join(lab, `change-${process.pid}`);
    await must(["mkfifo", fifo]);
    try {
      // A pipe that is full before it begins.
      const entry = before[1] as Filter;
      const words = `exec 3<>"$1"; (trap '' PIPE; head -c 65536 /dev/zero >&3) ; shift; (echo go; sleep 60) | exec "$@" >&3`;
      const child = spawn(
        "sh",
        [
          ...["-c", words, "sh", fifo, CHANGE, "detach", "--ifindex", await ifindex(), "--ifname", "pod"],
          ...[
            "--kind",
            "clsact",
            "--direction",
            "egress",
            "--prog-id",
            `${entry.id}`,
            "--pref",
            "2",
            "--handle",
            "7",
            "--protocol",
            "3",
          ],
          ...["--lease", "2", "--netns", `/run/netns/${NETNS}`],
        ],
        { stdio: "ignore", detached: true },
      );
      const there = async (count: number) => (await filters("egress")).length === count;
      expect(await until(() => there(2), PATIENCE_MS)).toBe(true);
      expect(await until(() => there(3), PATIENCE_MS)).toBe(true);
      expect(await filters("egress")).toEqual(before);
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await once(child, "close");
    } finally {
      fs.rmSync(fifo);
    }
  });

  it("does nothing before it is told to go", async () => {
    await agent(THREE_FILTERS);
    const before = await filters("egress");
    const changing = await change(clsactEntry(before[0] as Filter), 1);
    await changing.next();
    changing.say("confirm");
    changing.say("undo");
    expect(await changing.next()).toEqual({ record: "disarmed" });
    expect(await changing.ended()).toBe(0);
    expect(await filters("egress")).toEqual(before);
  });

  it("is refused when the kernel could not put it back at its place", async () => {
    await agent([
      ...LOADS,
      "clsact pod",
      "filter pod egress 1 1 A:classifier_egress",
      "filter pod egress 1 2 B:classifier_egress",
    ]);
    const before = await filters("egress");
    // The kernel runs the filter that was added last first.
    expect(before.map(({ handle }) => handle)).toEqual(["0x2", "0x1"]);
    const changing = await change(clsactEntry(before[1] as Filter));
    expect(await changing.next()).toMatchObject({
      record: "error",
      code: "not-armed",
      message: expect.stringContaining("same priority"),
    });
    expect(await changing.ended()).toBe(1);
    const first = await change(clsactEntry(before[0] as Filter));
    await first.next();
    first.say("go");
    await first.next();
    first.say("undo");
    expect(await first.next()).toMatchObject({ record: "restored", same: true });
    expect(await filters("egress")).toEqual(before);
  });

  it("is refused when something else has changed since it was armed", async () => {
    await agent(THREE_FILTERS);
    const changing = await change(clsactEntry((await filters("egress"))[1] as Filter));
    await changing.next();
    await inside(["tc", "filter", "del", "dev", "pod", "egress", "pref", "1"]);
    const before = await filters("egress");
    changing.say("go");
    expect(await changing.next()).toMatchObject({ record: "error", code: "changed-meanwhile" });
    expect(await filters("egress")).toEqual(before);
  });

  it("is refused when the interface got another name since it was armed", async () => {
    await agent(THREE_FILTERS);
    const before = await filters("egress");
    const changing = await change(clsactEntry(before[1] as Filter));
    await changing.next();
    const rename = async (from: string, to: string) => {
      await inside(["ip", "link", "set", from, "down"]);
      await inside(["ip", "link", "set", from, "name", to]);
    };
    await rename("pod", "other");
    changing.say("go");
    expect(await changing.next()).toMatchObject({ record: "error", code: "changed-meanwhile" });
    expect(await changing.ended()).toBe(1);
    await rename("other", "pod");
    expect(await filters("egress")).toEqual(before);
  });

  it.each([
    ["an interface of another name", { ifname: "peer" }],
    ["another program", { prog_id: 4_294_967_295 }],
    ["another priority", { pref: 3 }],
    ["another handle", { handle: 8 }],
    ["another protocol", { protocol: 2048 }],
    ["another direction", { direction: "ingress" }],
  ])("is refused for %s", async (_, other) => {
    await agent(THREE_FILTERS);
    const before = await filters("egress");
    const changing = await change({ ...clsactEntry(before[1] as Filter), ...other });
    expect(await changing.next()).toMatchObject({ record: "error", code: "not-armed" });
    expect(await changing.ended()).toBe(1);
    expect(await filters("egress")).toEqual(before);
  });

  it("is refused when the network namespace is gone", async () => {
    await agent(THREE_FILTERS);
    const changing = await change(clsactEntry((await filters("egress"))[1] as Filter), 60, "/run/netns/of-nobody");
    expect(await changing.next()).toMatchObject({ record: "error", message: "Its network namespace is gone." });
  });
});

describe("taking a tcx program off", () => {
  it.each([
    ["with a link", "tcx", true],
    ["without a link", "tcx-plain", false],
  ])("%s puts it back between its neighbours", async (_, word, has_link) => {
    await agent([...LOADS, ...["A", "B", "C"].map((name) => `${word} pod ingress ${name}:classifier_egress`)]);
    const before = await tcx("ingress");
    expect(before).toHaveLength(3);
    for (const prog_id of before) {
      const changing = await change({ kind: "tcx", direction: "ingress", prog_id });
      // A link that was detached stays without its interface; what was put back has none.
      expect(await changing.next()).toMatchObject({ record: "armed", has_link });
      changing.say("go");
      expect(await changing.next()).toMatchObject({ record: "detached", exact: true });
      expect(await tcx("ingress")).toEqual(before.filter((id) => id !== prog_id));
      changing.say("undo");
      expect(await changing.next()).toMatchObject({ record: "restored", reason: "undo", same: true });
      expect(await tcx("ingress")).toEqual(before);
    }
  });

  it("puts the only one back", async () => {
    await agent([OBSERVER, "tcx-plain pod egress OBS:classifier_egress"]);
    const before = await tcx("egress");
    const changing = await change({ kind: "tcx", direction: "egress", prog_id: before[0] ?? 0 }, 1);
    await changing.next();
    changing.say("go");
    expect(await changing.next()).toMatchObject({ record: "detached", exact: true });
    expect(await tcx("egress")).toEqual([]);
    expect(await changing.next()).toMatchObject({ record: "restored", reason: "lease", same: true });
    expect(await tcx("egress")).toEqual(before);
  });
});

describe("taking an XDP program off", () => {
  const xdp = async () => {
    const [link] = JSON.parse(await inside(["ip", "-j", "-d", "link", "show", "pod"])) as {
      xdp?: { mode: number; prog: { id: number } };
    }[];
    return link?.xdp ? { mode: link.xdp.mode, id: link.xdp.prog.id } : null;
  };

  it.each(["native", "generic"])("puts it back in the mode it had, %s", async (mode) => {
    await agent(["load X xdp_pass.o", `xdp pod ${mode} X:pass`]);
    const before = await xdp();
    expect(before).not.toBeNull();
    const changing = await change({ kind: "xdp", direction: "ingress", prog_id: before?.id ?? 0 });
    await changing.next();
    changing.say("go");
    expect(await changing.next()).toMatchObject({ record: "detached", exact: true });
    expect(await xdp()).toBeNull();
    changing.child.stdin?.end();
    expect(await changing.next()).toMatchObject({ record: "restored", reason: "stdin", same: true });
    expect(await xdp()).toEqual(before);
  });
});
