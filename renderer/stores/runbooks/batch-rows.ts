/** What was begun on several nodes as rows of a table, one a node, and as a few words. Pure. */
import type { RunbookRunState, RunbookStepState } from "../../../electron/core/journal/runbooks.ts";
import type { SessionState } from "../../../electron/core/journal/state.ts";
import {
  type BatchRuns,
  rankOf,
  type Standing,
  standingOf,
  type Tally,
  tallyOf,
  WORST_FIRST,
} from "../../../electron/core/runbook/batch.ts";
import type { VerdictWord } from "../../../electron/core/runbook/types.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { countText, plural } from "../../ui/format.ts";
import { nodeName } from "../node-name.ts";
import type { StartFailure } from "./refused.ts";
import { type RunWord, runWord, runWordText, whyNoRun } from "./run-state.ts";
import { kindText, VERDICT_WORDS } from "./verdicts.ts";

export interface BatchRow {
  node: string;
  label: string;
  /** Null: it did not begin there. */
  run: RunbookRunState | null;
  word: RunWord | "refused";
  /** How it stands, and at which step. */
  state: string;
  tally: Tally;
  /** In words. */
  kinds: string;
  /** Why it does not go on, or what it waits for; null when there is nothing to say. */
  why: string | null;
  rank: number;
}

type Nodes = SessionState["nodes"];

/** What to look at first, first; then by name. A refusal counts until the node has a run. */
export function rowsOf(
  batch: BatchRuns,
  nodes: Nodes,
  refused: readonly StartFailure[],
  book: RunbookInfo | undefined,
): BatchRow[] {
  const begun = new Set(batch.runs.map(({ node }) => node));
  const ids = [...begun, ...refused.map(({ node }) => node)];
  const labelOf = labelsOf(ids, nodes);
  const rows = [
    ...batch.runs.map((run) => rowOf(run, nodes, labelOf(run.node), book)),
    ...refused.flatMap(({ node, error }) => (begun.has(node) ? [] : [refusedRow(node, labelOf(node), error.message)])),
  ];
  return rows.sort((a, b) => a.rank - b.rank || byName.compare(a.label, b.label));
}

const byName = new Intl.Collator("en", { numeric: true });

function rowOf(run: RunbookRunState, nodes: Nodes, label: string, book: RunbookInfo | undefined): BatchRow {
  const word = runWord(run, nodes[run.node]?.transport === "replay");
  const tally = tallied(run);
  return {
    node: run.node,
    label,
    run,
    word,
    state: stateText(word, run, book),
    tally,
    kinds: tally.kinds.map(kindText).join(", "),
    why: whyText(run),
    rank: rankOf(standingOf(run), tally),
  };
}

function refusedRow(node: string, label: string, why: string): BatchRow {
  const tally = tallyOf([]);
  const rank = rankOf("refused", tally);
  return { node, label, run: null, word: "refused", state: "did not begin", tally, kinds: "", why, rank };
}

/** Verdicts keep their identity while other nodes' runs go on. */
const tallies = new WeakMap<RunbookRunState["verdicts"], Tally>();

function tallied({ verdicts }: RunbookRunState): Tally {
  const known = tallies.get(verdicts) ?? tallyOf(verdicts);
  tallies.set(verdicts, known);
  return known;
}

function stateText(word: RunWord, run: RunbookRunState, book: RunbookInfo | undefined): string {
  const now = run.steps.at(-1);
  if (!now || (word !== "running" && word !== "paused")) return runWordText(word);
  return `${runWordText(word)}, ${stepText(now, book)}`;
}

/** `step 3 of 9: Measure`. */
function stepText(now: RunbookStepState, book: RunbookInfo | undefined): string {
  const at = book?.steps.findIndex(({ id }) => id === now.step) ?? -1;
  const title = book?.steps[at]?.title ?? now.step;
  return at < 0 ? title : `step ${at + 1} of ${book?.steps.length}: ${title}`;
}

function whyText({ error, paused, question, steps }: RunbookRunState): string | null {
  const failed = steps.find(({ state }) => state === "failed")?.result;
  return (
    error?.message ??
    paused?.error?.message ??
    question?.question ??
    (failed?.kind === "failed" ? failed.error.message : null)
  );
}

/** The hostname; of several nodes that call themselves the same also what they were opened as. */
function labelsOf(ids: readonly string[], nodes: Nodes): (id: string) => string {
  const times = new Map<string, number>();
  for (const id of new Set(ids)) {
    const node = nodes[id];
    if (node) times.set(nodeName(node), (times.get(nodeName(node)) ?? 0) + 1);
  }
  return (id) => {
    const node = nodes[id];
    if (!node) return id;
    const name = nodeName(node);
    return (times.get(name) ?? 0) > 1 && name !== node.label ? `${name} (${node.label})` : name;
  };
}

/** All of it was recorded: nothing of it can be begun or gone on with. */
export function isRecorded({ runs }: BatchRuns, nodes: Nodes): boolean {
  return runs.every(({ node }) => nodes[node]?.transport === "replay");
}

/** `12 finished, 6 running, 1 waits for you, 1 did not begin`. */
export function standingText(batch: BatchRuns, recorded: boolean, refused: number): string {
  const counts = new Map<Standing | "unfinished", number>();
  for (const run of batch.runs) {
    const standing = standingOf(run);
    const told = recorded && run.state !== "ended" ? "unfinished" : standing;
    counts.set(told, (counts.get(told) ?? 0) + 1);
  }
  if (refused > 0) counts.set("refused", refused);
  return [...counts].map(([standing, count]) => `${countText(count)} ${STANDINGS[standing]}`).join(", ");
}

const STANDINGS: Record<Standing | "unfinished", string> = {
  running: "running",
  waiting: "waiting for you",
  paused: "paused",
  ended: "ended",
  finished: "finished",
  stopped: "stopped",
  failed: "failed",
  refused: "did not begin",
  unfinished: "not finished in this recording",
};

/** Id of the answer to a proposal that changes nothing (core/runbook, steps that propose). */
export const LEAVE = "leave";

/** What can be done with many of them at once. */
export interface BatchChoices {
  /** Run or wait. */
  going: readonly RunbookRunState[];
  /** Paused, on nodes that are there. */
  paused: readonly RunbookRunState[];
  /** Wait for a decision that can be to change nothing. */
  undecided: readonly RunbookRunState[];
  /** Nodes where it did not come to its end, or did not begin, and could now. */
  again: readonly string[];
}

export function choicesOf(rows: readonly BatchRow[], nodes: Nodes): BatchChoices {
  const able = rows.filter(({ node }) => whyNoRun(nodes[node]) === null);
  const runs = able.flatMap(({ run }) => run ?? []);
  return {
    going: runs.filter(({ state }) => state === "running" || state === "waiting"),
    paused: runs.filter(({ state }) => state === "paused"),
    undecided: runs.filter(({ question }) => question?.answers.some(({ id }) => id === LEAVE)),
    again: able.flatMap(({ node, word }) => (AGAIN.has(word) ? [node] : [])),
  };
}

const AGAIN: ReadonlySet<BatchRow["word"]> = new Set(["failed", "stopped", "refused"]);

/** Nodes by the worst that was found there: `confirmed on 9 nodes, likely on 4`. */
export function foundText({ runs }: BatchRuns): string {
  const worst = runs.map((run) => tallied(run).worst);
  const parts = WORST_FIRST.flatMap((word: VerdictWord) => {
    const count = worst.filter((one) => one === word).length;
    return count === 0 ? [] : [{ word, count }];
  });
  if (parts.length === 0) return "no verdict";
  return parts
    .map(({ word, count }, at) => `${VERDICT_WORDS[word]} on ${at === 0 ? plural(count, "node") : countText(count)}`)
    .join(", ");
}

export type Listed = { kind: "run"; run: RunbookRunState } | { kind: "batch"; batch: BatchRuns };

/** What the list of runs holds: a batch as one, and each run that is not the last of its node in one. In order begun. */
export function listedOf(runs: readonly RunbookRunState[], batches: readonly BatchRuns[]): Listed[] {
  const inBatch = new Map(batches.flatMap((batch) => batch.runs.map((run) => [run.run_id, batch])));
  const told = new Set<string>();
  return runs.flatMap((run): Listed[] => {
    const batch = inBatch.get(run.run_id);
    if (!batch) return [{ kind: "run", run }];
    if (told.has(batch.id)) return [];
    told.add(batch.id);
    return [{ kind: "batch", batch }];
  });
}
