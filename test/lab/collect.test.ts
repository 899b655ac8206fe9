/** The shipped sections against a whole node: the lab's, with pods, programs, cgroups and log folders. */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Collected, SectionResult } from "../../electron/core/collect/frames.ts";
import type { Section } from "../../electron/core/collect/section.ts";
import { collectFollowUp, collectNode } from "../../electron/host/collect/collect.ts";
import { loadSections } from "../../electron/host/collect/sections.ts";
import { ChildTransport, shellFolder } from "./collect-transport.ts";
import { portableBpftool } from "./node/bpftool.ts";
import { must } from "./node/exec.ts";
import { alone } from "./node/inventory.ts";
import { type Lab, startLab } from "./node/lab.ts";

const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
/** Makes every place a program might write to read-only, for the command that follows. */
const READ_ONLY = `for m in /tmp /var/tmp /dev/shm /run /root; do
  [ -d "$m" ] || continue; mount --rbind "$m" "$m"; mount -o remount,bind,ro "$m" || exit 9; done
mount -o remount,bind,ro / || exit 9; if touch /tmp/x 2>/dev/null; then exit 9; fi; exec "$@"`;

let lab: Lab;
let sections: Section[];
beforeAll(async () => {
  sections = await loadSections(path.resolve(import.meta.dirname, "../../resources"));
  lab = await startLab({ profile: "busy", bpftool: portableBpftool() });
});
afterAll(() => lab.stop());

const inLab = () => new ChildTransport({ prefix: lab.session });
const collect = (transport = inLab()) => collectNode(transport, { sections, bpftool: null });
const of = (collected: Collected, section: string, scope = "node"): SectionResult => {
  const found = collected.sections.find((one) => one.section === section && one.scope === scope);
  if (found === undefined) throw new Error(`no ${section} of ${scope}`);
  return found;
};
const lines = (text: string) => text.split("\n").filter((line) => line !== "");

/**
 * What a collection could leave on the node or change about it. Programs and maps have numbers of the whole
 * machine: they are compared when nobody else is at work on it. Files: see the test without a place to write.
 */
async function inventory(): Promise<string[]> {
  const { stdout } = await lab.run([
    "sh",
    "-c",
    `if [ "$1" = true ]; then for what in prog map link; do bpftool $what show | grep '^[0-9]'; done; fi
     bpftool net show; find /run /sys/fs/bpf -xdev -printf '%p %i %s %T@\\n' | sort
     tc qdisc show; ip link show | sed "s/<[^>]*>//; s/ state [A-Z]*//"; cat /proc/self/mountinfo
     cat /proc/sys/kernel/bpf_stats_enabled /proc/sys/net/core/bpf_jit_enable
     for process in /proc/[0-9]*; do tr '\\0' ' ' <"$process/cmdline"; echo; done 2>/dev/null | sort`,
    "sh",
    String(alone()),
  ]);
  return lines(stdout);
}

/** The inventory once the node has come to rest after its start: the same twice in a row. */
async function settledInventory(): Promise<string[]> {
  let last = await inventory();
  for (let tries = 0; tries < 20; tries++) {
    const next = await inventory();
    if (next.join("\n") === last.join("\n")) return next;
    last = next;
  }
  return last;
}

/**
 * What every run must say alike: everything but times, counters, the processes of the run itself, and which
 * namespace came first.
 */
const shape = (collected: Collected) =>
  collected.sections
    .map(({ section, scope, exit, truncated }) => ({ section, scope, exit, truncated }))
    .sort((a, b) => (a.scope < b.scope ? -1 : a.scope > b.scope ? 1 : 0));

describe("collecting from a node", () => {
  let collected: Collected;
  let before: string[];
  let after: string[];
  let tookMs: number;
  beforeAll(async () => {
    before = await settledInventory();
    const start = performance.now();
    collected = await collect();
    tookMs = performance.now() - start;
    after = await inventory();
  });

  it("brings every section of the node, and the netns sections of every pod, in one run", () => {
    const inodes = lines(of(collected, "netns.list").stdout).map((line) => line.split("\t")[0]);
    const stage1 = sections.filter((section) => section.stage === 1);
    const ids = (place: "node" | "netns") => stage1.filter(({ scope }) => scope.includes(place)).map(({ id }) => id);
    expect(collected.complete).toBe(true);
    expect(collected.noise).toBe("");
    const came = collected.sections.map(({ section, scope }) => `${section} ${scope}`);
    const scopes = [...new Set(collected.sections.map(({ scope }) => scope))];
    expect(scopes.toSorted()).toEqual(["node", ...inodes.map((inode) => `netns:${inode}`)].toSorted());
    expect(came).toEqual(
      scopes.flatMap((scope) => ids(scope === "node" ? "node" : "netns").map((id) => `${id} ${scope}`)),
    );
    const pods = lab.plan.pods.filter((pod) => !("hostNetwork" in pod && pod.hostNetwork));
    expect(inodes.length).toBeGreaterThanOrEqual(pods.length - 3);
    console.info(`${inodes.length} namespaces, ${collected.sections.length} sections: ${Math.round(tookMs)} ms`);
  });

  it("fails no section but those whose tool the node does not have", () => {
    const failed = collected.sections.filter(({ exit, truncated }) => exit !== 0 || truncated);
    expect(failed.map(({ section, exit }) => [section, exit])).toEqual(
      fs.existsSync("/usr/bin/crictl") ? [] : [["k8s.crictl", 127]],
    );
  });

  it("gives the filters of every interface with clsact in both directions, under the right name", async () => {
    const qdiscs = await must([...lab.enter, "tc", "qdisc", "show"]);
    const devs = [...qdiscs.matchAll(/^qdisc clsact .* dev (\S+) /gm)].map((match) => match[1] ?? "");
    const answers = lines(of(collected, "tc.filter").stdout);
    expect(answers.filter((line) => line.startsWith("#dev "))).toEqual(
      devs.flatMap((dev) => [`#dev ${dev} ingress`, `#dev ${dev} egress`]),
    );
    for (const [i, line] of answers.entries()) {
      if (!line.startsWith("#dev ")) continue;
      const [, dev = "", direction = ""] = line.split(" ");
      const alone = await must([...lab.enter, "tc", "-j", "-s", "filter", "show", "dev", dev, direction]);
      expect(answers[i + 1]).toBe(alone.trim());
    }
    expect(devs.length).toBeGreaterThan(3);
  });

  it("gives JSON where it promises JSON", () => {
    const json = new Set(["bpf.prog", "bpf.map", "bpf.link", "bpf.net", "bpf.cgroup", "bpf.btf", "bpf.progarrays"]);
    for (const id of ["net.link", "net.addr", "tc.qdisc"]) json.add(id);
    for (const { section, stdout } of collected.sections) if (json.has(section)) JSON.parse(stdout);
    const arrays = JSON.parse(of(collected, "bpf.progarrays").stdout) as { command: string[]; output: unknown }[];
    expect(arrays[0]?.command.slice(0, 3)).toEqual(["map", "dump", "id"]);
  });

  it("names the pods of the node by their log folders and their cgroups", () => {
    const logs = lines(of(collected, "k8s.podlogs").stdout);
    expect(logs.length).toBeGreaterThanOrEqual(50);
    for (const log of logs) {
      const uid = log.split("_").at(-1) ?? "";
      const inCgroups = [uid, uid.replaceAll("-", "_")].some((form) =>
        of(collected, "cgroup.dirs").stdout.includes(form),
      );
      expect([log, inCgroups]).toEqual([log, true]);
    }
  });

  it("reads no environment of any process, and a command line only when a runbook asks for it", () => {
    const reading = (word: RegExp) =>
      sections.filter(({ command }) => word.test(command.replace(/^\s*#.*/gm, ""))).map(({ id }) => id);
    expect(reading(/environ/)).toEqual([]);
    expect(reading(/cmdline/)).toEqual(["proc.cmdline"]);
    expect(sections.find(({ id }) => id === "proc.cmdline")?.stage).toBe(3);
  });

  it("leaves the node as it was", () => {
    expect(after).toEqual(before);
  });

  it("needs no place to write on the node", async () => {
    const prefix = [...lab.session, "unshare", "--mount", "sh", "-c", READ_ONLY, "sh"];
    const readOnly = await collect(new ChildTransport({ prefix }));
    expect(shape(readOnly)).toEqual(shape(collected));
  });

  it("asks for the code of programs in a second run, and keeps the others when one is gone", async () => {
    const programs = JSON.parse(of(collected, "bpf.prog").stdout) as { id: number; type: string }[];
    const [first, second] = programs.filter(({ type }) => type === "sched_cls").map(({ id }) => id);
    const prog_ids = [first ?? 0, 4294967295, second ?? 0];
    const followUp = await collectFollowUp(inLab(), { sections, bpftool: null, prog_ids });
    expect(followUp.sections.map(({ section }) => section)).toEqual(["bpf.xlated"]);
    const bodies = (followUp.sections[0]?.stdout ?? "").split(/^#prog (\d+)\n/m).slice(1);
    expect(bodies.filter((_, i) => i % 2 === 0)).toEqual(prog_ids.map(String));
    expect(JSON.parse(bodies[1] ?? "")).toEqual(expect.arrayContaining([expect.objectContaining({})]));
    expect(JSON.parse(bodies[5] ?? "")).toEqual(expect.arrayContaining([expect.objectContaining({})]));
  });

  it.each(["/bin/bash", "/bin/busybox"])("is the same when the node's shell is %s", async (program) => {
    const shell = shellFolder(program);
    try {
      const other = await collect(
        new ChildTransport({ prefix: [...lab.session, "env", `PATH=${shell.folder}:${PATH}`] }),
      );
      expect(other.complete).toBe(true);
      expect(shape(other)).toEqual(shape(collected));
      // Maps are those of the whole machine: they are compared when nobody else is at work on it.
      const arrays = alone() ? ["bpf.progarrays"] : [];
      for (const id of ["tc.filter", "node.mounts", "netns.list", "cgroup.dirs", ...arrays]) {
        expect(of(other, id).stdout, id).toBe(of(collected, id).stdout);
      }
    } finally {
      shell.remove();
    }
  });
});

describe("collecting as an ordinary user", () => {
  it("runs, and says for each section that needs root what is not seen", async () => {
    const prefix = [...lab.session, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const collected = await collect(new ChildTransport({ prefix, privileges: "none" }));
    expect(collected.complete).toBe(true);
    const stage1 = sections.filter(({ stage }) => stage === 1);
    for (const { id, needs_root, without_root } of stage1) {
      const { stderr } = of(collected, id);
      if (needs_root) expect(stderr).toContain(`not root: ${without_root}`);
      else expect(stderr).not.toContain("not root");
    }
    expect(collected.sections.filter(({ scope }) => scope !== "node")).toEqual([]);
    expect(of(collected, "node.kernel").stdout).toMatch(/^uid=65534$/m);
    expect(JSON.parse(of(collected, "net.link").stdout)).not.toEqual([]);
  });
});
