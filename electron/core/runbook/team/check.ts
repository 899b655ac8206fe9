/**
 * Whether what a team's runbook names is there: inputs, earlier steps and what they gather, tracers with their parameters
 * and records, sections, findings, other runbooks. Each problem is told with where in the file it is.
 */
import { BpfdeskError } from "../../errors.ts";
import type { TracerManifest } from "../../trace/manifest.ts";
import { validateParams } from "../../trace/params.ts";
import { checkInputs } from "../inputs.ts";
import type { Condition, RecordsCondition, RowsCondition, TeamBook, TeamStep, TeamVerdict } from "./schema.ts";
import { namesIn } from "./template.ts";

export interface Problem {
  /** Where in the file, from the top. */
  path: (string | number)[];
  message: string;
}

/** What a runbook can name. */
export interface Known {
  tracers: readonly TracerManifest[];
  /** Ids of the collector's sections. */
  sections: ReadonlySet<string>;
  /** Ids of the rules of findings. */
  findings: ReadonlySet<string>;
  /** Ids of runbooks, this one included. */
  books: ReadonlySet<string>;
}

/** What stands for the thing a finding is about, beside the inputs. */
const OF_FINDING = ["subject", "ifname", "pod"];
/** What the host joins to records that have a cgroup, or an interface's index. */
const JOINED = ["pod", "container", "ifname"];

type Path = Problem["path"];

export function checkBook(book: TeamBook, known: Known): Problem[] {
  const problems: Problem[] = [];
  const inputs = new Set(book.inputs.map(({ name }) => name));
  const add = (path: Path, message: string) => problems.push({ path, message });

  function unique(path: Path, ids: readonly string[], member: string): void {
    each(ids, (id, at) => {
      if (ids.indexOf(id) < at) add([...path, at, member], `${id} is there twice`);
    });
  }
  function mustBe(path: Path, what: string, name: string, all: ReadonlySet<string>): boolean {
    if (all.has(name)) return true;
    const list = [...all].sort();
    const shown = list.length > 40 ? "" : `; there are: ${list.join(", ") || "none"}`;
    add(path, `there is no ${what} ${JSON.stringify(name)}${shown}`);
    return false;
  }
  function templates(path: Path, value: unknown, more: readonly string[] = []): void {
    if (typeof value === "string") {
      for (const name of namesIn(value)) mustBe(path, "input", name, new Set([...inputs, ...more]));
    } else if (Array.isArray(value)) each(value, (one, at) => templates([...path, at], one, more));
    else if (typeof value === "object" && value !== null) {
      for (const [name, one] of Object.entries(value)) templates([...path, name], one, more);
    }
  }

  /** Steps that come before, by id. */
  const before = new Map<string, TeamStep>();

  function condition(path: Path, one: Condition, more: readonly string[]): void {
    if ("input" in one) mustBe([...path, "input"], "input", one.input, inputs);
    else if ("finding" in one) mustBe([...path, "finding", "id"], "finding", one.finding.id, known.findings);
    else if ("answer" in one) answerOf([...path, "answer"], one.answer);
    else if ("records" in one) recordsOf([...path, "records"], one.records, more);
    else rowsOf([...path, "rows"], one.rows, more);
  }

  function answerOf(path: Path, { step, is }: { step: string; is: string }): void {
    const asked = earlier([...path, "step"], step, ["ask"]);
    if (asked?.kind !== "ask" || asked.answers.length === 0) return;
    mustBe([...path, "is"], "answer", is, new Set(asked.answers.map(({ id }) => id)));
  }

  function earlier(path: Path, id: string, kinds: readonly TeamStep["kind"][]): TeamStep | undefined {
    const of = [...before.values()].filter(({ kind }) => kinds.includes(kind)).map((step) => step.id);
    return mustBe(path, `earlier ${kinds.join(" or ")} step`, id, new Set(of)) ? before.get(id) : undefined;
  }

  function recordsOf(path: Path, one: RecordsCondition, more: readonly string[]): void {
    templates([...path, "where"], one.where, more);
    templates([...path, "share"], one.share, more);
    const step = earlier([...path, "step"], one.step, ["measure", "verify"]);
    if (step?.kind !== "measure" && step?.kind !== "verify") return;
    const ids = new Set(step.traces.map(({ id }) => id));
    if (!mustBe([...path, "trace"], "trace of that step", one.trace, ids)) return;
    const tracer = step.traces.find(({ id }) => id === one.trace)?.tracer;
    const manifest = known.tracers.find(({ name }) => name === tracer);
    if (!manifest) return;
    const record = manifest.records[one.record];
    if (!mustBe([...path, "record"], `record of ${tracer}`, one.record, new Set(Object.keys(manifest.records)))) return;
    const fields = new Set([...(record?.fields ?? []).map(({ name }) => name), ...JOINED]);
    for (const part of ["where", "share"] as const) {
      for (const name of Object.keys(one[part] ?? {}))
        mustBe([...path, part, name], `field of ${one.record}`, name, fields);
    }
    if (one.sum !== undefined) mustBe([...path, "sum"], `field of ${one.record}`, one.sum, fields);
    if (one.sum !== undefined && one.share !== undefined) add([...path, "share"], "it is a sum or a share, not both");
  }

  function rowsOf(path: Path, one: RowsCondition, more: readonly string[]): void {
    templates([...path, "where"], one.where, more);
    const step = earlier([...path, "step"], one.step, ["collect", "measure", "verify"]);
    if (step && "sections" in step) {
      mustBe([...path, "section"], "section read by that step", one.section, new Set(step.sections));
    }
    if (step?.kind === "collect" && one.of !== "value") {
      add([...path, "of"], `${one.step} reads it once: only its value is known (of: value)`);
    }
  }

  function verdict(path: Path, one: TeamVerdict): void {
    const more = one.for_each ? OF_FINDING : [];
    if (one.for_each) mustBe([...path, "for_each", "finding"], "finding", one.for_each.finding, known.findings);
    for (const part of ["subject", "meaning", "otherwise"] as const) templates([...path, part], one[part], more);
    templates([...path, "proposal"], one.proposal, more);
    each(one.when, (of, at) => condition([...path, "when", at], of, more));
    if (one.proposal && "open" in one.proposal) {
      mustBe([...path, "proposal", "open"], "runbook", one.proposal.open, known.books);
    }
    if (one.proposal && "detach" in one.proposal && !one.for_each) {
      add([...path, "proposal", "detach"], "only a verdict that is about a finding (for_each) has a subject to detach");
    }
  }

  function step(path: Path, one: TeamStep): void {
    each(one.when ?? [], (of, at) => condition([...path, "when", at], of, []));
    if ("sections" in one) {
      each(one.sections, (name, at) => mustBe([...path, "sections", at], "section", name, known.sections));
    }
    if (one.kind === "ask") {
      templates([...path, "question"], one.question);
      unique(
        [...path, "answers"],
        one.answers.map(({ id }) => id),
        "id",
      );
    }
    if (one.kind === "measure" || one.kind === "verify") {
      templates([...path, "for_s"], one.for_s);
      unique(
        [...path, "traces"],
        one.traces.map(({ id }) => id),
        "id",
      );
      each(one.traces, (trace, at) => traceOf([...path, "traces", at], trace));
    }
    // What a verify step measures is there for its own verdicts.
    if (one.kind === "verify") before.set(one.id, one);
    if ("verdicts" in one) {
      unique(
        [...path, "verdicts"],
        one.verdicts.map(({ id }) => id),
        "id",
      );
      each(one.verdicts, (of, at) => verdict([...path, "verdicts", at], of));
    }
  }

  function traceOf(
    path: Path,
    { tracer, params }: { tracer: string; params: Record<string, string | number | boolean> },
  ) {
    templates([...path, "params"], params);
    const manifest = known.tracers.find(({ name }) => name === tracer);
    // An installation without tracers says so when one is run.
    if (known.tracers.length === 0) return;
    if (!mustBe([...path, "tracer"], "tracer", tracer, new Set(known.tracers.map(({ name }) => name)))) return;
    if (!manifest) return;
    const names = new Set(manifest.params.map(({ name }) => name));
    for (const [name, value] of Object.entries(params)) {
      if (!mustBe([...path, "params", name], `parameter of ${tracer}`, name, names)) continue;
      // What an input will be is checked when it is known.
      if (namesIn(String(value)).length > 0) continue;
      const alone = { ...manifest, params: manifest.params.map((param) => ({ ...param, required: false })) };
      const wrong = messageOf(() => validateParams(alone, { [name]: String(value) }));
      if (wrong !== null) add([...path, "params", name], wrong);
    }
    for (const { name, required } of manifest.params) {
      if (required && !Object.hasOwn(params, name)) add([...path, "params"], `${tracer} must be given ${name}`);
    }
  }

  unique(
    ["inputs"],
    book.inputs.map(({ name }) => name),
    "name",
  );
  unique(
    ["steps"],
    book.steps.map(({ id }) => id),
    "id",
  );
  each(book.inputs, (input, at) => {
    if (input.default === undefined) return;
    const { default: value, ...rest } = input;
    const wrong = messageOf(() => checkInputs({ id: book.id, inputs: [rest] }, { [input.name]: value }));
    if (wrong !== null) add(["inputs", at, "default"], wrong);
  });
  each(book.suggested_by, ({ finding, inputs: given }, at) => {
    const path = ["suggested_by", at];
    mustBe([...path, "finding"], "finding", finding, known.findings);
    for (const name of Object.keys(given)) mustBe([...path, "inputs", name], "input", name, inputs);
    for (const [name, value] of Object.entries(given)) {
      if (value.startsWith("$")) mustBe([...path, "inputs", name], "name", value.slice(1), new Set(OF_FINDING));
    }
  });
  each(book.steps, (one, at) => {
    step(["steps", at], one);
    before.set(one.id, one);
  });
  return problems;
}

function each<T>(all: readonly T[], visit: (one: T, at: number) => unknown): void {
  for (const [at, one] of all.entries()) visit(one, at);
}

function messageOf(check: () => unknown): string | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof BpfdeskError) return error.data.message;
    throw error;
  }
}
