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
async function run(prefix: string[] = [], asked: Section[] = [probe]): Promise<Collected> {
  const all = await loadSections(path.resolve(import.meta.dirname, "../../resources"));
  const list = all.filter(({ id }) => id === "netns.list") as Section[];
  return collectNode(new ChildTransport({ prefix, path: tools }), { sections: [...list, ...asked], bpftool: null });
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

describe.each(["/bin/dash", "/bin/bash", "/bin/busybox"])("sections in namespaces, under %s", (program) => {
  const ask = (id: string, command: string, more: Partial<Section> = {}): Section => ({
    ...probe,
    id,
    command,
    ...more,
  });
  beforeEach(() => fs.symlinkSync(program, path.join(tools, "sh")));
  const holdTwo = async () => [await hold(["unshare", "--net"]), await hold(["unshare", "--net"])];
  /** Runs in these namespaces only: any other of this machine would cost its time too. */
  const only = (pids: number[], command: string) =>
    `case $(stat -L -c %i /proc/self/ns/net) in ${pids.map(inode).join("|")}) ${command} ;; esac`;
  /** The answers of two fresh namespaces, which two lanes read where there are two CPUs. */
  async function askTwo(asked: Section[]) {
    const pids = await holdTwo();
    const collected = await run([], asked);
    expect(collected.complete).toBe(true);
    expect(collected.noise).toBe("");
    return pids.map((pid) => {
      const scope = `netns:${inode(pid)}`;
      return collected.sections
        .filter((one) => one.scope === scope)
        .map(({ section, exit, stdout, stderr, truncated }) => ({ section, exit, stdout, stderr, truncated }));
    });
  }
  const good = (section: string, stdout: string) => ({ section, exit: 0, stdout, stderr: "", truncated: false });

  it("are run by that shell, cannot disturb each other, and are asked once when all is well", async () => {
    const log = path.join(tools, "log");
    const answers = await askTwo([
      ask("a.shell", 'readlink "/proc/$$/exe"'),
      ask("a.state", `set -f; IFS=x; cd /; PATH=; echo run >>${log}; exit 0`),
      ask(
        "a.fds",
        "(echo x >&5) 2>/dev/null || echo closed; (echo x >&8) 2>/dev/null || echo closed; (echo x >&9) 2>/dev/null || echo closed",
      ),
      ask("a.stdin", "cat; echo end"),
      ask("a.last", 'printf "%s " /dev/nul*; printf "[a\\n\\n"'),
    ]);
    const shell = program === "/bin/busybox" ? "/usr/bin/busybox" : `/usr${program}`;
    const expected = [
      good("a.shell", `${shell}\n`),
      good("a.state", ""),
      good("a.fds", "closed\nclosed\nclosed\n"),
      good("a.stdin", "end\n"),
      good("a.last", "/dev/null [a\n\n"),
    ];
    expect(answers).toEqual([expected, expected]);
    const others = (await must(["sh", "-c", "stat -L -c %i /proc/[0-9]*/ns/net 2>/dev/null; true"])).trim().split("\n");
    const spaces = new Set(others).size - 1 + holders.length;
    expect(fs.readFileSync(log, "utf8").split("\n").length - 1).toBeLessThanOrEqual(spaces);
  });

  it("keep output, errors and exit code of one that fails, and the others come too", async () => {
    const answers = await askTwo([
      ask("a.one", "echo one"),
      ask("a.bad", "echo out; echo err >&2; exit 7"),
      ask("a.warns", "echo odd >&2; echo fine"),
      ask("a.last", "echo last"),
    ]);
    const [quiet] = await askTwo([ask("a.blank", "printf '\\nodd\\n' >&2; echo fine")]);
    expect(quiet).toEqual([{ ...good("a.blank", "fine\n"), stderr: "\nodd" }]);
    const expected = [
      good("a.one", "one\n"),
      { section: "a.bad", exit: 7, stdout: "out\n", stderr: "err", truncated: false },
      { ...good("a.warns", "fine\n"), stderr: "odd" },
      good("a.last", "last\n"),
    ];
    expect(answers).toEqual([expected, expected]);
  });

  it("are stopped at their time limit, and the others come too", async () => {
    const pids = await holdTwo();
    const hang = ask("a.hang", only(pids, "echo begun; sleep 60"), { timeout_s: 1 });
    const collected = await run([], [hang, ask("a.next", "echo here")]);
    for (const pid of pids) {
      expect(answers(collected, inode(pid))).toEqual([
        { section: "a.hang", exit: 124, stdout: "begun\n", stderr: expect.any(String) as string },
        { section: "a.next", exit: 0, stdout: "here\n", stderr: "" },
      ]);
    }
  });

  it("are cut when they flood either stream, and the others come too", async () => {
    const pids = await holdTwo();
    const collected = await run(
      [],
      [
        ask("a.out", only(pids, "yes 0123456789")),
        ask("a.err", only(pids, "echo out; i=0; while [ $i -lt 9000 ]; do echo 0123456789 >&2; i=$((i+1)); done")),
        ask("a.exact", "head -c 1000 /dev/zero | tr '\\0' x"),
        ask("a.last", "echo last"),
      ],
    );
    for (const pid of pids) {
      const came = collected.sections.filter(({ scope }) => scope === `netns:${inode(pid)}`);
      expect(came.map((one) => [one.section, one.truncated, one.stdout.length, one.stderr.length])).toEqual([
        ["a.out", true, 1000, expect.any(Number)],
        ["a.err", false, 4, 4096],
        ["a.exact", false, 1000, 0],
        ["a.last", false, 5, 0],
      ]);
    }
  });

  it("are passed over where another one says that there is nothing to tell", async () => {
    const hint = { section: "a.list", words: ["clsact"] };
    const log = path.join(tools, "log");
    const [first, second] = await askTwo([
      ask("a.list", "stat -L -c %i /proc/self/ns/net"),
      ask("a.none", `echo asked >>${log}`, { empty_unless: hint }),
    ]);
    expect([first?.[1], second?.[1]]).toEqual([good("a.none", ""), good("a.none", "")]);
    expect(fs.existsSync(log)).toBe(false);
    const [third] = await askTwo([ask("a.list", "echo clsact"), ask("a.some", "echo asked", { empty_unless: hint })]);
    expect(third).toEqual([good("a.list", "clsact\n"), good("a.some", "asked\n")]);
  });
});
