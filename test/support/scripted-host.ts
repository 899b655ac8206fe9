/**
 * A host for page tests that says what a script tells it to: events, prompts, failures. Requests of
 * the page are recorded. It speaks through the real RPC; it is not a model of the real host's work.
 */
import { BpfdeskError } from "../../electron/core/errors.ts";
import type { EventBody, JournalEvent } from "../../electron/core/journal/events.ts";
import type { TracerManifest } from "../../electron/core/trace/manifest.ts";
import type {
  AppInfo,
  BlobChunk,
  RecentTarget,
  RunbookInfo,
  SecretsStatus,
  SectionInfo,
  SshHost,
  SshResolved,
  TargetGroup,
  TraceRows,
  TracerCheck,
} from "../../electron/shared/contract.ts";
import type { Handlers } from "../../electron/shared/rpc/server.ts";

export interface ScriptedHost {
  handlers: Handlers;
  /** Appends an event to the session, as the real host would. */
  emit(event: EventBody): void;
  /** Requests the page made, in order. */
  asked: { method: string; input: unknown }[];
  /** Resolves with the next request of that method that was not waited for yet. */
  nextAsked(method: string): Promise<unknown>;
  /** What an event script may change. */
  info: AppInfo;
  secrets: SecretsStatus;
  hosts: SshHost[];
  resolve: (target: string) => SshResolved;
  groups: TargetGroup[];
  recent: RecentTarget[];
  sections: SectionInfo[];
  disassembly: (prog_id: number) => { text: string; command_id: string };
  output: BlobChunk[];
  tracers: TracerManifest[];
  tracerCheck: TracerCheck;
  books: RunbookInfo[];
  booksFolder: string | null;
  /** Called by change.plan; emits the plan and returns its id. */
  onPlan: (node: string, entry: string) => string;
  /** Called by runbook.start; emits what follows. */
  onRunbook: (run_id: string, node: string) => void;
  /** Answers trace.rows, whose input is the request as the contract says. */
  rows: (input: Parameters<Handlers["trace.rows"]>[0]) => TraceRows;
  /** Called by trace.start; emits what follows. */
  onTrace: (trace_id: string, node: string) => void;
  /** Called by node.connect; emits what follows. */
  onConnect: (node: string, input: unknown) => void;
  onCollect: (node: string) => void;
}

const SESSION = "scripted-session";

export function scriptedHost(): ScriptedHost {
  const events: JournalEvent[] = [];
  const waiters = new Set<() => void>();
  const asked: ScriptedHost["asked"] = [];
  const taken = new Map<string, number>();
  let nodes = 0;
  let traces = 0;
  let runs = 0;

  const wake = () => {
    for (const waiter of [...waiters]) waiter();
  };
  const changed = (signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      const done = () => {
        waiters.delete(done);
        resolve();
      };
      waiters.add(done);
      signal?.addEventListener("abort", done, { once: true });
    });
  const record = (method: string, input: unknown) => {
    asked.push({ method, input });
    wake();
  };

  const host: Omit<ScriptedHost, "handlers"> = {
    asked,
    emit(event) {
      events.push({ seq: events.length + 1, at: Date.now(), ...event });
      wake();
    },
    async nextAsked(method) {
      for (;;) {
        const from = taken.get(method) ?? 0;
        const at = asked.findIndex((request, index) => index >= from && request.method === method);
        const request = asked[at];
        if (request) {
          taken.set(method, at + 1);
          return request.input;
        }
        await changed();
      }
    },
    info: {
      version: "0.0.0",
      platform: "linux",
      mode: "browser",
      local: { available: false, reason: "This needs Linux." },
      sample: { title: "Sample", description: "A made-up node." },
    },
    secrets: { ttl_s: 900, kept: [], keychain: { available: false, reason: "a test" } },
    hosts: [],
    resolve: (target) => ({ target, hops: [], backend: "ssh2", why: "" }),
    groups: [],
    recent: [],
    sections: [],
    disassembly: () => {
      throw new BpfdeskError({ code: "not-recorded", message: "Not recorded.", hint: "Connect to the node." });
    },
    output: [],
    tracers: [],
    tracerCheck: { kernel: "6.1.0", arch: "x86_64", features: {}, tracers: {} },
    books: [],
    booksFolder: null,
    onPlan: () => "plan",
    onRunbook: () => {},
    rows: () => ({ columns: [], rows: [], total: 0, matching: 0, dropped: 0 }),
    onTrace: () => {},
    onConnect: () => {},
    onCollect: () => {},
  };

  async function* follow(after_seq: number, signal: AbortSignal): AsyncGenerator<JournalEvent[]> {
    let next = after_seq;
    while (!signal.aborted) {
      const batch = events.slice(next);
      next = events.length;
      if (batch.length > 0) yield batch;
      else await changed(signal);
    }
  }

  const handlers: Handlers = {
    "app.info": () => host.info,
    "app.wake": (input) => {
      record("app.wake", input);
      return null;
    },
    "secrets.status": () => host.secrets,
    "secrets.wipe": (input) => {
      record("secrets.wipe", input);
      return null;
    },
    "secrets.keep_for": (input) => {
      record("secrets.keep_for", input);
      return null;
    },
    "ssh.hosts": () => host.hosts,
    "ssh.resolve": ({ target }) => host.resolve(target),
    "collect.sections": () => host.sections,
    "session.open": () => {
      if (events.length === 0) {
        host.emit({ type: "session.opened", session_id: SESSION, format: 1, app_version: "0.0.0" });
      }
      return { session_id: SESSION, path: null };
    },
    "session.events": ({ after_seq }, { signal }) => follow(after_seq, signal),
    "node.connect": (input) => {
      nodes += 1;
      const node = `node-${nodes}`;
      const { target } = input;
      const name = target.kind === "ssh" ? target.target : target.kind;
      const transport = target.kind === "ssh" || target.kind === "local" ? target.kind : "replay";
      host.emit({ type: "node.added", node, target: name, label: name, transport });
      record("node.connect", input);
      host.onConnect(node, input);
      return { node };
    },
    "targets.expand": ({ text }) => {
      const words = text.split(/[\s,]+/).filter((word) => word !== "");
      const targets = words.map((word) => ({ target: word, from: word }));
      return { targets, problems: [], one: words.length === 1, group: null };
    },
    "groups.list": () => host.groups,
    "groups.save": ({ group }) => {
      host.groups = [...host.groups.filter(({ name }) => name !== group.name), group];
      return null;
    },
    "groups.remove": ({ name: gone }) => {
      host.groups = host.groups.filter(({ name }) => name !== gone);
      return null;
    },
    "recent.list": () => host.recent,
    "nodes.connect": (input) => {
      record("nodes.connect", input);
      const added = input.targets.map((target) => {
        nodes += 1;
        const node = `node-${nodes}`;
        const name = typeof target === "string" ? target : target.kind === "ssh" ? target.target : target.kind;
        const group = input.group === undefined ? {} : { group: input.group };
        host.emit({ type: "node.added", node, target: name, label: name, transport: "ssh", ...group });
        return node;
      });
      return { nodes: added };
    },
    "node.answer": (input) => {
      record("node.answer", input);
      const outcome = input.answer.accept ? "answered" : "refused";
      host.emit({ type: "connection.prompt_closed", node: input.node, prompt_id: input.prompt_id, outcome });
      return null;
    },
    "node.cancel": (input) => {
      record("node.cancel", input);
      return null;
    },
    "node.collect": (input) => {
      record("node.collect", input);
      host.onCollect(input.node);
      return { collect_id: "again" };
    },
    "node.disassemble": (input) => {
      record("node.disassemble", input);
      return host.disassembly(input.prog_id);
    },
    "node.disconnect": (input) => {
      record("node.disconnect", input);
      host.emit({ type: "connection.closed", node: input.node, reason: "disconnected", error: null, residue: [] });
      return null;
    },
    "node.reconnect": (input) => {
      record("node.reconnect", input);
      return null;
    },
    "node.replace_host_key": (input) => {
      record("node.replace_host_key", input);
      return null;
    },
    "node.stop_leftovers": (input) => {
      record("node.stop_leftovers", input);
      return null;
    },
    "tracers.list": () => host.tracers,
    "tracers.check": (input) => {
      record("tracers.check", input);
      return host.tracerCheck;
    },
    "trace.start": (input) => {
      record("trace.start", input);
      traces += 1;
      const trace_id = `trace-${traces}`;
      const { node, tracer, params, for_s, events: limit, budget_pct } = input;
      const limits = { for_s, events: limit, budget_pct };
      host.emit({ type: "trace.started", node, trace_id, tracer, params, limits });
      host.onTrace(trace_id, node);
      return { trace_id };
    },
    "trace.stop": (input) => {
      record("trace.stop", input);
      return null;
    },
    "trace.rows": (input) => {
      record("trace.rows", input);
      return host.rows(input);
    },
    "trace.lines": async function* () {
      yield [];
    },
    "change.plan": (input) => {
      record("change.plan", input);
      return { plan_id: host.onPlan(input.node, input.entry) };
    },
    "change.approve": (input) => {
      record("change.approve", input);
      return null;
    },
    "change.undo": (input) => {
      record("change.undo", input);
      return null;
    },
    "runbooks.list": () => host.books,
    "runbooks.folder": () => ({ folder: host.booksFolder }),
    "runbooks.set_folder": (input) => {
      record("runbooks.set_folder", input);
      host.booksFolder = input.folder;
      return null;
    },
    "runbook.start": (input) => {
      record("runbook.start", input);
      runs += 1;
      const run_id = `run-${runs}`;
      const { node, book, inputs, batch } = input;
      host.emit({ type: "runbook.started", node, run_id, book, inputs, ...(batch ? { batch } : {}) });
      host.onRunbook(run_id, node);
      return { run_id };
    },
    "runbook.answer": (input) => {
      record("runbook.answer", input);
      const { node, run_id, step, answer } = input;
      host.emit({ type: "runbook.answered", node, run_id, step, answer });
      return null;
    },
    "runbook.pause": ({ node, run_id }) => {
      record("runbook.pause", { node, run_id });
      host.emit({ type: "runbook.paused", node, run_id, error: null });
      return null;
    },
    "runbook.resume": ({ node, run_id }) => {
      record("runbook.resume", { node, run_id });
      host.emit({ type: "runbook.resumed", node, run_id });
      return null;
    },
    "runbook.stop": ({ node, run_id }) => {
      record("runbook.stop", { node, run_id });
      host.emit({ type: "runbook.ended", node, run_id, outcome: "stopped", error: null });
      return null;
    },
    "command.output": async function* () {
      yield* host.output;
    },
    "snapshot.export": () => ({ name: "node.bpfdesk-snapshot", bytes: new Uint8Array([1, 2, 3]) }),
  };
  return Object.assign(host, { handlers });
}
