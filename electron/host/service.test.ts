/** The service over its RPC: real journal, real frames, real replay. Live connections are played. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { writeFrames } from "../core/collect/write-frames.ts";
import { BpfdeskError, type ErrorData } from "../core/errors.ts";
import type { NodeState } from "../core/journal/state.ts";
import { openJournal } from "./journal/journal.ts";
import { smallSnapshot, type TestService, testService } from "./session/testing/service.ts";
import { readSnapshot, writeSnapshot } from "./snapshot/file.ts";
import { snapshotRecording } from "./snapshot/recording.ts";
import { replayTransport } from "./transport/replay.ts";
import type { NodeTransport } from "./transport/types.ts";

let running: TestService[] = [];
afterEach(async () => {
  const ending = running;
  running = [];
  for (const test of ending) await test.end();
});
const start = async (...args: Parameters<typeof testService>) => {
  const test = await testService(...args);
  running.push(test);
  return test;
};
const target = { kind: "ssh", target: "node-1" } as const;
const bytes = async (snapshot = smallSnapshot) => ({
  kind: "bytes" as const,
  name: "small.bpfdesk-snapshot",
  bytes: Uint8Array.from(await writeSnapshot(snapshot)),
});
/** Collected, and idle again. */
const settled = (node: NodeState) =>
  (node.collect !== null && node.collect.state !== "running" && node.phase === "ready") ||
  ["failed", "closed"].includes(node.phase);
const refusal = async (promise: Promise<unknown>): Promise<ErrorData> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof BpfdeskError) return error.data;
    throw error;
  }
  throw new Error("it was not refused");
};
const recorded = () => replayTransport(snapshotRecording(smallSnapshot));
/** A transport as over SSH, answering from the small snapshot unless told otherwise. */
const liveTransport = (changes: Partial<NodeTransport> = {}): NodeTransport => {
  const base = recorded();
  return { ...base, kind: "ssh", onLost: () => {}, close: async () => {}, ...changes };
};

describe("a snapshot", () => {
  it("is opened like a node: connected, collected and shown", async () => {
    const { connect, untilNode, client, session_id, until } = await start();
    const node = await connect(await bytes());
    const state = await untilNode(node, settled);
    expect(state).toMatchObject({ transport: "replay", host: "node-1", user: "root", privileges: "root", error: null });
    expect(state.datapath?.programs.map(({ id, name }) => [id, name])).toEqual([[7, "sd_devices"]]);
    expect(state.collect).toMatchObject({ state: "finished", complete: true });
    expect(state.collect?.done.map(({ section, ok }) => [section, ok])).toEqual([
      ["node.kernel", true],
      ["bpf.prog", true],
    ]);
    const { commands } = await until((now) => Boolean(now.nodes[node] && now.commands[0]?.ended_at));
    expect(commands[0]).toMatchObject({ purpose: expect.stringContaining("Collect"), exit: 0, host: "node-1" });
    let output = 0;
    const command_id = commands[0]?.command_id ?? "";
    for await (const chunk of client.stream("command.output", { session_id, command_id })) output += chunk.bytes.length;
    expect(output).toBe(commands[0]?.stdout_bytes);
  });

  it("can be saved again, with everything that was in it", async () => {
    const { connect, untilNode, client, session_id } = await start();
    const node = await connect(await bytes());
    await untilNode(node, settled);
    const saved = await client.call("snapshot.export", { session_id, node });
    expect(saved.name).toMatch(/^node-1-.*\.bpfdesk-snapshot$/);
    const { collected, node: about } = await readSnapshot(saved.bytes, saved.name);
    expect({ collected, about }).toEqual({ collected: smallSnapshot.collected, about: smallSnapshot.node });
  });

  it("shows code that it holds as text, and refuses code that it does not hold", async () => {
    const { connect, untilNode, client, session_id } = await start();
    const node = await connect(await bytes());
    await untilNode(node, settled);
    const { text } = await client.call("node.disassemble", { session_id, node, prog_id: 7 });
    expect(text).toBe("   0: (18) r1 = 0x0\n; return 1;\n   2: (95) exit\n");
    expect(await refusal(client.call("node.disassemble", { session_id, node, prog_id: 8 }))).toMatchObject({
      code: "not-recorded",
      message: expect.stringContaining("does not hold the code of program 8"),
    });
  });

  it("that is none fails its node alone, saying why", async () => {
    const { connect, untilNode } = await start();
    const bad = await connect({ kind: "bytes", name: "notes.txt", bytes: new TextEncoder().encode("hello") });
    const good = await connect(await bytes());
    expect((await untilNode(bad, settled)).error).toMatchObject({ code: "not-a-snapshot", phase: "resolving" });
    expect((await untilNode(good, settled)).datapath?.programs).toHaveLength(1);
  });

  it("is opened by name in the desktop app, and never by name in a browser", async () => {
    const desktop = await start();
    const path = join(desktop.dir, "x.bpfdesk-snapshot");
    writeFileSync(path, (await bytes()).bytes);
    const opened = await desktop.untilNode(await desktop.connect({ kind: "file", path }), settled);
    expect(opened.datapath?.programs).toHaveLength(1);
    const missing = await desktop.connect({ kind: "file", path: "/nowhere/x" });
    expect((await desktop.untilNode(missing, settled)).error).toMatchObject({ code: "file-unreadable" });
    const browser = await start({}, { mode: "browser" });
    expect(await refusal(browser.connect({ kind: "file", path }))).toMatchObject({ code: "not-in-browser" });
  });
});

describe("a session file", () => {
  it("is a target: its last collection is shown, and its recorded commands are answered", async () => {
    const first = await start();
    const node = await first.connect(await bytes());
    await first.untilNode(node, settled);
    await first.client.call("node.disassemble", { session_id: first.session_id, node, prog_id: 7 });
    await first.service.close();
    const second = await start();
    for (const again of [
      { kind: "file" as const, path: first.path ?? "" },
      { kind: "bytes" as const, name: "s", bytes: Uint8Array.from(readFileSync(first.path ?? "")) },
    ]) {
      const replayed = await second.connect(again);
      const state = await second.untilNode(replayed, settled);
      expect(state.datapath?.programs.map(({ id }) => id)).toEqual([7]);
      const { session_id } = second;
      const { text } = await second.client.call("node.disassemble", { session_id, node: replayed, prog_id: 7 });
      expect(text).toContain("(95) exit");
    }
  });

  it("goes on where it was: same id, earlier events, ids that do not repeat", async () => {
    const first = await start();
    const session_path = join(first.dir, "kept");
    const kept = await start({}, { session_path });
    const one = await kept.connect(await bytes());
    await kept.untilNode(one, settled);
    await kept.service.close();
    const again = await start({}, { session_path });
    expect(again.session_id).toBe(kept.session_id);
    const two = await again.connect(await bytes());
    await again.untilNode(two, settled);
    const state = await again.until((now) => now.nodes[two]?.phase === "ready" && now.nodes[two]?.datapath !== null);
    expect(two).not.toBe(one);
    expect(state.order).toEqual([one, two]);
    expect(state.nodes[one]).toMatchObject({ phase: "closed", detail: "bpfdesk is closing" });
    expect(new Set(state.commands.map(({ command_id }) => command_id)).size).toBe(state.commands.length);
  });

  it("in which nothing was done is not kept", async () => {
    const { path, service } = await start();
    expect(existsSync(path ?? "")).toBe(true);
    await service.close();
    expect(existsSync(path ?? "")).toBe(false);
  });

  it("left by a killed bpfdesk is opened again, with what had been running marked as stopped", async () => {
    const before = await start();
    const path = join(before.dir, "sessions", "left.bpfdesk-session");
    const journal = openJournal(path);
    journal.append([
      { type: "session.opened", session_id: "left", format: 1, app_version: "0" },
      { type: "node.added", node: "n1", target: "t", label: "l", transport: "ssh" },
      {
        type: "command.started",
        node: "n1",
        command_id: "c1",
        text: "x",
        shell_line: "x",
        host: "h",
        user: "u",
        root: true,
        purpose: "p",
      },
      { type: "collect.started", node: "n1", collect_id: "k1", command_id: "c1", sections: [] },
    ]);
    // Copied while open, the file and its -wal are what a kill leaves behind.
    const left = join(before.dir, "other", "sessions");
    await copySession(path, left);
    journal.close();
    const after = await start({}, { dataDir: join(before.dir, "other") });
    expect(after.session_id).toBe("left");
    const state = await after.until((now) => now.nodes.n1?.phase === "closed");
    expect(state.nodes.n1).toMatchObject({ error: { code: "bpfdesk-stopped" }, collect: { state: "failed" } });
    expect(state.commands[0]).toMatchObject({ error: { code: "bpfdesk-stopped" } });
  });

  it("left by a killed bpfdesk is connected to again by its node, in the way it was opened", async () => {
    const before = await start();
    const path = join(before.dir, "sessions", "left.bpfdesk-session");
    const journal = openJournal(path);
    const login = { identity_file: "/keys/one", sudo: false };
    journal.append([
      { type: "session.opened", session_id: "left", format: 1, app_version: "0" },
      { type: "node.added", node: "n1", target: "node-1", label: "node-1", transport: "ssh", login },
      { type: "connection.failed", node: "n1", error: { code: "connect-failed", message: "", hint: "" } },
      { type: "connection.phase", node: "n1", phase: "connecting", detail: "" },
    ]);
    await copySession(path, join(before.dir, "other", "sessions"));
    journal.close();
    const opened: unknown[] = [];
    const ssh = async (chosen: unknown) => {
      opened.push(chosen);
      return liveTransport();
    };
    const after = await start({ ssh }, { dataDir: join(before.dir, "other") });
    expect((await after.untilNode("n1", (now) => now.phase === "closed")).error).toMatchObject({
      code: "bpfdesk-stopped",
    });
    const { session_id, client } = after;
    await client.call("node.reconnect", { session_id, node: "n1" });
    const state = await after.untilNode("n1", (now) => now.phase === "ready" && now.datapath !== null);
    expect(opened).toEqual([{ target: "node-1", ...login }]);
    expect(state.datapath?.node.hostname).toBe("node-1");
    expect(await refusal(client.call("node.reconnect", { session_id, node: "n7" }))).toMatchObject({
      code: "no-such-node",
    });
  });
});

async function copySession(path: string, folder: string): Promise<void> {
  const { cp, mkdir } = await import("node:fs/promises");
  await mkdir(folder, { recursive: true });
  for (const suffix of ["", "-wal"]) await cp(path + suffix, join(folder, `left.bpfdesk-session${suffix}`));
}

describe("connecting", () => {
  it("asks through events, takes the answer by RPC, and keeps the secret out of the record", async () => {
    const test = await start({
      ssh: async (_target, { ask, onPhase }) => {
        onPhase("authenticating", "password");
        const answer = await ask({ kind: "password", user: "root", host: "node-1", attempt: 1 });
        if (answer.values[0] !== "hunter2-secret") throw new Error("wrong");
        return liveTransport();
      },
    });
    const { client, session_id } = test;
    const node = await test.connect(target);
    const asked = await test.untilNode(node, (now) => now.prompt !== null);
    const prompt_id = asked.prompt?.prompt_id ?? "";
    const answer = { accept: true, values: ["hunter2-secret"] };
    await client.call("node.answer", { session_id, node, prompt_id, answer });
    const ready = await test.untilNode(node, settled);
    expect(ready).toMatchObject({ phase: "ready", prompt: null, error: null });
    expect(await refusal(client.call("node.answer", { session_id, node, prompt_id, answer }))).toMatchObject({
      code: "no-such-prompt",
    });
    await test.service.close();
    expect(readFileSync(test.path ?? "").includes("hunter2-secret")).toBe(false);
    const journal = openJournal(test.path ?? "", { read_only: true });
    expect(JSON.stringify(journal.read(0, 10_000))).not.toContain("hunter2-secret");
    journal.close();
  });

  it("is cancelled in any step, closes its question and leaves the node failed with that step", async () => {
    const test = await start({
      ssh: async (_target, { ask, onPhase }) => {
        onPhase("host_key", "new key");
        await ask({
          kind: "host_key_new",
          host: "node-1",
          port: 22,
          key_type: "ssh-ed25519",
          fingerprint: "SHA256:x",
          known_types: [],
        });
        return liveTransport();
      },
    });
    const node = await test.connect(target);
    await test.untilNode(node, (now) => now.prompt !== null);
    await test.client.call("node.cancel", { session_id: test.session_id, node });
    const state = await test.untilNode(node, settled);
    expect(state).toMatchObject({ phase: "failed", prompt: null, last_phase: "host_key" });
    expect(state.error).toMatchObject({ code: "cancelled", phase: "host_key" });
  });

  it("that fails unexpectedly says which step, and other nodes go on", async () => {
    const test = await start({
      ssh: async (_target, { onPhase }) => {
        onPhase("connecting", "");
        throw new TypeError("x is undefined");
      },
    });
    const node = await test.connect(target);
    const other = await test.connect(await bytes());
    expect((await test.untilNode(node, settled)).error).toMatchObject({ code: "internal", phase: "connecting" });
    expect((await test.untilNode(other, settled)).phase).toBe("ready");
  });

  it("says in advance what is not seen without root", async () => {
    const test = await start({
      ssh: async () => liveTransport({ privileges: "none", user: "ops", rootRefused: "sudo is missing" }),
    });
    const state = await test.untilNode(await test.connect(target), (now) => now.phase === "ready");
    expect(state.limits.at(0)).toBe("No root: sudo is missing.");
    expect(state.limits.length).toBeGreaterThan(3);
  });
});

describe("collecting", () => {
  it("shows the part that arrived when the connection is lost, and why there is no more", async () => {
    const lost: ErrorData = { code: "connection-lost", message: "The connection to node-1 was lost.", hint: "Again." };
    let lose = (_error: Error) => {};
    const test = await start({
      ssh: async () =>
        liveTransport({
          onLost: (listener) => {
            lose = listener;
          },
          exec: async (request) => {
            const whole = writeFrames(smallSnapshot.collected, request.argv[4] ?? "");
            const half = whole.subarray(0, whole.length - 200);
            const cut = replayTransport({
              ...smallSnapshot.node,
              answer: () => ({ stdout: [half], stderr: [], exit: { code: null, signal: null } }),
            });
            const execution = await cut.exec(request);
            const exited = execution.exited.then(() => {
              lose(new BpfdeskError(lost));
              throw new BpfdeskError(lost);
            });
            exited.catch(() => {});
            return { ...execution, exited };
          },
        }),
    });
    const node = await test.connect(target);
    const state = await test.untilNode(node, (now) => now.phase === "waiting" && now.datapath !== null);
    expect(state).toMatchObject({ error: { ...lost }, collect: { state: "finished", complete: false } });
    expect(state.datapath?.node.hostname).toBe("node-1");
  });

  it("can be cancelled; the connection stays and collects again", async () => {
    let runs = 0;
    const base = recorded();
    const test = await start({
      ssh: async () =>
        liveTransport({
          exec: async (request) => {
            runs += 1;
            if (runs > 1) return base.exec(request);
            await new Promise<void>((resolve) => {
              request.signal?.addEventListener("abort", () => resolve());
            });
            throw new BpfdeskError({ code: "cancelled", message: "stopped", hint: "" });
          },
        }),
    });
    const { client, session_id } = test;
    const node = await test.connect(target);
    await test.until((now) => now.commands.length === 1);
    expect(await refusal(client.call("node.collect", { session_id, node }))).toMatchObject({ code: "collecting" });
    await client.call("node.cancel", { session_id, node });
    const stopped = await test.untilNode(node, settled);
    expect(stopped).toMatchObject({ phase: "ready", collect: { state: "failed", error: { code: "cancelled" } } });
    const { collect_id } = await client.call("node.collect", { session_id, node });
    const again = await test.untilNode(node, (now) => now.collect?.collect_id === collect_id && settled(now));
    expect(again).toMatchObject({ collect: { state: "finished" }, datapath: expect.anything() });
  });

  it("goes on with the node's own bpftool when none can be lent, and says so among the sections", async () => {
    const test = await start({
      ssh: async () => liveTransport(),
      ensureBpftool: async () => {
        throw new BpfdeskError({ code: "no-place", message: "node-1 has no folder.", hint: "Make one." });
      },
    });
    const state = await test.untilNode(await test.connect(target), settled);
    expect(state.collect).toMatchObject({ state: "finished", complete: true });
    expect(state.datapath?.sections.at(-1)).toMatchObject({
      section: "node.tools",
      ok: false,
      warnings: [{ code: "no-place", message: "node-1 has no folder. Make one." }],
    });
  });
});

describe("disconnecting", () => {
  it("takes back what was lent before it closes, and says what is left", async () => {
    const order: string[] = [];
    const test = await start({
      ssh: async () =>
        liveTransport({
          close: async () => {
            order.push("closed");
          },
        }),
      ensureBpftool: async () => ({
        bpftool: "/run/x/bpftool",
        cleanup: async () => {
          order.push("cleaned");
          return ["/run/x on node-1"];
        },
      }),
    });
    const node = await test.connect(target);
    await test.untilNode(node, settled);
    await test.client.call("node.disconnect", { session_id: test.session_id, node });
    const state = await test.untilNode(node, (now) => now.phase === "closed");
    expect(state).toMatchObject({ residue: ["/run/x on node-1"], error: null });
    expect(order).toEqual(["cleaned", "closed"]);
    expect(await refusal(test.client.call("node.collect", { session_id: test.session_id, node }))).toMatchObject({
      code: "not-ready",
    });
  });

  it("names what was lent when the connection is lost, because it cannot be taken back", async () => {
    let lose = (_error: Error) => {};
    const test = await start({
      ssh: async () =>
        liveTransport({
          onLost: (listener) => {
            lose = listener;
          },
        }),
      ensureBpftool: async () => ({ bpftool: "/run/x/bpftool", cleanup: async () => ["/run/x on node-1"] }),
    });
    const node = await test.connect(target);
    await test.untilNode(node, settled);
    lose(new BpfdeskError({ code: "connection-lost", message: "Lost.", hint: "" }));
    const state = await test.untilNode(node, (now) => now.phase === "waiting");
    expect(state).toMatchObject({ residue: ["/run/x on node-1"], error: { code: "connection-lost" } });
  });

  it("happens to every node when the service closes, also to one that is still connecting", async () => {
    let closed = 0;
    let aborted = false;
    const close = async () => {
      closed += 1;
    };
    const test = await start({
      ssh: async ({ target: name }, { signal }) => {
        if (name === "node-1") return liveTransport({ close });
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            aborted = true;
            reject(new BpfdeskError({ code: "cancelled", message: "", hint: "" }));
          });
        });
      },
    });
    await test.untilNode(await test.connect(target), settled);
    await test.connect({ kind: "ssh", target: "node-2" });
    await test.service.close();
    expect([closed, aborted]).toEqual([1, true]);
    const journal = openJournal(test.path ?? "", { read_only: true });
    expect([...journal.ofTypes(["connection.closed"])].map((event) => event.node)).toHaveLength(2);
    journal.close();
  });
});

it("knows the sections it runs and refuses sessions and nodes that are not open", async () => {
  const { client, session_id } = await start();
  const sections = await client.call("collect.sections", {});
  expect(sections.map(({ id }) => id)).toEqual(expect.arrayContaining(["bpf.prog", "tc.filter"]));
  expect(await client.call("session.open", {})).toMatchObject({ session_id });
  expect(await refusal(client.call("node.collect", { session_id: "other", node: "n" }))).toMatchObject({
    code: "no-such-session",
  });
  expect(await refusal(client.call("node.collect", { session_id, node: "n99" }))).toMatchObject({
    code: "no-such-node",
  });
  expect(await refusal(client.stream("session.events", { session_id: "other", after_seq: 0 }).next())).toMatchObject({
    code: "no-such-session",
  });
});

it("opens the incident that ships with the app, offered on the first screen", async () => {
  const { connect, untilNode, client } = await start();
  const { sample } = await client.call("app.info", {});
  expect(sample?.title).not.toBe("");
  const state = await untilNode(await connect({ kind: "sample" }), settled);
  expect(state).toMatchObject({ phase: "ready", error: null, collect: { state: "finished", complete: true } });
  expect(state.datapath?.findings).not.toEqual([]);
});
