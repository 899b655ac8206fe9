/** What leaves bpfdesk of a run: JSON, report, comparison. Whatever a node says stays text. */
import { describe, expect, it } from "vitest";
import type { AttachmentRef, ChangePlan } from "../change/types.ts";
import type { RunbookRunState } from "../journal/runbooks.ts";
import type { emptySession } from "../journal/state.ts";
import { compareVerdicts, earlierRun, earlierVerdicts } from "./compare.ts";
import { exportRun, foundSomething } from "./export.ts";
import { markdownReport } from "./report.ts";
import type { RunbookVerdict } from "./types.ts";

const HOSTILE = "\x1b[2J\n# owned <script>alert(1)</script> [x](javascript:1) ```\u202e| `rm -rf`";

const attachment: AttachmentRef = {
  ...{ entry: "if:1:3:tc_egress:1", mechanism: "clsact", direction: "egress", ifname: "lxc1", ifindex: 3, netns: "1" },
  ...{ prog_id: 7, prog_name: "old" },
};
const plan = {
  ...{
    plan_id: "p1",
    node: "n1",
    attachment,
    command: "bpfdesk-change detach",
    by_hand: "tc filter del",
    confirm: "lxc1",
  },
  affects: { hook: "lxc1 egress", pod: "shop/cart", remains: ["new"], packets_per_s: 3 },
  ...{ owner: { text: "cilium", will_probably: "nothing" }, risks: [{ code: "last-enforcing", text: "A risk." }] },
  ...{ undo: "It is put back.", verification: "The chain.", lease_s: 30 },
} as ChangePlan;
const verdict = (id: string, more: Partial<RunbookVerdict> = {}): RunbookVerdict => ({
  ...{ id, subject: `subject ${id}`, subject_key: "k", verdict: "likely", kind: "active-conflict" },
  ...{ evidence: [], meaning: "What it means.", missing: [], proposal: null },
  ...more,
});
const run = (more: Partial<RunbookRunState> = {}): RunbookRunState => ({
  ...{ run_id: "r1", node: "n1", book: "stale-filters", inputs: { seconds: "5" }, batch: null, started_at: 0 },
  ...{
    ended_at: 1,
    state: "ended",
    steps: [],
    question: null,
    verdicts: [],
    paused: null,
    outcome: "finished",
    error: null,
  },
  ...more,
});
const command = (command_id: string, shell_line: string) => ({
  ...{ command_id, node: "n1", text: "x", shell_line, host: "h", user: "root", root: true, purpose: "Read" },
  ...{ started_at: 0, ended_at: 1, exit: 0, signal: null, stdout_bytes: 0, stderr_bytes: 0, error: null },
});
const session = {
  commands: [
    command("c1", "ssh node tc -s qdisc"),
    command("c2", "ssh node tracer"),
    command("c3", "not named"),
    command("c4", "ssh node sh"),
  ],
  collections: { k1: "c4" },
  traces: [{ ...({} as (typeof emptySession.traces)[number]), trace_id: "t1", command_id: "c2" }],
};

describe("a run that is exported", () => {
  it("has the verdicts with the commands they rest on, and the plan of what could be done", () => {
    const verdicts = [
      verdict("a", {
        evidence: [
          { text: "3 drops", source: { kind: "command", command_id: "c1" } },
          {
            text: "all of one program",
            source: { kind: "trace", trace_id: "t1", record: "program", filter: "prog_id=7" },
          },
          { text: "seen", source: { kind: "thing", key: "prog:7" } },
        ],
        proposal: { kind: "detach", attachment, text: "Take it off." },
      }),
    ];
    const steps: RunbookRunState["steps"] = [
      {
        ...{ step: "watch", state: "skipped", started_at: 0, ended_at: 0, traces: {}, for_s: null },
        result: { kind: "skipped", why: "Nothing to watch." },
      },
      {
        ...{ step: "collect", state: "done", started_at: 0, ended_at: 0, traces: {}, for_s: null },
        result: { kind: "collected", collect_id: "k1", reading: null },
      },
    ];
    const plans = new Map([[attachment.entry, plan]]);
    expect(exportRun(run({ verdicts, steps }), session, { target: "node-1", plans })).toEqual({
      ...{ runbook: "stale-filters", target: "node-1", outcome: "finished", inputs: { seconds: "5" } },
      verdicts: [
        {
          ...{ id: "a", subject: "subject a", verdict: "likely", kind: "active-conflict", meaning: "What it means." },
          ...{ evidence: verdicts[0]?.evidence, missing: [] },
          proposal: { kind: "detach", attachment, text: "Take it off.", plan, problem: null },
        },
      ],
      left_out: [{ step: "watch", why: "Nothing to watch." }],
      collected_by: ["c4"],
      commands: {
        c4: { purpose: "Read", shell_line: "ssh node sh", exit: 0 },
        c1: { purpose: "Read", shell_line: "ssh node tc -s qdisc", exit: 0 },
        t1: { purpose: "Read", shell_line: "ssh node tracer", exit: 0 },
      },
    });
  });

  it("names in a report what the picture was read from", () => {
    const verdicts = [verdict("a", { evidence: [{ text: "pref 1", source: { kind: "thing", key: "k" } }] })];
    const steps: RunbookRunState["steps"] = [
      {
        ...{ step: "collect", state: "done", started_at: 0, ended_at: 0, traces: {}, for_s: null },
        result: { kind: "collected", collect_id: "k1", reading: null },
      },
    ];
    const head = { title: "Stale filters", symptom: "It times out.", version: "1.0", at: 0 };
    const report = markdownReport(head, [exportRun(run({ verdicts, steps }), session, { target: "node-1" })]);
    expect(report).toContain("- pref 1 \\[c4\\]");
    expect(report).toContain("**c4** Read, exit code 0");
  });

  it("says why there is no plan, and that it did not come to its end", () => {
    const verdicts = [verdict("a", { proposal: { kind: "detach", attachment, text: "Take it off." } })];
    const plans = new Map([[attachment.entry, "It needs root."]]);
    expect(exportRun(run({ verdicts, outcome: null, state: "paused" }), session, { target: "x", plans })).toMatchObject(
      {
        outcome: "paused",
        verdicts: [{ proposal: { plan: null, problem: "It needs root." } }],
      },
    );
  });

  it("counts as found only what is confirmed or likely", () => {
    expect(foundSomething([verdict("a", { verdict: "ruled_out" }), verdict("b", { verdict: "cannot_tell" })])).toBe(
      false,
    );
    expect(foundSomething([verdict("a", { verdict: "ruled_out" }), verdict("b")])).toBe(true);
  });
});

describe("a report", () => {
  const head = { title: "Stale filters", symptom: "It times out.", version: "1.0", at: 0 };

  it("reads worst first, each with what it rests on, what could be done and what was run", () => {
    const verdicts = [
      verdict("b", { verdict: "ruled_out" }),
      verdict("c", { verdict: "cannot_tell", missing: ["BTF"] }),
      verdict("a", {
        verdict: "confirmed",
        evidence: [{ text: "3 drops", source: { kind: "command", command_id: "c1" } }],
        proposal: { kind: "detach", attachment, text: "Take it off." },
      }),
    ];
    const exported = exportRun(run({ verdicts }), session, {
      target: "node-1",
      plans: new Map([[attachment.entry, plan]]),
    });
    expect(markdownReport(head, [exported, { target: "node-2", error: "no route" }])).toBe(`# Stale filters

> It times out.

1970-01-01T00:00:00.000Z, bpfdesk 1.0.

## Summary

- node-1: 1 confirmed, 1 cannot tell, 1 ruled out (active-conflict)
- node-2: it could not be looked at: no route

## node-1

Inputs: seconds 5.

### Confirmed: subject a

What it means. (active-conflict)

- 3 drops \\[c1\\]

Proposal: Take it off.

\`\`\`text
bpfdesk-change detach
\`\`\`

- Plan: p1
- Affects: lxc1 egress, pod shop/cart
- Owner: cilium; nothing
- Risk: A risk.
- Undo: It is put back.
- Verification: The chain.

### Cannot tell: subject c

What it means. (active-conflict)

What would tell:

- BTF

### Ruled out: subject b

What it means. (active-conflict)

### Commands

**c1** Read, exit code 0

\`\`\`text
ssh node tc -s qdisc
\`\`\`

## node-2

It could not be looked at: no route
`);
  });

  it("shows hostile words of a node and obeys none of them, wherever they stand", () => {
    const verdicts = [
      verdict("a", {
        ...{ subject: HOSTILE, kind: HOSTILE, meaning: HOSTILE, missing: [HOSTILE] },
        evidence: [
          { text: HOSTILE, source: { kind: "command", command_id: "c9" } },
          { text: HOSTILE, source: { kind: "trace", trace_id: HOSTILE, record: HOSTILE, filter: HOSTILE } },
          { text: HOSTILE, source: { kind: "answer", step: HOSTILE } },
        ],
        proposal: { kind: "open", book: HOSTILE, inputs: { [HOSTILE]: HOSTILE }, text: HOSTILE },
      }),
      verdict("b", { proposal: { kind: "detach", attachment, text: HOSTILE } }),
    ];
    const hostilePlan = JSON.parse(JSON.stringify(plan), (_, value) => (typeof value === "string" ? HOSTILE : value));
    const exported = exportRun(
      run({ verdicts, inputs: { [HOSTILE]: HOSTILE } }),
      { ...session, commands: [{ ...command("c9", HOSTILE), purpose: HOSTILE }] },
      { target: HOSTILE, plans: new Map([[attachment.entry, hostilePlan]]) },
    );
    const compared = compareVerdicts([verdict("x", { subject: HOSTILE, kind: HOSTILE })], verdicts);
    const report = markdownReport(head, [
      { ...exported, compared },
      { target: HOSTILE, error: HOSTILE },
    ]);
    expect(report).not.toMatch(/[\x1b\u202e]/);
    // Outside blocks of code, whose fences its own backticks cannot close.
    const fences = [...report.matchAll(/^(`{3,})(text)?$/gm)];
    expect(fences.map(([, , info]) => info)).toEqual(fences.map((_, at) => (at % 2 === 0 ? "text" : undefined)));
    const outside = report.replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, "").replace(/^> /m, "");
    expect(outside).not.toMatch(/(?<!\\)[<>[\]`|]/);
    expect(
      outside
        .split("\n")
        .filter((line) => line.startsWith("#"))
        .every((line) => /^#{1,3} /.test(line)),
    ).toBe(true);
    expect(outside).not.toMatch(/^# owned/m);
  });
});

describe("two runs", () => {
  it("are compared by their verdicts' ids: new, gone, judged differently", () => {
    const before = [verdict("same"), verdict("gone"), verdict("changed", { verdict: "confirmed" })];
    const after = [verdict("new"), verdict("same", { evidence: [] }), verdict("changed", { verdict: "ruled_out" })];
    expect(compareVerdicts(before, after)).toEqual({
      appeared: [{ id: "new", subject: "subject new", verdict: "likely", kind: "active-conflict" }],
      gone: [{ id: "gone", subject: "subject gone", verdict: "likely", kind: "active-conflict" }],
      changed: [
        {
          ...{ id: "changed", subject: "subject changed" },
          before: { verdict: "confirmed", kind: "active-conflict" },
          after: { verdict: "ruled_out", kind: "active-conflict" },
        },
      ],
      same: 1,
    });
  });

  it("are comparable when they are of the same node, book and inputs, and the earlier came to its end", () => {
    const now = run({ run_id: "now" });
    const others = [
      run({ run_id: "good" }),
      run({ run_id: "other-node", node: "n2" }),
      run({ run_id: "other-book", book: "dns" }),
      run({ run_id: "other-inputs", inputs: {} }),
      run({ run_id: "stopped", outcome: "stopped" }),
    ];
    expect(earlierRun([...others, now, run({ run_id: "later" })], now)?.run_id).toBe("good");
    expect(earlierRun([now], now)).toBeNull();
  });

  it("are read back from what was printed, of one target and of several, and nothing else is", () => {
    const exported = exportRun(run({ verdicts: [verdict("a")] }), session, { target: "node-1" });
    const printed: unknown = JSON.parse(JSON.stringify(exported));
    expect([...earlierVerdicts(printed).keys()]).toEqual(["node-1"]);
    expect([...earlierVerdicts({ nodes: { x: printed, y: { error: { code: "e" } } } }).keys()]).toEqual(["x"]);
    expect(earlierVerdicts(printed).get("node-1")).toMatchObject([{ id: "a", verdict: "likely" }]);
    expect(() => earlierVerdicts({ findings: [] })).toThrow();
  });
});
