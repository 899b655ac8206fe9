/** Sections that misbehave, in every shell the script must run in. Needs no BPF. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import type { SectionResult } from "../../electron/core/collect/frames.ts";
import { type Section, sectionSchema } from "../../electron/core/collect/section.ts";
import { collectNode } from "../../electron/host/collect/collect.ts";
import { ChildTransport, shellFolder } from "./collect-transport.ts";
import { until } from "./node/exec.ts";

function section(id: string, command: string, more: Partial<Section> = {}): Section {
  const basis = { id, title: id, why: id, scope: "node", order: 1, needs_root: false, timeout_s: 5, max_bytes: 1000 };
  return sectionSchema.parse({ ...basis, command, ...more });
}

/** The processes whose command line has this word; the kernel's own view, so a zombie does not count. */
function processesWith(word: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(word);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Kills every process of a connection, however many sessions they are in, and those that came meanwhile. */
function killTagged(tag: string): void {
  const left = () =>
    readdirSync("/proc").filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "utf8").includes(`BPFDESK_TAG=${tag}\0`);
      } catch {
        return false;
      }
    });
  for (let pids = left(); pids.length > 0; pids = left()) {
    for (const pid of pids) {
      try {
        process.kill(Number(pid), "SIGKILL");
      } catch {
        // It has ended.
      }
    }
  }
}

const timeless = ({ ms: _, ...rest }: SectionResult) => rest;
const result = (more: Partial<SectionResult>) => ({
  scope: "node",
  exit: 0,
  truncated: false,
  stdout: "",
  stderr: "",
  ...more,
});

const shells = ["/bin/dash", "/bin/bash", "/bin/busybox"].map((program) => ({ program, ...shellFolder(program) }));
afterAll(() => {
  for (const shell of shells) shell.remove();
});

describe.each(shells)("the collector script in $program", ({ program, folder }) => {
  // busybox prefers its own applets to PATH; that is a node's business and must not matter here.
  const transport = () => new ChildTransport({ path: folder });
  const collect = (sections: Section[]) => collectNode(transport(), { sections, bpftool: null });

  it("is really run by that shell", async () => {
    expect(existsSync(program)).toBe(true);
    const { sections } = await collect([section("a.shell", "readlink /proc/$$/exe")]);
    expect(sections[0]?.stdout.trim()).toBe(program === "/bin/busybox" ? "/usr/bin/busybox" : `/usr${program}`);
  });

  it("keeps output, errors and exit code of each section apart, and no section can disturb the next", async () => {
    const { sections, complete } = await collect([
      section("a.both", "echo out; echo err >&2; exit 7"),
      section("a.quotes", `printf '%s\\n' "it's" 'a "b" \\ $x'`),
      section("a.gone", "no-such-tool --version"),
      section("a.state", "set -f; IFS=x; cd /; PATH=; LC_ALL=POSIX; exec 1>&-"),
      section("a.fds", "(echo x >&5) 2>/dev/null || echo closed; (echo x >&8) 2>/dev/null || echo closed"),
      section("a.stdin", "cat; echo end"),
      section("a.syntax", "if then"),
      section("a.last", 'printf "%s " /dev/nul*; printf "[a\\n\\n"'),
    ]);
    expect(complete).toBe(true);
    expect(sections.map(timeless).filter(({ section }) => !/gone|syntax/.test(section))).toEqual([
      result({ section: "a.both", exit: 7, stdout: "out\n", stderr: "err" }),
      result({ section: "a.quotes", stdout: `it's\na "b" \\ $x\n` }),
      result({ section: "a.state" }),
      result({ section: "a.fds", stdout: "closed\nclosed\n" }),
      result({ section: "a.stdin", stdout: "end\n" }),
      result({ section: "a.last", stdout: "/dev/null [a\n\n" }),
    ]);
    expect(sections.find(({ section }) => section === "a.gone")).toMatchObject({
      exit: 127,
      stderr: expect.stringContaining("no-such-tool"),
    });
    expect(sections.find(({ section }) => section === "a.syntax")).toMatchObject({
      exit: 2,
    });
  });

  it("stops a section at its time limit with all it started, however stubborn, and goes on", async () => {
    const word = `4${process.pid}${shells.findIndex((shell) => shell.program === program)}`;
    const hang = `trap '' TERM INT HUP; echo begun; sleep ${word} | sleep ${word}; (sleep ${word}; echo no)`;
    const { sections, complete } = await collect([
      section("a.hang", hang, { timeout_s: 1 }),
      section("a.next", "echo here"),
    ]);
    expect(complete).toBe(true);
    expect(sections.map(timeless)).toEqual([
      result({ section: "a.hang", exit: 124, stdout: "begun\n", stderr: expect.any(String) as string }),
      result({ section: "a.next", stdout: "here\n" }),
    ]);
    expect(sections[0]?.ms).toBeGreaterThanOrEqual(1000);
    expect(processesWith(`sleep\0${word}`)).toEqual([]);
    expect(await until(() => processesWith(word).length === 0, 5_000)).toBe(true);
  });

  it("cuts floods on either stream and says so", async () => {
    const { sections, complete } = await collect([
      section("a.out", "yes 0123456789"),
      section("a.zero", "cat /dev/zero"),
      section("a.err", "echo out; i=0; while [ $i -lt 20000 ]; do echo 0123456789 >&2; i=$((i+1)); done; echo end"),
      section("a.exact", "head -c 1000 /dev/zero | tr '\\0' x"),
    ]);
    expect(complete).toBe(true);
    expect(
      sections.map(({ section, truncated, stdout, stderr }) => [section, truncated, stdout.length, stderr.length]),
    ).toEqual([
      ["a.out", true, 1000, expect.any(Number)],
      ["a.zero", true, 1000, expect.any(Number)],
      ["a.err", false, 8, 4096],
      ["a.exact", false, 1000, 0],
    ]);
    expect(sections[2]?.exit).toBe(0);
  });

  it("hands bytes through that are no text", async () => {
    const { sections } = await collect([section("a.bytes", "printf 'a\\000\\036\\377\\303\\251\\n\\036'")]);
    expect(sections.map(timeless)).toEqual([result({ section: "a.bytes", stdout: "a\0\x1e\ufffdé\n\x1e" })]);
  });

  it("ends with everything it started when its caller goes away", async () => {
    const word = `5${process.pid}${shells.findIndex((shell) => shell.program === program)}`;
    const controller = new AbortController();
    const sections = [
      section("a.one", "echo one"),
      section("a.hang", `trap '' TERM; sleep ${word}`, { timeout_s: 60 }),
    ];
    const running = collectNode(transport(), {
      sections,
      bpftool: null,
      signal: controller.signal,
      onSection: () => controller.abort(),
    });
    await expect(running).rejects.toMatchObject({ data: { code: "cancelled", phase: "collecting", node: "testnode" } });
    expect(await until(() => processesWith(word).length === 0, 10_000)).toBe(true);
  });
});

describe("a node that does not answer as one", () => {
  const one = [section("a.one", "echo one")];

  it("is named with what it said instead, when it runs something else", async () => {
    const forced = new ChildTransport({ prefix: ["sh", "-c", "echo This account is for backups only", "sh"] });
    await expect(collectNode(forced, { sections: one, bpftool: null })).rejects.toMatchObject({
      data: { node: "testnode", hint: expect.stringMatching(/./) as string },
    });
  });

  it("keeps what arrived before the connection was lost", async () => {
    const transport = new ChildTransport();
    const collected = await collectNode(transport, {
      sections: [section("a.one", "echo one"), section("a.two", "echo half; sleep 60", { timeout_s: 60 })],
      bpftool: null,
      onSection: ({ section: id }) => {
        // All of it at once, the guard too, which could still tell of an end otherwise.
        if (id === "a.one") killTagged(transport.tag);
      },
    });
    expect(collected.complete).toBe(false);
    expect(collected.sections.slice(0, 1).map(timeless)).toEqual([result({ section: "a.one", stdout: "one\n" })]);
    for (const cut of collected.sections.slice(1)) expect(cut).toMatchObject({ section: "a.two", exit: null });
  });
});
