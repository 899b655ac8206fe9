/**
 * `bpfdesk runbook`: runs a runbook on its targets and prints what it found, as text, as JSON, as a report. It changes
 * nothing on any node unless a person approves the plan named by `--apply`.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { BpfdeskError } from "../core/errors.ts";
import type { RunbookRunState } from "../core/journal/runbooks.ts";
import type { Datapath } from "../core/model/types.ts";
import { compareVerdicts, earlierVerdicts } from "../core/runbook/compare.ts";
import { type ExportedRun, exportRun, foundSomething } from "../core/runbook/export.ts";
import { checkInputs } from "../core/runbook/inputs.ts";
import { markdownReport, type Reported } from "../core/runbook/report.ts";
import type { Runbook } from "../core/runbook/types.ts";
import { visibleText as text } from "../core/text/visible.ts";
import { userDataDir } from "../host/data-dir.ts";
import { type Bookshelf, bookOf, bookshelf } from "../host/runbook/bookshelf.ts";
import { booksFolder } from "../host/runbook/folder.ts";
import { EXIT } from "./exit.ts";
import { RESOURCES } from "./host.ts";
import { type Paint, paint } from "./paint.ts";
import { printRun } from "./print-verdicts.ts";
import { errorData, report } from "./report.ts";
import { type Answer, type Flags, type Run, runOn } from "./run.ts";
import { type Apply, applyPlan } from "./runbook-apply.ts";
import { plansOf } from "./runbook-plans.ts";
import { runBook } from "./runbook-run.ts";
import { openTerminal } from "./terminal.ts";
import { writeWhole } from "./write.ts";
import { writeAnswer } from "./write-answers.ts";

export interface RunbookFlags extends Flags {
  input: Record<string, string>;
  report?: string;
  against?: string;
  /** Id of a plan. */
  apply?: string;
}

/** Exit code 0: nothing found, 1: something confirmed or likely, 2: it could not look, or nothing could be told. */
export async function runbookOn(
  id: string,
  args: readonly string[],
  flags: RunbookFlags,
  version: string,
): Promise<number> {
  const began = Date.now();
  const p = paintOf(flags);
  const done = new Map<string, Reported>();
  const pictures = new Map<string, Datapath | null>();
  let book: Runbook | null = null;
  let inputs: Record<string, string> = {};
  let earlier: Earlier | null = null;
  let targets: readonly string[] = [];
  let apply: Apply | null = null;

  async function answer(on: Run): Promise<Answer> {
    if (!book) throw new Error("the book was looked up before");
    const attended = on.terminal.interactive && on.plan.one;
    const progress = !flags.json && process.stderr.isTTY;
    const run = await runBook(on, {
      book,
      inputs,
      attended,
      progress,
      decide: async (asked, now) => apply?.decide(asked, now),
    });
    if (run.paused?.error) report(new BpfdeskError(run.paused.error), on.terminal);
    if (run.error) report(new BpfdeskError(run.error), on.terminal);
    const plans = await plansOf(on, apply ? [] : run.verdicts);
    const exported = withComparison(exportRun(run, on.target.session(), { target: on.name, plans }), earlier, on);
    done.set(on.name, exported);
    pictures.set(on.name, on.target.session().nodes[on.opened.node]?.datapath ?? null);
    await apply?.end(on);
    return {
      code: Math.max(codeOf(run), apply?.failed ? EXIT.error : EXIT.ok),
      json: exported,
      text: printRun(exported, p),
    };
  }

  const code = await runOn(args, flags, version, {
    async prepare(plan) {
      book = bookOf(await shelfOf(flags), id);
      inputs = checkInputs(book, flags.input);
      earlier = flags.against === undefined ? null : await readEarlier(flags.against, book.id);
      targets = plan.targets;
      if (flags.apply === undefined) return;
      if (!plan.one) throw oneTarget();
      apply = applyPlan(flags.apply, openTerminal());
    },
    answer,
    failed(target, error) {
      done.set(target, { target, error: errorData(error).message });
    },
  });
  if (flags.report === undefined || book === null) return code;
  const { title, symptom }: Runbook = book;
  const all = targets.map((target) => done.get(target) ?? { target, error: "it was not opened" });
  try {
    const text = markdownReport({ title, symptom, version, at: began }, all, pictures);
    await writeWhole(flags.report, new TextEncoder().encode(text));
    return code;
  } catch (error) {
    return report(error, openTerminal());
  }
}

async function shelfOf({ books }: RunbookFlags): Promise<Bookshelf> {
  const folder = books === undefined ? await booksFolder(userDataDir()).get() : resolve(books);
  return bookshelf({ resourcesDir: RESOURCES, folder });
}

/** Prints which runbooks there are; exit code 2 when one of the team's cannot be used. */
export async function listRunbooks(flags: RunbookFlags): Promise<number> {
  const p = paintOf(flags);
  let shelf: Bookshelf;
  try {
    shelf = await shelfOf(flags);
  } catch (error) {
    return report(error, openTerminal());
  }
  const json = shelf.map(({ info, file, problems }) => ({ ...info, file, problems }));
  const code = shelf.some(({ book }) => book === null) ? EXIT.error : EXIT.ok;
  await writeAnswer({ code, json, text: shelf.map((one) => about(one, p)).join("\n") }, flags);
  return code;
}

function about({ info, file, problems }: Bookshelf[number], p: Paint): string {
  return [
    `${p.bold(text(info.id))}  ${text(info.symptom)}`,
    ...problems.map((problem) => `  ${p.alarm(text(`cannot be used: ${problem}`))}`),
    ...(file === null ? [] : [`  ${text(file)}`]),
    `  ${text(info.when_to_use)}`,
    `  Runs: ${text(info.runs)}`,
    ...info.inputs.map((input) => {
      const said = [
        ...(input.required ? ["must be given"] : []),
        ...(input.default ? [`${input.default} if not given`] : []),
      ];
      return text(`  --input ${input.name}=…  ${input.description}${said.length > 0 ? ` (${said.join("; ")})` : ""}`);
    }),
    "",
  ].join("\n");
}

const oneTarget = () =>
  new BpfdeskError({
    code: "one-target",
    message: "A change is made on one node at a time.",
    hint: "Name one target: no list, pattern or group.",
  });

const paintOf = (flags: Flags) => paint(flags.color && !process.env.NO_COLOR && process.stdout.isTTY);

function codeOf({ outcome, steps, verdicts }: RunbookRunState): number {
  if (outcome !== "finished") return EXIT.error;
  if (foundSomething(verdicts)) return EXIT.findings;
  const told = verdicts.some(({ verdict }) => verdict !== "cannot_tell");
  return (verdicts.length > 0 && !told) || steps.some(({ state }) => state === "failed") ? EXIT.error : EXIT.ok;
}

type Earlier = ReturnType<typeof earlierVerdicts>;

function withComparison(run: ExportedRun, earlier: Earlier | null, { plan, name }: Run): ExportedRun {
  // One target alone is the same node under whatever name.
  const before = earlier?.get(name) ?? (plan.one && earlier?.size === 1 ? [...earlier.values()][0] : undefined);
  return before ? { ...run, compared: compareVerdicts(before, run.verdicts) } : run;
}

/** What `--json` printed once of this book. Throws `bad-earlier-run`. */
async function readEarlier(path: string, book: string): Promise<Earlier> {
  try {
    return earlierVerdicts(JSON.parse(await readFile(path, "utf8")), book);
  } catch (error) {
    throw new BpfdeskError({
      code: "bad-earlier-run",
      message: `${path} is not what bpfdesk runbook ${book} --json printed.`,
      hint: "Give --against a file that holds its output.",
      cause: error instanceof Error ? error.message : String(error),
    });
  }
}
