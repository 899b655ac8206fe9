/** Single sections on nodes that are odd: strange interface names, an interface that vanishes, wrapped tools. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { SectionResult } from "../../electron/core/collect/frames.ts";
import type { Section } from "../../electron/core/collect/section.ts";
import { collectNode } from "../../electron/host/collect/collect.ts";
import { loadSections } from "../../electron/host/collect/sections.ts";
import { ChildTransport } from "./collect-transport.ts";
import { must } from "./node/exec.ts";

let all: Section[];
beforeAll(async () => {
  all = await loadSections(path.resolve(import.meta.dirname, "../../resources"));
});

/** A folder for tools that take the place of the node's own. */
let tools: string;
beforeEach(() => {
  tools = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-odd-"));
});
afterEach(() => fs.rmSync(tools, { recursive: true }));
function tool(name: string, script: string): void {
  fs.writeFileSync(path.join(tools, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

async function one(id: string, prefix: string[] = []): Promise<SectionResult> {
  const sections = all
    .filter((section) => section.id === id)
    .map((section) => ({ ...section, scope: ["node" as const] }));
  const collected = await collectNode(new ChildTransport({ prefix, path: tools }), { sections, bpftool: null });
  const [result] = collected.sections;
  if (result === undefined || !collected.complete) throw new Error(`${id} did not come back`);
  return result;
}

describe("tc.filter", () => {
  // Quotes, comment and continuation signs of tc's batch reader, shell text, a word of tc's own, UTF-8.
  const odd = ["-dash", "a'b", 'c"d', "e#f", "$(id)", "g\\", "ünï", "ingress", "h;i&j|k", "*", "eth0@if1"];
  let pid: number;
  let enter: string[];
  beforeAll(async () => {
    const holder = spawn("unshare", ["--net", "sleep", "infinity"], { stdio: "ignore" });
    pid = holder.pid ?? 0;
    while (fs.readFileSync(`/proc/${pid}/comm`, "utf8") !== "sleep\n") await new Promise(setImmediate);
    enter = ["nsenter", `--net=/proc/${pid}/ns/net`, "--"];
  });
  afterAll(() => {
    process.kill(pid, "SIGKILL");
  });
  const add = async (name: string, qdisc: string, peer: string) => {
    await must([...enter, "ip", "link", "add", "name", name, "type", "veth", "peer", "name", peer]);
    await must([...enter, "tc", "qdisc", "add", "dev", name, qdisc]);
  };

  it("answers for each interface under its own name, however strange the name", async () => {
    await add("plain0", "clsact", "peer0");
    await add("plain1", "clsact", "peer1");
    const before = await one("tc.filter", enter);
    expect(before).toMatchObject({ exit: 0, stderr: "" });
    const expected = (names: string[]) =>
      names.flatMap((name) => [`#dev ${name} egress`, `#dev ${name} ingress`, "[]", "[]"]).sort();
    expect(before.stdout.trim().split("\n").sort()).toEqual(expected(["plain0", "plain1"]));
    for (const [i, name] of odd.entries()) await add(name, "clsact", `o${i}`);
    const after = await one("tc.filter", enter);
    expect(after).toMatchObject({ exit: 0, stderr: "" });
    expect(after.stdout.trim().split("\n").sort()).toEqual(expected(["plain0", "plain1", ...odd]));
    for (const name of odd) await must([...enter, "ip", "link", "del", "dev", name]);
  });

  it("does not give one interface the filters of another when one vanishes on the way", async () => {
    await add("plain2", "clsact", "peer2");
    // This tc answers with the name it was asked for, and one interface goes before the batch is read.
    tool(
      "tc",
      `case "$*" in *-batch*) ip link del dev plain1 ;; esac
       case "$*" in
         *-batch*) while read -r _ _ _ dev direction; do
           ip link show dev "$dev" >/dev/null 2>&1 && printf '["%s %s"]\\n' "$dev" "$direction" || r=1; done; exit $r ;;
         *'qdisc show'*) exec /usr/sbin/tc "$@" ;;
         *) ip link show dev "$6" >/dev/null && printf '["%s %s"]\\n' "$6" "$7" ;;
       esac`,
    );
    const { stdout, exit } = await one("tc.filter", enter);
    const answers = [...stdout.matchAll(/#dev (.*)\n\["(.*)"\]\n/g)].map(([, dev, answer]) => [dev, answer]);
    const hooks = ["plain0", "plain2"].flatMap((dev) => [`${dev} egress`, `${dev} ingress`]);
    expect(answers.sort()).toEqual(hooks.map((hook) => [hook, hook]));
    expect(exit).toBe(0);
  });
});

describe("bpf.progarrays", () => {
  it("leaves out an array that is gone and keeps the others", async () => {
    tool(
      "bpftool",
      `case "$*" in
         'map show') printf '1: prog_array  name a  flags 0x0\\n\\tkey 4B\\n2: hash  name b  flags 0x0\\n30: prog_array  flags 0x0\\n' ;;
         *batch*) echo '[{"command":["map","dump","id","1"],"output":'; exit 1 ;;
         *'id 1') echo '{"error":"gone"}'; exit 1 ;;
         *'id 30') echo '[{"key":["0x00"]}]' ;;
       esac`,
    );
    const { stdout, exit } = await one("bpf.progarrays");
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toEqual([{ command: ["map", "dump", "id", "30"], output: [{ key: ["0x00"] }] }]);
  });
});

describe("bpf.progarrays of a bpftool that ends a whole batch with an error of its own", () => {
  it("asks once and leaves that record out", async () => {
    tool(
      "bpftool",
      `case "$*" in
         'map show') printf '1: prog_array  name a  flags 0x0\\n30: prog_array  flags 0x0\\n' ;;
         *batch*) printf '['
           while read -r _ _ _ id; do printf '{"command":["map","dump","id","%s"],"output":[{"key":["0x00"]}]},' "$id"; done
           echo '{"error":"reading batch file failed: Bad file descriptor"}]'; exit 255 ;;
         *) exit 9 ;;
       esac`,
    );
    const { stdout, stderr, exit } = await one("bpf.progarrays");
    expect({ stderr, exit }).toEqual({ stderr: "", exit: 0 });
    const row = (id: string) => ({ command: ["map", "dump", "id", id], output: [{ key: ["0x00"] }] });
    expect(JSON.parse(stdout)).toEqual([row("1"), row("30")]);
  });
});

describe("k8s.crictl", () => {
  it("lets no annotation through, because they can hold a manifest with its secrets", async () => {
    const pod = {
      items: [
        {
          id: "abc",
          metadata: { name: "api", uid: "1" },
          labels: { app: "api" },
          annotations: {
            "kubectl.kubernetes.io/last-applied-configuration": 'env: "PASSWORD=hunter2"',
            other: "hunter2",
          },
          runtimeHandler: "",
        },
      ],
    };
    const container = { containers: [{ id: "def", labels: {}, annotations: { "io.kubernetes.x": "hunter2" } }] };
    fs.writeFileSync(path.join(tools, "pods.json"), JSON.stringify(pod, null, 2));
    fs.writeFileSync(path.join(tools, "ps.json"), JSON.stringify(container, null, 2));
    tool("crictl", `cat "${tools}/$1.json"`);
    const { stdout } = await one("k8s.crictl");
    expect(stdout).not.toContain("hunter2");
    const [pods = "", ps = ""] = stdout.split("#ps\n");
    expect(JSON.parse(pods)).toEqual({ items: [{ ...pod.items[0], annotations: {} }] });
    expect(JSON.parse(ps)).toEqual({ containers: [{ id: "def", labels: {}, annotations: {} }] });
  });
});

describe("proc sections", () => {
  it("name this process with its binary, namespace and cgroup", async () => {
    const exe = await one("proc.exe");
    expect(exe.stdout.split("\n")).toContain(`/proc/${process.pid}/exe\t${fs.readlinkSync("/proc/self/exe")}`);
    const netns = await one("proc.netns");
    expect(netns.stdout.split("\n")).toContain(`/proc/${process.pid}/ns/net ${fs.statSync("/proc/self/ns/net").ino}`);
    const cgroup = await one("proc.cgroup");
    for (const line of fs.readFileSync("/proc/self/cgroup", "utf8").trim().split("\n")) {
      expect(cgroup.stdout.split("\n")).toContain(`/proc/${process.pid}/cgroup:${line}`);
    }
  });
});

describe("node.tools", () => {
  it("tells a tool that is missing from one that only complains", async () => {
    tool("bpftool", "echo 'WARNING: bpftool not found for kernel 9.9' >&2; exit 2");
    const { stdout, exit } = await one("node.tools");
    expect(exit).toBe(0);
    expect(stdout.split("\n")).toContain(`bpftool\t${tools}/bpftool\tWARNING: bpftool not found for kernel 9.9`);
    expect(stdout.split("\n")).toContain("crictl\t\t");
  });
});
