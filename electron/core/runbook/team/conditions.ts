/**
 * Conditions of a team's runbook over what a run has gathered. A condition holds, does not hold, or cannot be told;
 * whichever it is, the numbers it was judged by are given with where they are from.
 */
import type { Datapath } from "../../model/types.ts";
import type { Evidence, Reading, RunState, TraceEvidence } from "../types.ts";
import type { Bounds, Condition, RecordsCondition, RowsCondition, Where } from "./schema.ts";
import { filled, type Words } from "./template.ts";

export interface Judged {
  /** Null: it cannot be told; `missing` says why. */
  holds: boolean | null;
  evidence: Evidence[];
  missing: string[];
}

/** All of them: one that does not hold decides, also where others cannot be told. */
export function judgeAll(conditions: readonly Condition[], state: RunState, words: Words): Judged {
  const all = conditions.map((one) => judge(one, state, words));
  const holds = all.some((one) => one.holds === false) ? false : all.every((one) => one.holds === true) ? true : null;
  return {
    holds,
    evidence: all.flatMap((one) => one.evidence),
    missing: all.flatMap((one) => one.missing),
  };
}

function judge(condition: Condition, state: RunState, words: Words): Judged {
  if ("records" in condition) return judgeRecords(condition.records, state, words);
  if ("rows" in condition) return judgeRows(condition.rows, state, words);
  if ("finding" in condition) return judgeFindings(condition.finding, state.datapath);
  if ("answer" in condition) {
    const { step, is } = condition.answer;
    const said = state.answers[step];
    if (said === undefined) return unknown(`The answer to ${step}: ${state.left_out[step] ?? "it was not asked"}`);
    return told(said === is, `answered in ${step}: ${said}`, { kind: "answer", step });
  }
  return { holds: (state.inputs[condition.input] ?? "") !== "", evidence: [], missing: [] };
}

function judgeRecords(condition: RecordsCondition, state: RunState, words: Words): Judged {
  const { step, trace, record, sum, share } = condition;
  const found = state.traces[step]?.[trace];
  const why = whyNoTrace(found, state.left_out[step]);
  if (!found || why !== null) return unknown(`Records of ${trace} in ${step}: ${why}`);
  const matching = rowsWhere(found.records[record] ?? [], condition.where, words);
  const among = share === undefined ? matching : rowsWhere(matching, share, words);
  const source: Evidence["source"] = {
    kind: "trace",
    trace_id: found.trace_id,
    record,
    filter: filterOf({ ...condition.where, ...share }, words),
  };
  const what = `${record} records of ${found.tracer}${inWords(condition.where, words)}`;
  if (share !== undefined) {
    if (matching.length === 0) return unknown(`A share of ${what}: there were none.`);
    const value = among.length / matching.length;
    const text = `${among.length} of ${matching.length} ${what} have${inWords(share, words)} (${percent(value)})`;
    const more = whyMore(found, record);
    const judged = bounded(value, condition, text, source, more);
    // Those that are not there may be of either kind: no bound of a share holds for certain.
    return more === null ? judged : { ...judged, holds: null, missing: [allOf(more)] };
  }
  const value = sum === undefined ? matching.length : total(matching, sum);
  if (value === null) return unknown(`The sum of ${sum} over ${what}: they have no such number.`);
  const text = sum === undefined ? `${value} ${what}` : `${what}: ${sum} ${value} together`;
  return bounded(value, condition, text, source, whyMore(found, record));
}

/** Why records may be missing from a trace that has some. */
function whyMore({ error, summary, dropped }: TraceEvidence, record: string): string | null {
  if (error) return error.message;
  if (summary === null) return "it ended without telling its totals";
  if (CUT_SHORT.has(summary.ended)) return `it was ended early (${summary.ended})`;
  if ((dropped[record] ?? 0) > 0) return `${dropped[record]} more are not held any more`;
  const lost = summary.lost + summary.evicted + summary.thinned;
  return lost > 0 ? `${lost} more were lost` : null;
}

/** Neither of its own accord nor because its time was over: it did not see all that happened. */
const CUT_SHORT: ReadonlySet<string> = new Set(["budget", "events", "stdin", "signal"]);

function whyNoTrace(found: TraceEvidence | undefined, left_out: string | undefined): string | null {
  if (!found) return left_out ?? "it did not run";
  return found.schema === null ? (found.error?.message ?? "it said nothing") : null;
}

function judgeRows(condition: RowsCondition, state: RunState, words: Words): Judged {
  const { step, section, scope, column, of } = condition;
  const readings = state.readings[step];
  const what = `${column} of ${section}${inWords(condition.where, words)}${scope === "node" ? "" : ` in ${scope}`}`;
  const pick = (all: readonly Reading[] | undefined) =>
    all?.find((one) => one.section === section && one.scope === scope);
  const [before, after] = [pick(readings?.before), pick(readings?.after)];
  const number = (reading: Reading | undefined) => {
    const rows = reading ? rowsWhere(rowsOf(reading.facts), condition.where, words) : [];
    // No row of that name may as well be a misspelt one.
    return rows.length === 0 ? null : total(rows, column);
  };
  const last = number(after);
  const why = after?.problem ?? state.left_out[step];
  if (!after || last === null) return unknown(`${what}: ${why ?? "it was not read, or has no such number"}`);
  const source: Evidence["source"] = { kind: "command", command_id: after.command_id };
  if (of === "value") return bounded(last, condition, `${what}: ${last}`, source, after.problem);
  const first = number(before);
  // What was missing then and is there now looks like a rise.
  if (first === null || before?.problem) {
    return unknown(`${what} before: ${before?.problem ?? "it was not read, or has no such number"}`);
  }
  const seconds = readings?.for_s ?? 0;
  const rise = last - first;
  // A counter that was set back says nothing about what was counted meanwhile.
  if (rise < 0) return unknown(`${what}: it went from ${first} to ${last}, so it was set back meanwhile.`);
  const text = `${what}: from ${first} to ${last} in ${seconds} s`;
  if (of === "rise") return bounded(rise, condition, text, source, after.problem);
  return seconds > 0
    ? bounded(rise / seconds, condition, text, source, after.problem)
    : unknown(`${what}: no time passed.`);
}

function judgeFindings(condition: Bounds & { id: string }, datapath: Datapath | null): Judged {
  if (!datapath) return unknown("There is no picture of the node.");
  const found = datapath.findings.filter(({ id }) => id === condition.id);
  const limits = hasBounds(condition) ? condition : { at_least: 1 };
  const evidence = found.slice(0, 20).map(({ subject, subject_name }): Evidence => {
    return { text: `${condition.id}: ${subject_name}`, source: { kind: "thing", key: subject } };
  });
  const holds = within(found.length, limits);
  const more = upperOf(limits) || !holds ? whyMoreFindings(datapath) : null;
  return more === null ? { holds, evidence, missing: [] } : { holds: null, evidence, missing: [allOf(more)] };
}

/** Why the picture may lack findings: what they are found in was not all read. */
function whyMoreFindings({ node, sections }: Datapath): string | null {
  if (!node.root) return `without root ${node.user || "this user"} does not see all of the node`;
  const unread = sections.filter(({ section, ok }) => !ok && /^(?:bpf|tc|net|netns)\./.test(section));
  const names = [...new Set(unread.map(({ section }) => section))];
  return names.length === 0 ? null : `${names.join(", ")} could not be read whole`;
}

/** `more`: why the number may be too small. */
function bounded(value: number, limits: Bounds, text: string, source: Evidence["source"], more: string | null): Judged {
  const holds = within(value, hasBounds(limits) ? limits : { at_least: 1 });
  const evidence = [{ text: more === null ? text : `${text} (${more})`, source }];
  // With more of them a lower bound that holds still holds; nothing else can be said.
  if (more !== null && (upperOf(limits) || !holds)) return { holds: null, evidence, missing: [allOf(more)] };
  return { holds, evidence, missing: [] };
}

const allOf = (more: string) => `All of them: ${more.replace(/\.$/, "")}.`;
const upperOf = ({ at_most, below }: Bounds) => at_most !== undefined || below !== undefined;
const hasBounds = ({ at_least, at_most, above, below }: Bounds) =>
  [at_least, at_most, above, below].some((bound) => bound !== undefined);

function within(value: number, { at_least, at_most, above, below }: Bounds): boolean {
  return (
    (at_least === undefined || value >= at_least) &&
    (at_most === undefined || value <= at_most) &&
    (above === undefined || value > above) &&
    (below === undefined || value < below)
  );
}

type Row = Readonly<Record<string, unknown>>;

function rowsOf(facts: unknown): Row[] {
  const all: unknown[] = Array.isArray(facts) ? facts : [facts];
  return all.filter((row): row is Row => typeof row === "object" && row !== null);
}

function rowsWhere(rows: readonly Row[], where: Where | undefined, words: Words): Row[] {
  const wanted = Object.entries(where ?? {}).map(([name, value]) => [name, valuesOf(value, words)] as const);
  return rows.filter((row) =>
    wanted.every(([name, values]) => Object.hasOwn(row, name) && values.includes(String(row[name]))),
  );
}

function valuesOf(value: Where[string], words: Words): string[] {
  return (Array.isArray(value) ? value : [value]).map((one) =>
    typeof one === "string" ? filled(one, words) : String(one),
  );
}

/** Null when a row has something else there, or none has a number: null is not known, and not 0. */
function total(rows: readonly Row[], column: string): number | null {
  let sum = 0;
  let numbers = 0;
  for (const row of rows) {
    const value = Object.hasOwn(row, column) ? row[column] : undefined;
    const number =
      typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
    if (value === null) continue;
    if (!Number.isFinite(number)) return null;
    sum += number;
    numbers += 1;
  }
  return rows.length > 0 && numbers === 0 ? null : sum;
}

function inWords(where: Where | undefined, words: Words): string {
  const all = Object.entries(where ?? {}).map(([name, value]) => `${name} ${valuesOf(value, words).join(" or ")}`);
  return all.length === 0 ? "" : ` with ${all.join(", ")}`;
}

/** As the traces page filters its table; a list of values cannot be said there. */
function filterOf(where: Where, words: Words): string {
  return Object.entries(where)
    .flatMap(([name, value]) => {
      const values = valuesOf(value, words);
      return values.length === 1 && !/\s/.test(values[0] ?? "") ? [`${name}=${values[0]}`] : [];
    })
    .join(" ");
}

const percent = (share: number) => `${Number((share * 100).toPrecision(3))} %`;
const unknown = (what: string): Judged => ({ holds: null, evidence: [], missing: [what] });
const told = (holds: boolean, text: string, source: Evidence["source"]): Judged => ({
  holds,
  evidence: [{ text, source }],
  missing: [],
});
