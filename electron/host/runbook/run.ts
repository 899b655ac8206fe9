/**
 * One run of a runbook on a node, from the first step that has no result to the end, a pause or a stop.
 *
 * Everything it does is in the journal, and what it knows is read from there. A step that fails is told, and the
 * others are done without it. It ends at once when it is interrupted; what it had started on the node ends behind it.
 */
import { BpfdeskError, type ErrorData } from "../../core/errors.ts";
import type { EventBody, StepResult } from "../../core/journal/events.ts";
import type { Runbook, RunState, Step } from "../../core/runbook/types.ts";
import type { TracerManifest } from "../../core/trace/manifest.ts";
import { nameBug } from "../crash.ts";
import type { Journal } from "../journal/journal.ts";
import { failureData } from "../session/failure.ts";
import type { LiveNode } from "../session/live-node.ts";
import type { TraceStore } from "../trace/store.ts";
import { createGatherer } from "./gather.ts";
import { collectStep, type MeasureParts, measureStep } from "./measure.ts";
import { firstNews, Interrupted } from "./news.ts";

export interface RunParts {
  journal: Journal;
  traces: TraceStore;
  node: string;
  run_id: string;
  book: Runbook;
  /** Somebody is there to answer. */
  attended: boolean;
  live: LiveNode;
  manifests: readonly TracerManifest[];
}

export interface Run {
  /** It goes on, or waits for an answer. */
  readonly active: boolean;
  /** Throws `not-asked` or `bad-answer`. */
  answer(step: string, answer: string): void;
  /** Tells why at once, and ends what runs. */
  interrupt(told: EventBody): void;
  /** Settles when nothing of it runs any more. Never rejects. */
  done: Promise<void>;
}

/** What a person says to a propose step. */
const GO_ON = [
  { id: "go-on", text: "Go on" },
  { id: "leave", text: "Leave it as it is" },
];
/** Changes that stand, as far as it is known: what they did can be looked at. */
const MADE: readonly string[] = ["detached", "confirmed", "left", "unsure"];
const UNDER_WAY: readonly string[] = ["approved", "armed", "detached"];

interface Question {
  step: string;
  answers: { id: string }[];
  resolve(answer: string): void;
}

/** Goes on at once. */
export function startRun(parts: RunParts): Run {
  const { journal, node, run_id, book, live } = parts;
  const about = { node, run_id };
  const stopped = new AbortController();
  const gatherer = createGatherer(parts);
  let active = true;
  let question: Question | null = null;

  /** What cannot be recorded is not done. */
  function tell(...events: EventBody[]): void {
    if (!active) throw new Interrupted();
    journal.append(events);
  }

  function interrupt(told: EventBody): void {
    if (!active) return;
    try {
      tell(told);
    } finally {
      active = false;
      stopped.abort();
    }
  }

  const lost = () => interrupt({ type: "runbook.paused", ...about, error: whyOver(live) });
  live.over.addEventListener("abort", lost, { once: true });
  if (live.over.aborted) lost();

  const measuring: MeasureParts = {
    journal,
    node,
    run_id,
    live,
    manifests: parts.manifests,
    signal: stopped.signal,
    tell,
  };

  async function all(): Promise<void> {
    const done = gatherer.results();
    for (const step of book.steps) {
      if (done.has(step.id)) continue;
      tell({ type: "runbook.step_started", ...about, step: step.id });
      const result = await resultOf(step);
      tell({ type: "runbook.step_ended", ...about, step: step.id, result });
    }
    tell({ type: "runbook.ended", ...about, outcome: "finished", error: null });
  }

  async function resultOf(step: Step): Promise<StepResult> {
    try {
      const state = await gatherer.state();
      if (!active) throw new Interrupted();
      const when = step.when?.(state) ?? true;
      return when === true ? await perform(step, state) : { kind: "skipped", why: when.skip };
    } catch (error) {
      if (!active || error instanceof Interrupted) throw error;
      return { kind: "failed", error: stepError(error, step, live.transport.host) };
    }
  }

  async function perform(step: Step, state: RunState): Promise<StepResult> {
    switch (step.kind) {
      case "collect":
        return collectStep(measuring, step.sections ?? []);
      case "measure":
        return measureStep(measuring, step.id, step.plan(state));
      case "examine":
        return { kind: "concluded", verdicts: step.examine(state) };
      case "ask": {
        const { question: text, answers } = step.ask(state);
        if (!parts.attended) return { kind: "skipped", why: `Nobody was there to answer: ${text}` };
        return { kind: "answered", answer: await ask(step.id, text, answers) };
      }
      case "propose": {
        const verdicts = step.propose(state);
        if (parts.attended && verdicts.some(({ proposal }) => proposal?.kind === "detach")) {
          const text = "Something can be taken off and put back. Look at it, decide, then go on.";
          await ask(step.id, text, GO_ON, verdicts);
        }
        return { kind: "concluded", verdicts };
      }
      case "verify": {
        await changesSettled();
        const changes = gatherer.changes();
        if (!changes.some(({ phase }) => MADE.includes(phase))) {
          const none = changes.length === 0;
          return { kind: "skipped", why: none ? "Nothing was changed." : "What was changed failed, or was put back." };
        }
        const measured = await measureStep(measuring, step.id, step.plan(await gatherer.state()));
        const verdicts = step.examine(await gatherer.state(new Map([[step.id, measured]])));
        return { ...measured, verdicts };
      }
    }
  }

  /** A change that was approved comes to an end by itself: it has a lease. */
  async function changesSettled(): Promise<void> {
    while (gatherer.changes().some(({ phase }) => UNDER_WAY.includes(phase))) {
      await firstNews(journal, journal.last_seq, stopped.signal, (event) =>
        event.type.startsWith("change.") ? true : undefined,
      );
    }
  }

  function ask(
    step: string,
    text: string,
    answers: { id: string; text: string }[],
    verdicts?: RunState["verdicts"],
  ): Promise<string> {
    const more = verdicts ? { verdicts: [...verdicts] } : {};
    return new Promise((resolve, reject) => {
      question = { step, answers, resolve };
      stopped.signal.addEventListener("abort", () => reject(new Interrupted()), { once: true });
      tell({ type: "runbook.asked", ...about, step, question: text, answers, ...more });
    });
  }

  const done = all()
    .catch((error: unknown) => {
      if (!active) return;
      const failure = failureData(error, "ready", live.transport.host);
      interrupt({ type: "runbook.ended", ...about, outcome: "failed", error: failure });
    })
    // A journal that cannot be written has told its readers so.
    .catch(() => {})
    .finally(() => {
      active = false;
      live.over.removeEventListener("abort", lost);
    });

  return {
    get active() {
      return active;
    },
    answer(step, answer) {
      if (!active || question?.step !== step) throw notAsked(node);
      const { answers, resolve } = question;
      if (answers.length > 0 && !answers.some(({ id }) => id === answer)) throw badAnswer(answers, node);
      question = null;
      tell({ type: "runbook.answered", ...about, step, answer });
      resolve(answer);
    },
    interrupt,
    done,
  };
}

/** Why a connection is over: it was lost, or a person left the node. */
function whyOver({ over, transport }: LiveNode): ErrorData {
  if (over.reason instanceof BpfdeskError) return over.reason.data;
  return {
    code: "node-left",
    message: `${transport.host} was left while this ran.`,
    hint: "Connect to it again, then resume.",
    node: transport.host,
  };
}

/** An exception without data is a mistake in the book. */
function stepError(error: unknown, step: Step, node: string): ErrorData {
  if (error instanceof BpfdeskError) return { node, ...error.data };
  return {
    code: "step-failed",
    message: `The step "${step.title}" failed by itself.`,
    hint: "This is a mistake in the runbook; what the other steps found stands.",
    node,
    cause: nameBug(error),
  };
}

const notAsked = (node: string) =>
  new BpfdeskError({ code: "not-asked", message: "This run does not wait for that answer.", hint: "", node });

const badAnswer = (answers: readonly { id: string }[], node: string) =>
  new BpfdeskError({
    code: "bad-answer",
    message: "That is none of the answers there are.",
    hint: `There are: ${answers.map(({ id }) => id).join(", ")}.`,
    node,
  });
