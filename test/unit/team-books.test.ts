/** A team's own runbooks: checked on load with file and line, and judged by what a run gathered. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Datapath, Finding } from "../../electron/core/model/types.ts";
import type { Known } from "../../electron/core/runbook/team/check.ts";
import type { Reading, RunbookVerdict, RunState, TraceEvidence } from "../../electron/core/runbook/types.ts";
import { tracerManifest } from "../../electron/core/trace/manifest.ts";
import { bookshelf } from "../../electron/host/runbook/bookshelf.ts";
import { readTeamBook, readTeamBooks } from "../../electron/host/runbook/team-books.ts";

const root = path.resolve(import.meta.dirname, "../..");
const EXAMPLE = path.join(root, "docs/examples/local-drops.yaml");
const example = fs.readFileSync(EXAMPLE, "utf8");
const drops = tracerManifest.parse(parse(fs.readFileSync(path.join(root, "bpf/tracers/drops/tracer.yaml"), "utf8")));
const known: Known = {
  tracers: [drops],
  sections: new Set(["counters.softnet", "counters.netstat"]),
  findings: new Set(["multiple-programs"]),
  books: new Set(["stale-filters"]),
};
const read = (text: string) =>
  readTeamBook(text, "team.yaml", { ...known, books: new Set([...known.books, "local-drops"]) });
const lineOf = (text: string, part: string) => text.slice(0, text.indexOf(part)).split("\n").length;

describe("a file of a team", () => {
  it("is a runbook like any other, the example among them", () => {
    const { book, problems } = read(example);
    expect(problems).toEqual([]);
    expect(book).toMatchObject({ id: "local-drops", inputs: [{ name: "port" }, { name: "seconds" }] });
    expect(book?.steps.map(({ id, kind }) => [id, kind])).toEqual([
      ["picture", "collect"],
      ["watch", "measure"],
      ["judge", "examine"],
    ]);
    const [, watch] = book?.steps ?? [];
    if (watch?.kind !== "measure") throw new Error("it is a measure step");
    expect(watch.plan(stateOf({ inputs: { port: "53", seconds: "7" } }))).toEqual({
      for_s: 7,
      traces: [{ id: "drops", tracer: "drops", params: {} }],
      sections: ["counters.softnet", "counters.netstat"],
    });
  });

  it.each([
    ["a member nobody knows", "when_to_use:", "wen_to_use:", "wen_to_use", /there is no such member/],
    ["a kind of step that is none", "kind: collect", "kind: run", "kind: run", /steps\.0\.kind/],
    [
      "a command to run",
      "    text: For what is attached where.",
      "    text: x\n    command: reboot",
      "command: reboot",
      /steps\.0\.command: there is no such member/,
    ],
    ["a tracer there is not", "tracer: drops", "tracer: dropz", "tracer: dropz", /no tracer "dropz"; there are: drops/],
    [
      "a record there is not",
      "record: flow",
      "record: flows",
      "- records:",
      /no record of drops "flows"; there are: cause, drop, flow/,
    ],
    ["a field there is not", "dport: $port", "port: $port", "- records:", /no field of flow "port"/],
    [
      "a section there is not",
      "[counters.softnet,",
      "[counters.soft,",
      "sections: [counters.soft,",
      /no section "counters.soft"/,
    ],
    [
      "a section that the step does not read",
      "section: counters.netstat",
      "section: counters.snmp",
      "section: counters.snmp",
      /no section read by that step "counters.snmp"/,
    ],
    [
      "an input there is not",
      "to port $port.",
      "to port $prot.",
      "to port $prot.",
      /meaning: there is no input "prot"; there are: port, seconds/,
    ],
    ["a later step", "- id: watch\n", "- id: look\n", "- records:", /no earlier measure or verify step "watch"/],
    [
      "a finding there is not",
      "for_each: { finding: multiple-programs }",
      "for_each: { finding: many }",
      "for_each: { finding: many }",
      /no finding "many"/,
    ],
    ["a runbook there is not", "open: stale-filters", "open: stale", "open: stale\n", /no runbook "stale"/],
    ["a step twice", "id: judge", "id: watch", "id: watch\n    kind: examine", /watch is there twice/],
    [
      "a default that will not do",
      'default: "10"',
      'default: "soon"',
      'default: "soon"',
      /must be a whole number of seconds/,
    ],
    [
      "a change of a thing it is not about",
      "advice: Look at the reasons in the trace's table.",
      "detach: subject\n          text: x",
      "detach: subject",
      /only a verdict that is about a finding/,
    ],
    [
      "two conditions in one",
      "- finding: { id: multiple-programs }",
      "- { finding: { id: multiple-programs }, input: port }",
      "- { finding:",
      /a condition is one of/,
    ],
    ["broken YAML", "symptom: Packets", "symptom: [Packets", "symptom: [Packets", /team\.yaml:\d+: /],
  ])("is refused for %s, naming the line", (_, part, instead, at, message) => {
    expect(example).toContain(part);
    const text = example.replace(part, instead);
    const { book, problems } = read(text);
    expect(book).toBeNull();
    expect(problems.join("\n")).toMatch(message);
    if (!at.startsWith("symptom")) {
      const line = lineOf(text, at);
      expect(problems.map((problem) => problem.split(":")[1])).toContain(String(line));
    }
  });

  it("cannot fill memory by naming itself over and over", () => {
    const lists = Array.from({ length: 9 }, (_, n) => `l${n + 1}: &l${n + 1} [${Array(9).fill(`*l${n}`).join(", ")}]`);
    expect(read(["l0: &l0 [x]", ...lists].join("\n")).problems).toEqual([expect.stringContaining("alias")]);
  });
});

describe("a folder of a team", () => {
  let dir: string;
  beforeEach(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-books-"));
  });
  afterEach(() => fs.rmSync(dir, { recursive: true }));
  const write = (name: string, text: string) => fs.writeFileSync(path.join(dir, name), text);

  it("gives what can be used and says of the rest why not", async () => {
    write("a.yaml", example);
    write("b.yml", example);
    write("c.yaml", example.replace("id: local-drops", "id: stale-filters"));
    write("d.yaml", "id: [");
    write("f.yaml", "id: half-done\ntitle: x\n");
    write("g.yaml", "#".repeat(65 * 1024));
    write("notes.txt", "x");
    fs.mkdirSync(path.join(dir, "e.yaml"));
    const all = await readTeamBooks(dir, known);
    expect(all.map(({ file, id, book, problems }) => [path.basename(file), id, book !== null, problems])).toEqual([
      ["a.yaml", "local-drops", true, []],
      ["b.yml", "b.yml", false, [expect.stringMatching(/b\.yml:3: id: there is a runbook "local-drops" already/)]],
      ["c.yaml", "c.yaml", false, [expect.stringMatching(/c\.yaml:3: id: there is a runbook "stale-filters" already/)]],
      ["d.yaml", "d.yaml", false, expect.arrayContaining([expect.stringMatching(/d\.yaml:1: /)])],
      ["e.yaml", "e.yaml", false, [expect.stringMatching(/it is no file/)]],
      ["f.yaml", "half-done", false, expect.arrayContaining([expect.stringMatching(/f\.yaml:1: symptom: /)])],
      ["g.yaml", "g.yaml", false, [expect.stringMatching(/larger than 64 KiB/)]],
    ]);
  });

  it("that is not there is said, and costs none of those that ship", async () => {
    const options = { resourcesDir: path.join(root, "resources"), books: [] };
    const shelf = await bookshelf({ ...options, folder: path.join(dir, "none") });
    expect(shelf).toMatchObject([{ book: null, problems: [expect.stringContaining("cannot be read")] }]);
    expect(await bookshelf({ ...options, folder: null })).toEqual([]);
  });
});

describe("what a team's runbook concludes", () => {
  const { book } = read(example);
  const judge = (state: Partial<RunState>) => {
    const step = book?.steps.find(({ id }) => id === "judge");
    if (step?.kind !== "examine") throw new Error("it is an examine step");
    return new Map(step.examine(stateOf(state)).map((one): [string, RunbookVerdict] => [one.id, one]));
  };

  it("rests on the records and counters it names, with where they are from", () => {
    const verdicts = judge({
      traces: { watch: { drops: trace([flow(443, 3), flow(443, 4), flow(80, 9)]) } },
      readings: readings([5, 1], [5, 4]),
    });
    expect(verdicts.get("dropped-here")).toMatchObject({
      verdict: "likely",
      subject: "packets to port 443",
      meaning: "The kernel of this node drops packets to port 443.",
      evidence: [
        {
          text: "flow records of drops with dport 443: packets 7 together",
          source: { kind: "trace", trace_id: "t1", record: "flow", filter: "dport=443" },
        },
      ],
      proposal: { kind: "advice" },
    });
    expect(verdicts.get("backlog")).toMatchObject({
      verdict: "confirmed",
      evidence: [
        { text: "dropped of counters.softnet: from 6 to 9 in 10 s", source: { kind: "command", command_id: "after" } },
      ],
    });
  });

  it("rules out what was looked at whole and is not so, and says nothing where it was told to say nothing", () => {
    const verdicts = judge({
      traces: { watch: { drops: trace([flow(80, 9)]) } },
      readings: readings([5], [5], "0", "0"),
    });
    expect(verdicts.get("dropped-here")).toMatchObject({ verdict: "ruled_out", proposal: null });
    expect(verdicts.get("backlog")).toMatchObject({ verdict: "ruled_out" });
    expect(verdicts.has("listen")).toBe(false);
  });

  it.each([
    ["a tracer that could not run", { traces: { watch: { drops: refused } } }, /needs root/],
    [
      "records that were lost",
      { traces: { watch: { drops: { ...trace([]), summary: { lost: 4, evicted: 0, thinned: 0 } as never } } } },
      /4 more were lost/,
    ],
    [
      "a tracer that was ended before its time",
      { traces: { watch: { drops: { ...trace([]), summary: { ...whole, ended: "budget" } as never } } } },
      /ended early \(budget\)/,
    ],
    [
      "a tracer that did not tell its totals",
      { traces: { watch: { drops: { ...trace([]), summary: null } } } },
      /without telling its totals/,
    ],
    [
      "numbers that are not known",
      { traces: { watch: { drops: trace([{ dport: 443, packets: null }]) } } },
      /they have no such number/,
    ],
    ["a step that was left out", { left_out: { watch: "It was not wished." } }, /It was not wished/],
  ])("cannot tell with %s, and says what is missing", (_, state, missing) => {
    const verdict = judge(state).get("dropped-here");
    expect(verdict).toMatchObject({ verdict: "cannot_tell", proposal: null });
    expect(verdict?.missing.join(" ")).toMatch(missing);
  });

  it("cannot tell from a counter that was set back, or from rows that are not there", () => {
    expect(judge({ readings: readings([9], [1]) }).get("backlog")).toMatchObject({ verdict: "cannot_tell" });
    expect(judge({ readings: readings([1], [1], null, null) }).get("listen")).toMatchObject({ verdict: "cannot_tell" });
  });

  it("cannot tell from a section that was read in part", () => {
    const part = (which: "before" | "after", problem = "Its output was cut.") => {
      const { watch } = readings([5], [5]);
      if (!watch) throw new Error("it was read");
      return { readings: { watch: { ...watch, [which]: watch[which].map((one) => ({ ...one, problem })) } } };
    };
    for (const which of ["before", "after"] as const) {
      const verdict = judge(part(which)).get("backlog");
      expect(verdict).toMatchObject({ verdict: "cannot_tell" });
      expect(verdict?.missing.join(" ")).toContain("Its output was cut.");
    }
  });

  it("knows no share of records of which some are missing", () => {
    const sum = "where: { dport: $port }, sum: packets, at_least: 1";
    const made = read(example.replace(sum, "share: { dport: $port }, at_least: 0.5"));
    expect(made.problems).toEqual([]);
    const step = made.book?.steps.find(({ id }) => id === "judge");
    if (step?.kind !== "examine") throw new Error("it is an examine step");
    const of = (drops: TraceEvidence) =>
      step.examine(stateOf({ traces: { watch: { drops } } })).find(({ id }) => id === "dropped-here")?.verdict;
    const flows = [flow(443, 1), flow(80, 1)];
    expect(of(trace(flows))).toBe("likely");
    expect(of({ ...trace(flows), summary: { ...whole, lost: 1000 } as never })).toBe("cannot_tell");
  });

  it("does not take what could not be seen for what is not there", () => {
    const made = read(
      example.replace("- finding: { id: multiple-programs }", "- finding: { id: multiple-programs, at_most: 3 }"),
    );
    const step = made.book?.steps.find(({ id }) => id === "judge");
    if (step?.kind !== "examine") throw new Error("it is an examine step");
    const of = (node: object, sections: object[]) => {
      const datapath = { findings: [finding("lxc1")], interfaces: [iface("lxc1")], pods: [], node, sections };
      const verdicts = step.examine(stateOf({ datapath: datapath as unknown as Datapath }));
      return verdicts.find(({ id }) => id.startsWith("two"))?.verdict;
    };
    expect(of({ root: true }, [{ section: "tc.filter", ok: true }])).toBe("likely");
    expect(of({ root: true }, [{ section: "tc.filter", ok: false }])).toBe("cannot_tell");
    expect(of({ root: false, user: "ops" }, [])).toBe("cannot_tell");
  });

  it("is said once for each finding, of the thing it is about", () => {
    const datapath = {
      findings: [finding("lxc1"), finding("lxc2")],
      interfaces: [iface("lxc1"), iface("lxc2")],
      pods: [],
    };
    const verdicts = judge({ datapath: datapath as unknown as Datapath });
    expect([...verdicts.keys()].filter((id) => id.startsWith("two"))).toEqual([
      "two-programs:if:lxc1",
      "two-programs:if:lxc2",
    ]);
    expect(verdicts.get("two-programs:if:lxc2")).toMatchObject({
      subject: "lxc2 egress",
      subject_key: "if:lxc2",
      proposal: { kind: "open", book: "stale-filters", inputs: { interface: "lxc2" } },
    });
  });

  it("has no way to approve anything: what it proposes is for a person", () => {
    const text = example.replace(
      /proposal:\n {10}open: stale-filters\n.*\n.*\n/,
      "proposal: { detach: subject, text: Take it off. }\n",
    );
    const made = read(text);
    expect(made.problems).toEqual([]);
    const step = made.book?.steps.find(({ id }) => id === "judge");
    if (step?.kind !== "examine") throw new Error("it is an examine step");
    const datapath = { findings: [finding("lxc1")], interfaces: [iface("lxc1")], pods: [], programs: [] };
    const verdict = step
      .examine(stateOf({ datapath: datapath as unknown as Datapath }))
      .find(({ id }) => id.startsWith("two"));
    // An interface is no attachment: there is nothing that could be planned.
    expect(verdict?.proposal).toMatchObject({ kind: "advice", text: expect.stringContaining("Take it off.") });
  });
});

function stateOf(more: Partial<RunState>): RunState {
  return {
    ...{ node: { name: "n1", label: "node-1", root: true }, started_at: 0, inputs: { port: "443", seconds: "10" } },
    ...{
      datapath: null,
      previous: null,
      collect_command_id: null,
      traces: {},
      readings: {},
      answers: {},
      left_out: {},
    },
    ...{ changes: [], verdicts: [] },
    ...more,
  };
}
const whole = { ended: "time", lost: 0, evicted: 0, thinned: 0 };
const flow = (dport: number, packets: number) => ({ dport, packets });
function trace(flows: Record<string, unknown>[]): TraceEvidence {
  const schema = { record: "schema" } as never;
  const summary = whole as never;
  return {
    trace_id: "t1",
    tracer: "drops",
    schema,
    summary,
    error: null,
    records: { flow: flows },
    dropped: { flow: 0 },
  };
}
const refused: TraceEvidence = {
  ...trace([]),
  ...{ trace_id: "", schema: null, summary: null },
  error: { code: "no-root", message: "A tracer needs root.", hint: "" },
};
function readings(
  before: number[],
  after: number[],
  listen: string | null = "0",
  later: string | null = "0",
): RunState["readings"] {
  const of = (drops: number[], overflows: string | null, command_id: string): Reading[] => [
    {
      section: "counters.softnet",
      scope: "node",
      command_id,
      facts: drops.map((dropped) => ({ dropped })),
      problem: null,
    },
    {
      ...{ section: "counters.netstat", scope: "node", command_id, problem: null },
      facts: overflows === null ? [] : [{ group: "TcpExt", name: "ListenOverflows", value: overflows }],
    },
  ];
  return { watch: { before: of(before, listen, "before"), after: of(after, later, "after"), for_s: 10 } };
}
const iface = (name: string) => ({ key: `if:${name}`, name, hooks: [], pod: null });
const finding = (name: string): Finding => ({
  ...{ id: "multiple-programs", severity: "warning", subject: `if:${name}`, subject_name: `${name} egress` },
  ...{ evidence: [], meaning: "", related: [] },
});
