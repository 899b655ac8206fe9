/** A connection that is lost: when it is tried again, what is told of it, and for how long. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { connection, fails, HOUR, type Play, pass, playedNode } from "../../../test/support/played-node.ts";
import { BpfdeskError } from "../../core/errors.ts";
import { snapshotRecording } from "../snapshot/recording.ts";
import { replayTransport } from "../transport/replay.ts";
import type { Execution } from "../transport/types.ts";
import { smallSnapshot } from "./testing/service.ts";

const life = playedNode();
const { closeJournal, events, lostEvents, ofType, start, state } = life;

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
    void life.node.disassemble(7).catch(() => {});
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
    life.node.reconnect();
    await pass();
    expect(state()).toMatchObject({ node: "n1", phase: "ready", error: null });
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
    life.node.wake();
  }
  const told = JSON.stringify(events()).length;
  expect(played.tries.length).toBeGreaterThan(24 * 60);
  expect(told).toBeLessThan(200_000);
  back = true;
  await pass(60_000);
  expect(state()).toMatchObject({ phase: "ready", reconnect: null });
  await life.node.disconnect("end", 1000);
  closeJournal();
  expect(statSync(path).size).toBeLessThan(200_000);
  rmSync(dir, { recursive: true });
}, 60_000);
