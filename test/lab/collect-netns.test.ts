/** Entering network namespaces: of processes, by name, when a process dies on the way, when it is refused. */
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Collected } from "../../electron/core/collect/frames.ts";
import { type Section, sectionSchema } from "../../electron/core/collect/section.ts";
import { collectNode } from "../../electron/host/collect/collect.ts";
import { loadSections } from "../../electron/host/collect/sections.ts";
import { ChildTransport } from "./collect-transport.ts";
import { must, until } from "./node/exec.ts";

let tools: string;
let holders: ChildProcess[] = [];
beforeEach(() => {
  tools = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-netns-"));
});
afterEach(async () => {
  for (const holder of holders) holder.kill("SIGKILL");
  await Promise.all(holders.map((holder) => until(() => holder.exitCode !== null || holder.signalCode !== null, 5000)));
  holders = [];
  fs.rmSync(tools, { recursive: true });
});
const inode = (pid: number) => String(fs.statSync(`/proc/${pid}/ns/net`).ino);

async function hold(argv: string[]): Promise<number> {
  const [command = "", ...args] = [...argv, "sleep", "infinity"];
  const holder = spawn(command, args, { stdio: "ignore" });
  holders.push(holder);
  const pid = holder.pid ?? 0;
  await until(() => fs.readFileSync(`/proc/${pid}/comm`, "utf8") === "sleep\n", 5000);
  return pid;
}

const probe = sectionSchema.parse({
  id: "a.where",
  title: "where",
  why: "where",
  scope: "netns",
  order: 900,
  needs_root: false,
  timeout_s: 5,
  max_bytes: 1000,
  command: "stat -L -c %i /proc/self/ns/net",
});
async function run(prefix: string[] = []): Promise<Collected> {
  const all = await loadSections(path.resolve(import.meta.dirname, "../../resources"));
  const list = all.filter(({ id }) => id === "netns.list") as Section[];
  return collectNode(new ChildTransport({ prefix, path: tools }), { sections: [...list, probe], bpftool: null });
}
const answers = (collected: Collected, ns: string) =>
  collected.sections
    .filter(({ scope }) => scope === `netns:${ns}`)
    .map(({ section, exit, stdout, stderr }) => ({ section, exit, stdout, stderr }));
const there = (ns: string) => [{ section: "a.where", exit: 0, stdout: `${ns}\n`, stderr: "" }];

describe("network namespaces", () => {
  it("are found by their processes, once each, and the node's own is not among them", async () => {
    const pid = await hold(["unshare", "--net"]);
    await hold(["nsenter", `--net=/proc/${pid}/ns/net`]);
    const collected = await run();
    expect(answers(collected, inode(pid))).toEqual(there(inode(pid)));
    const lines = (collected.sections[0]?.stdout ?? "").split("\n");
    expect(lines.filter((line) => line.startsWith(`${inode(pid)}\t`))).toEqual([`${inode(pid)}\t${pid}\t`]);
    expect(answers(collected, inode(process.pid))).toEqual([]);
    expect(lines.filter((line) => line.startsWith(inode(process.pid)))).toEqual([]);
  });

  it("are found by name too, whatever the name, and a name that leads nowhere is passed over", async () => {
    // A /run of its own, so that the names are seen by nobody else.
    const pid = await hold(["unshare", "--mount"]);
    const enter = ["nsenter", `--mount=/proc/${pid}/ns/mnt`, "--"];
    const make = `mount -t tmpfs t /run && mkdir /run/netns && touch /run/netns/stale && for n; do ip netns add "$n" || exit; done`;
    const names = ["plain", "a b", "$(id)", "-x", "*"];
    await must([...enter, "sh", "-c", make, "sh", ...names.filter((name) => name !== "-x")]);
    await must([...enter, "sh", "-c", "touch /run/netns/-x && unshare --net=/run/netns/-x true"]);
    const inodes = await must([...enter, "stat", "-c", "%i %n", ...names.map((name) => `/run/netns/${name}`)]);
    const collected = await run(enter);
    const list = collected.sections[0]?.stdout.split("\n") ?? [];
    for (const line of inodes.trim().split("\n")) {
      const [ns = "", ...rest] = line.split(" ");
      expect(list).toContain(`${ns}\t\t${path.basename(rest.join(" "))}`);
      expect(answers(collected, ns)).toEqual(there(ns));
    }
    expect(list.filter((line) => line.endsWith("\tstale"))).toEqual([]);
    await must([...enter, "sh", "-c", "umount /run/netns/* ; umount -R /run"]);
  });

  it("are entered by another process when the first one dies on the way", async () => {
    const first = await hold(["unshare", "--net"]);
    await hold(["nsenter", `--net=/proc/${first}/ns/net`]);
    const ns = inode(first);
    const once = path.join(tools, "done");
    fs.writeFileSync(
      path.join(tools, "nsenter"),
      `#!/bin/sh\nif ! [ -e ${once} ] && [ "$1" = --net=/proc/${first}/ns/net ]; then
         : >${once}; kill -KILL ${first}; while [ -e /proc/${first}/ns/net ]; do :; done 2>/dev/null; fi
       exec /usr/bin/nsenter "$@"\n`,
      { mode: 0o755 },
    );
    const collected = await run();
    expect(fs.existsSync(once)).toBe(true);
    expect(answers(collected, ns)).toEqual(there(ns));
  });

  it("are not mistaken for another when a process id leads elsewhere by now", async () => {
    const first = await hold(["unshare", "--net"]);
    const other = await hold(["unshare", "--net"]);
    fs.writeFileSync(
      path.join(tools, "nsenter"),
      `#!/bin/sh\nif [ "$1" = --net=/proc/${first}/ns/net ]; then shift; set -- --net=/proc/${other}/ns/net "$@"; fi
       exec /usr/bin/nsenter "$@"\n`,
      { mode: 0o755 },
    );
    const collected = await run();
    expect(answers(collected, inode(first))).toEqual([]);
    expect(answers(collected, inode(other))).toEqual(there(inode(other)));
  });

  it("say why, when they cannot be entered", async () => {
    const pid = await hold(["unshare", "--net"]);
    fs.writeFileSync(
      path.join(tools, "nsenter"),
      "#!/bin/sh\necho 'nsenter: reassociate to namespace failed: Operation not permitted' >&2; exit 1\n",
      { mode: 0o755 },
    );
    const collected = await run();
    expect(collected.complete).toBe(true);
    expect(answers(collected, inode(pid))).toEqual([
      {
        section: "a.where",
        exit: 1,
        stdout: "",
        stderr: "nsenter: reassociate to namespace failed: Operation not permitted",
      },
    ]);
  });
});
