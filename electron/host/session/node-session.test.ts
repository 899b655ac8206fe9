/** A node's life with connections that are played and a clock that is turned: what is tried, when, and what is told. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BpfdeskError } from "../../core/errors.ts";
import type { EventBody, JournalEvent } from "../../core/journal/events.ts";
import { emptySession, foldAll } from "../../core/journal/state.ts";
import { type Journal, openJournal } from "../journal/journal.ts";
import { snapshotRecording } from "../snapshot/recording.ts";
import { createTraceStore } from "../trace/store.ts";
import { replayTransport } from "../transport/replay.ts";
import type { Execution, NodeTransport } from "../transport/types.ts";
import { type NodeSession, openNode } from "./node-session.ts";
import { PROBE_MS } from "./probe.ts";
import { smallSnapshot } from "./testing/service.ts";
import type { ConnectContext, NodeWork } from "./work.ts";

const HOUR = 3_600_000;
/** One try to connect. */
type Play = (context: ConnectContext) => Promise<NodeTransport>;

let journal: Journal;
let node: NodeSession;
const sessions: NodeSession[] = [];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
  // The longest delay that chance can give, so that times are exact.
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(async () => {
  for (const session of sessions.splice(0)) {
    const left = session.disconnect("end of test", 1000);
    await pass(5000);
    await left;
  }
  expect(vi.getTimerCount()).toBe(0);
  journal.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const failure = (code: string) => new BpfdeskError({ code, message: `It was ${code}.`, hint: "" });
const fails =
  (code: string): Play =>
  async ({ onPhase }) => {
    onPhase("resolving", "node-1");
    onPhase("connecting", "node-1 port 22");
    throw failure(code);
  };

/** A connection that stands until it is lost. */
function connection(changes: Partial<NodeTransport> = {}) {
  let listener = (_error: Error) => {};
  const transport: NodeTransport = {
    ...replayTransport(snapshotRecording(smallSnapshot)),
    kind: "ssh",
    close: async () => {},
    onLost: (told) => {
      listener = told;
    },
    ...changes,
  };
  return { stands: async () => transport, lose: () => listener(failure("connection-lost")) };
}

/** Starts a node whose tries are played in order; the last play is repeated. */
function start(plays: Play[], options: { work?: Partial<NodeWork>; path?: string } = {}) {
  const tries: number[] = [];
  let running = 0;
  let most = 0;
  journal = openJournal(options.path ?? ":memory:");
  journal.append([{ type: "node.added", node: "n1", target: "node-1", label: "node-1", transport: "ssh" }]);
  const collected: number[] = [];
  node = openNode({
    journal,
    node: "n1",
    standing: new Set(),
    traces: createTraceStore(journal),
    connect: async (context) => {
      tries.push(Date.now());
      running += 1;
      most = Math.max(most, running);
      const play = plays[Math.min(tries.length, plays.length) - 1];
      return (play ?? fails("connect-failed"))(context).finally(() => {
        running -= 1;
      });
    },
    work: {
      sections: [],
      ensureBpftool: async () => ({ bpftool: null, cleanup: async () => [] }),
      collectNode: async () => {
        collected.push(Date.now());
        return smallSnapshot.collected;
      },
      collectFollowUp: async () => ({ sections: [], complete: true, noise: "" }),
      ...options.work,
    },
  });
  sessions.push(node);
  return {
    tries,
    collected,
    mostAtOnce: () => most,
    /** ms from one try to the next. */
    pauses: () => tries.slice(1).map((at, index) => at - (tries[index] ?? 0)),
  };
}

const events = (): JournalEvent[] => journal.read(0, 100_000);
const ofType = <T extends EventBody["type"]>(type: T) =>
  events().filter((event): event is Extract<JournalEvent, { type: T }> => event.type === type);
const state = () => foldAll(emptySession, events()).nodes.n1;
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const lostEvents = () => ofType("connection.lost").map(({ attempt, retry_in_ms }) => ({ attempt, retry_in_ms }));

describe("a connection that is lost", () => {
  it("is told with when it is tried again, is made again by itself, and the node is collected again", async () => {
    const [one, two] = [connection(), connection()];
    const played = start([one.stands, two.stands]);
    await pass();
    one.lose();
    await pass();
    expect(state()).toMatchObject({
      phase: "waiting",
      error: { code: "connection-lost" },
      reconnect: { attempt: 1, retry_at: Date.now() + 1000 },
    });
    await pass(1000);
    expect(state()).toMatchObject({ node: "n1", phase: "ready", reconnect: null, error: null });
    expect(played.collected).toHaveLength(2);
    expect(ofType("connection.ready")).toHaveLength(2);
  });

  it("is tried after twice the time each time, up to a minute, for as long as it takes", async () => {
    const one = connection();
    const played = start([one.stands, fails("connect-failed")]);
    await pass();
    one.lose();
    await pass(5 * 60_000);
    const seconds = played.pauses().map((ms) => ms / 1000);
    expect(seconds.slice(0, 9)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it("is tried at a moment that chance spreads over the whole time", async () => {
    const one = connection();
    vi.mocked(Math.random).mockReturnValue(0.25);
    const played = start([one.stands, fails("connect-failed")]);
    await pass();
    one.lose();
    await pass(60_000);
    expect(played.pauses().slice(0, 4)).toEqual([250, 500, 1000, 2000]);
  });

  it("starts with short pauses anew once it stood for a while, and goes on with long ones when it did not", async () => {
    const [first, short, long, last] = [connection(), connection(), connection(), connection()];
    start([first.stands, short.stands, long.stands, last.stands]);
    await pass();
    first.lose();
    await pass(1000);
    short.lose();
    await pass(2000);
    await pass(HOUR);
    long.lose();
    await pass(1000);
    expect(lostEvents()).toEqual([
      { attempt: 1, retry_in_ms: 1000 },
      { attempt: 2, retry_in_ms: 2000 },
      { attempt: 1, retry_in_ms: 1000 },
    ]);
    expect(state()?.phase).toBe("ready");
  });

  it("says what may be left on the node, and that commands were cut off", async () => {
    let exec = 0;
    const base = replayTransport(snapshotRecording(smallSnapshot));
    const one = connection({
      exec: (request) => {
        exec += 1;
        return exec === 1 ? new Promise<Execution>(() => {}) : base.exec(request);
      },
    });
    start([one.stands, fails("connect-failed")], {
      work: { ensureBpftool: async () => ({ bpftool: "/run/x/bpftool", cleanup: async () => ["/run/x on node-1"] }) },
    });
    await pass();
    void node.disassemble(7).catch(() => {});
    await pass();
    one.lose();
    await pass();
    expect(state()?.residue).toEqual([
      "/run/x on node-1",
      "one command was running on node-1; what runs there ends by itself within seconds of the loss",
    ]);
  });

  it("takes its open question with it", async () => {
    const one = connection();
    const upload = { kind: "upload_bpftool" as const, host: "h", reason: "", version: "7", bytes: 1, sha256: "0" };
    start([one.stands, fails("connect-failed")], {
      work: {
        ensureBpftool: async (_transport, { ask }) => {
          await ask(upload);
          return { bpftool: null, cleanup: async () => [] };
        },
      },
    });
    await pass();
    expect(state()?.prompt?.prompt.kind).toBe("upload_bpftool");
    one.lose();
    await pass();
    expect(ofType("connection.prompt_closed").map(({ outcome }) => outcome)).toEqual(["cancelled"]);
  });
});

describe("a first try that fails", () => {
  it("is not repeated by itself; a person tries again on the same node", async () => {
    const played = start([fails("connect-failed"), connection().stands]);
    await pass(HOUR);
    expect(state()).toMatchObject({ phase: "failed", error: { code: "connect-failed" } });
    expect(played.tries).toHaveLength(1);
    node.reconnect();
    await pass();
    expect(state()).toMatchObject({ node: "n1", phase: "ready", error: null });
  });
});

describe("waking up, a new network, or a person", () => {
  const lostFor = async (ms: number, plays: Play[]) => {
    const one = connection();
    const played = start([one.stands, ...plays]);
    await pass();
    one.lose();
    await pass(ms);
    return played;
  };

  it("tries at once, and with short pauses after that", async () => {
    const played = await lostFor(10 * 60_000, [fails("connect-failed")]);
    const before = played.tries.length;
    node.wake();
    await pass();
    expect(played.tries.length).toBe(before + 1);
    await pass(2000);
    expect(played.tries.length).toBe(before + 2);
  });

  it("tries at once when a person asks, also while the last words of the lost connection are awaited", async () => {
    const one = connection();
    const played = start([one.stands, connection().stands], {
      work: { ensureBpftool: async () => ({ bpftool: "/run/x", cleanup: () => new Promise(() => {}) }) },
    });
    await pass();
    one.lose();
    node.reconnect();
    await pass(2000);
    expect(played.tries).toHaveLength(2);
    expect(lostEvents()).toEqual([{ attempt: 1, retry_in_ms: 0 }]);
    expect(state()?.phase).toBe("ready");
  });

  it("never runs two tries at once", async () => {
    const slow: Play = ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(failure("cancelled")));
      });
    const played = await lostFor(1000, [slow]);
    for (let times = 0; times < 3; times++) {
      node.wake();
      node.reconnect();
      await pass(1000);
    }
    expect([played.tries.length, played.mostAtOnce()]).toEqual([2, 1]);
  });

  it("keeps a connection that survived", async () => {
    const one = connection();
    const played = start([one.stands]);
    await pass();
    node.wake();
    await pass(PROBE_MS);
    expect(played.tries).toHaveLength(1);
    expect(ofType("connection.lost")).toEqual([]);
    expect(ofType("command.started").at(-1)).toMatchObject({ record_key: "probe", root: false });
  });

  it("looks again when it is told of a change while it looks", async () => {
    start([connection().stands]);
    await pass();
    for (let times = 0; times < 3; times++) node.wake();
    await pass();
    const probes = () => ofType("command.started").filter(({ record_key }) => record_key === "probe").length;
    expect(probes()).toBe(2);
    node.wake();
    await pass();
    expect(probes()).toBe(3);
  });

  it("replaces one that carries nothing any more, at once", async () => {
    let asleep = false;
    const base = replayTransport(snapshotRecording(smallSnapshot));
    let closed = 0;
    const one = connection({
      exec: (request) => (asleep ? new Promise<Execution>(() => {}) : base.exec(request)),
      close: async () => {
        closed += 1;
      },
    });
    const played = start([one.stands, connection().stands]);
    await pass();
    asleep = true;
    node.wake();
    node.wake();
    await pass(PROBE_MS);
    expect([played.tries.length, closed, state()?.phase]).toEqual([2, 1, "ready"]);
    expect(ofType("connection.lost")[0]).toMatchObject({ retry_in_ms: 0, error: { code: "connection-lost" } });
  });
});

describe("what would fail at every try", () => {
  const refusals = [
    "auth-failed",
    "cancelled",
    "host-key-changed",
    "host-key-revoked",
    "host-key-rejected",
    "ssh-config",
    "sudo-password-wrong",
    "internal",
  ];
  for (const code of refusals) {
    it(`waits for a person: ${code}`, async () => {
      const one = connection();
      const played = start([one.stands, fails(code), connection().stands]);
      await pass();
      one.lose();
      await pass(HOUR);
      expect(played.tries).toHaveLength(2);
      expect(state()).toMatchObject({ phase: "waiting", error: { code }, reconnect: { attempt: 1, retry_at: null } });
      node.wake();
      await pass(HOUR);
      expect(played.tries).toHaveLength(2);
      node.reconnect();
      await pass();
      expect(state()).toMatchObject({ phase: "ready", error: null });
    });
  }

  const password = { kind: "password" as const, user: "root", host: "node-1", attempt: 1 };
  const asks: Play = async ({ onPhase, ask }) => {
    onPhase("authenticating", "as root");
    await ask(password);
    return connection().stands();
  };

  it("is asked once and waited for without a limit", async () => {
    const one = connection();
    const played = start([one.stands, asks]);
    await pass();
    one.lose();
    await pass(24 * HOUR);
    expect([played.tries.length, ofType("connection.prompt").length]).toEqual([2, 1]);
    node.answer(state()?.prompt?.prompt_id ?? "", { accept: true, values: ["x"] });
    await pass();
    expect(state()).toMatchObject({ phase: "ready", prompt: null });
  });

  it("is not asked again when the node hangs up meanwhile; the question goes away", async () => {
    const hangsUp: Play = async (context) => {
      void asks(context).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 120_000));
      throw failure("connect-failed");
    };
    const one = connection();
    const played = start([one.stands, hangsUp, asks]);
    await pass();
    one.lose();
    await pass(HOUR);
    expect([played.tries.length, ofType("connection.prompt").length]).toEqual([2, 1]);
    expect(state()).toMatchObject({ phase: "waiting", prompt: null, reconnect: { retry_at: null } });
    // The next one can ask.
    node.reconnect();
    await pass();
    expect(state()?.prompt?.prompt).toEqual(password);
  });

  it("tells where it is when it asks in the middle of a long outage", async () => {
    const one = connection();
    const plays = [one.stands, ...Array.from({ length: 20 }, () => fails("connect-failed")), asks];
    start(plays);
    await pass();
    one.lose();
    await pass(HOUR);
    expect(state()).toMatchObject({ phase: "authenticating", prompt: { prompt: password } });
  });
});

describe("a person who wants no more tries", () => {
  it("ends the waiting, the try that runs, and can begin again", async () => {
    const one = connection();
    const slow: Play = ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(failure("cancelled")));
      });
    const played = start([one.stands, slow, connection().stands]);
    await pass();
    one.lose();
    await pass();
    node.cancel();
    await pass(HOUR);
    expect(played.tries).toHaveLength(1);
    expect(state()).toMatchObject({ phase: "waiting", reconnect: { retry_at: null } });
    node.reconnect();
    await pass(HOUR);
    node.cancel();
    await pass(HOUR);
    expect(played.tries).toHaveLength(2);
    node.reconnect();
    await pass();
    expect(state()?.phase).toBe("ready");
  });

  it("leaves the node, and what may be on it stays said", async () => {
    const one = connection();
    const played = start([one.stands, fails("connect-failed")], {
      work: { ensureBpftool: async () => ({ bpftool: "/run/x", cleanup: async () => ["/run/x on node-1"] }) },
    });
    await pass();
    one.lose();
    await pass(60_000);
    const before = played.tries.length;
    await node.disconnect("enough", 1000);
    await pass(HOUR);
    expect(played.tries.length).toBe(before);
    expect(state()).toMatchObject({ phase: "closed", detail: "enough", residue: ["/run/x on node-1"] });
  });

  it("leaves a node that does not answer any more within the limit", async () => {
    const one = connection({ close: () => new Promise(() => {}) });
    start([one.stands]);
    await pass();
    const left = node.disconnect("bye", 5000);
    await pass(5000);
    await left;
    expect(state()).toMatchObject({ phase: "closed", error: { code: "close-timeout" } });
  });

  it("connects again after leaving, with a session's same node", async () => {
    start([connection().stands, connection().stands]);
    await pass();
    await node.disconnect("bye", 1000);
    node.reconnect();
    await pass();
    expect(state()).toMatchObject({ phase: "ready", residue: [], error: null });
  });
});

describe("a connection that stands", () => {
  it("tells how many commands wait, and when nobody does any more", async () => {
    let changed = (_queue: { running: number; waiting: number; limit: number }) => {};
    const one = connection({
      onQueue: (listener) => {
        changed = listener;
      },
    });
    start([one.stands]);
    await pass();
    changed({ running: 8, waiting: 2, limit: 8 });
    expect(state()?.queue).toEqual({ running: 8, waiting: 2, limit: 8 });
    changed({ running: 8, waiting: 0, limit: 8 });
    await pass(1000);
    expect([state()?.queue, ofType("connection.queue").length]).toEqual([null, 2]);
  });

  it("changes nothing on the node before the first look at it is over, and says at the end what is left", async () => {
    const order: string[] = [];
    const blank = { programs: [], maps: [], links: [], pins: [], qdiscs: [], filters: [], processes: [] };
    const inventory = { at: 1, ...blank, folders: [], bpf_stats_enabled: 0, blind: [], unread: [] };
    const tag = "bpfdesk.aaaaaaaaaaaa.000000000001";
    let looks = 0;
    start([connection({ tag }).stands], {
      work: {
        async ensureBpftool(_transport, { beforeLending }) {
          await beforeLending();
          order.push("lent");
          return { bpftool: null, cleanup: async () => [] };
        },
        residue: {
          async takeInventory() {
            looks += 1;
            await new Promise((resolve) => setTimeout(resolve, 300));
            order.push("looked");
            return looks === 1 ? inventory : { ...inventory, folders: [{ path: "/run/x", tag, uid: 0, since: null }] };
          },
          stopLeftovers: async () => ({ stopped: [], failed: [] }),
        },
      },
    });
    await pass(1000);
    const left = node.disconnect("bye", 5000);
    await pass(1000);
    await left;
    expect(order).toEqual(["looked", "lent", "looked"]);
    expect(state()).toMatchObject({
      phase: "closed",
      residue: ["/run/x"],
      residue_report: { ours: [{ label: "/run/x" }] },
    });
  });
});

it("a day without network is told in less than 200 KB, and its end at once", async () => {
  const dir = mkdtempSync(join(tmpdir(), "bpfdesk-outage-"));
  const path = join(dir, "session");
  const [one, two] = [connection(), connection()];
  const noNetwork: Play = async ({ onPhase }) => {
    for (const phase of ["resolving", "connecting"] as const) onPhase(phase, "engineer@node-1.example.org port 22");
    throw new BpfdeskError({
      code: "connect-failed",
      message: "engineer@node-1.example.org:22 cannot be reached at node-1.example.org port 22: it does not answer.",
      hint: "Check the address, and that no firewall drops the packets.",
      phase: "connecting",
      cause: "connect ETIMEDOUT 192.0.2.1:22",
    });
  };
  let back = false;
  // Chance as it is: a minute at most, half of it in the mean.
  vi.mocked(Math.random).mockReturnValue(0.5);
  const played = start([one.stands, (context) => (back ? two.stands() : noNetwork(context))], { path });
  await pass();
  one.lose();
  // A network that comes and goes says so every minute.
  for (let minute = 0; minute < 24 * 60; minute++) {
    await pass(60_000);
    node.wake();
  }
  const told = JSON.stringify(events()).length;
  expect(played.tries.length).toBeGreaterThan(24 * 60);
  expect(told).toBeLessThan(200_000);
  back = true;
  await pass(60_000);
  expect(state()).toMatchObject({ phase: "ready", reconnect: null });
  await node.disconnect("end", 1000);
  journal.close();
  expect(statSync(path).size).toBeLessThan(200_000);
  journal = openJournal(path);
  rmSync(dir, { recursive: true });
}, 60_000);
