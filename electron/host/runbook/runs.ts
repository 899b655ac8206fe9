/**
 * The runs of a session: begun, answered, paused, resumed, stopped.
 *
 * A run that is not at work is only in the journal, so it is resumed in a reopened session as it is after a reconnect.
 */
import { BpfdeskError, type ErrorData } from "../../core/errors.ts";
import type { EventBody, JournalEvent } from "../../core/journal/events.ts";
import { checkInputs } from "../../core/runbook/inputs.ts";
import type { RunBatch, Runbook } from "../../core/runbook/types.ts";
import type { TracerManifest } from "../../core/trace/manifest.ts";
import type { Journal } from "../journal/journal.ts";
import type { LiveNode } from "../session/live-node.ts";
import type { TraceStore } from "../trace/store.ts";
import { type Run, startRun } from "./run.ts";

export interface RunbookTools {
  manifests: readonly TracerManifest[];
}

interface Which {
  node: string;
  run_id: string;
}

export interface Runs {
  /** Throws `bad-input`, `not-ready`, `not-live`, `runbook-running` or `too-many-runs`. */
  start(
    order: {
      node: string;
      book: Runbook;
      inputs: Readonly<Record<string, string>>;
      attended: boolean;
      batch: RunBatch | null;
    },
    tools: RunbookTools,
  ): { run_id: string };
  /** Throws `no-such-run`, `not-asked` or `bad-answer`. */
  answer(which: Which, step: string, answer: string): void;
  /** Throws `no-such-run`. */
  pause(which: Which): void;
  /** `find` the book of that id. Rejects with `no-such-run`, `not-ready`, `not-live` or `run-ended`. */
  resume(which: Which, find: (book: string) => Runbook, tools: RunbookTools): Promise<void>;
  /** Throws `no-such-run`. */
  stop(which: Which): void;
  /** bpfdesk is closing: those that are at work are paused. */
  end(): void;
}

export interface RunsParts {
  journal: Journal;
  traces: TraceStore;
  /** The work on the node's connection. Throws `no-such-node` or `not-ready`. */
  live(node: string): LiveNode;
}

/** Of one node; each may want several sessions of its connection. */
const AT_ONCE = 3;

type Started = Extract<JournalEvent, { type: "runbook.started" }>;

export function createRuns({ journal, traces, live }: RunsParts): Runs {
  const runs = new Map<string, Run>();
  const orders = new Map<string, { node: string; book: string }>();

  function standing(node: string): LiveNode {
    const found = live(node);
    if (found.transport.kind === "replay") throw notLive(found.transport.host);
    return found;
  }

  /** How the run was begun, and whether it was ended. Throws `no-such-run`. */
  function look({ node, run_id }: Which): { started: Started; ended: boolean } {
    const own = [...journal.ofTypes(["runbook.started", "runbook.ended"], node)].filter((one) => one.run_id === run_id);
    const started = own.find((event) => event.type === "runbook.started");
    if (started) return { started, ended: own.some(({ type }) => type === "runbook.ended") };
    throw new BpfdeskError({
      code: "no-such-run",
      message: "This session holds no such run.",
      hint: "Begin it anew.",
      node,
    });
  }

  /** A run that is at work is interrupted; of one that is not, only the end is told. */
  function interrupt(which: Which, told: EventBody): void {
    const { ended } = look(which);
    const run = runs.get(which.run_id);
    if (run?.active) run.interrupt(told);
    else if (!ended && told.type === "runbook.ended") journal.append([told]);
  }

  function begin(started: Started, book: Runbook, node: LiveNode, { manifests }: RunbookTools): void {
    const { run_id, attended = true } = started;
    orders.set(run_id, { node: started.node, book: book.id });
    const run = startRun({ journal, traces, node: started.node, run_id, book, attended, live: node, manifests });
    runs.set(run_id, run);
  }

  function mayRun(node: string, book: string): void {
    const active = [...runs].flatMap(([run_id, run]) => (run.active ? (orders.get(run_id) ?? []) : []));
    const here = active.filter((one) => one.node === node);
    if (here.some((one) => one.book === book)) {
      throw new BpfdeskError({
        code: "runbook-running",
        message: "This runbook runs on this node already.",
        hint: "Wait for it, or stop it first.",
        node,
      });
    }
    if (here.length >= AT_ONCE) {
      throw new BpfdeskError({
        code: "too-many-runs",
        message: `${AT_ONCE} runbooks run on this node already.`,
        hint: "Stop one first.",
        node,
      });
    }
  }

  return {
    start({ node, book, inputs, attended, batch }, tools) {
      const checked = checkInputs(book, inputs);
      const connection = standing(node);
      mayRun(node, book.id);
      const run_id = `${node}.${journal.last_seq}.run`;
      const event: EventBody = {
        ...{ type: "runbook.started", node, run_id, book: book.id, inputs: checked },
        ...(attended ? {} : { attended }),
        ...(batch === null ? {} : { batch }),
      };
      const [started] = journal.append([event]);
      if (started?.type === "runbook.started") begin(started, book, connection, tools);
      return { run_id };
    },

    answer(which, step, answer) {
      look(which);
      const run = runs.get(which.run_id);
      if (run) return run.answer(step, answer);
      throw new BpfdeskError({
        code: "not-asked",
        message: "This run is paused.",
        hint: "Resume it first.",
        node: which.node,
      });
    },

    pause: (which) => interrupt(which, { type: "runbook.paused", ...which, error: null }),
    stop: (which) => interrupt(which, { type: "runbook.ended", ...which, outcome: "stopped", error: null }),

    async resume(which, find, tools) {
      const { started, ended } = look(which);
      if (ended) {
        throw new BpfdeskError({
          code: "run-ended",
          message: "This run has ended.",
          hint: "Begin it anew; it is compared with this one.",
          node: which.node,
        });
      }
      const book = find(started.book);
      const before = runs.get(which.run_id);
      if (before?.active) return;
      standing(which.node);
      // Its tracers may still be ending.
      await before?.done;
      const again = runs.get(which.run_id);
      if (again !== before) return;
      const connection = standing(which.node);
      mayRun(which.node, book.id);
      journal.append([{ type: "runbook.resumed", ...which }]);
      begin(started, book, connection, tools);
    },

    end() {
      for (const [run_id, run] of runs) {
        const node = orders.get(run_id)?.node;
        if (node === undefined || !run.active) continue;
        run.interrupt({ type: "runbook.paused", node, run_id, error: closing });
      }
    },
  };
}

const closing: ErrorData = {
  code: "bpfdesk-closing",
  message: "bpfdesk was closed while this ran.",
  hint: "Connect to the node again, then resume.",
};

const notLive = (node: string) =>
  new BpfdeskError({
    code: "not-live",
    message: `${node} is a record: a runbook looks at a node itself.`,
    hint: "Connect to the node. What earlier runs found is in the record.",
    node,
  });
