/** What happens when the machine wakes up, finds a new network, or a person asks: a try at once, and never two. */
import { describe, expect, it } from "vitest";
import { connection, fails, type Play, pass, playedNode, slow } from "../../../test/support/played-node.ts";
import { snapshotRecording } from "../snapshot/recording.ts";
import { replayTransport } from "../transport/replay.ts";
import type { Execution } from "../transport/types.ts";
import { PROBE_MS } from "./probe.ts";
import { smallSnapshot } from "./testing/service.ts";

const life = playedNode();
const { lostEvents, ofType, start, state } = life;

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
    life.node.wake();
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
    life.node.reconnect();
    await pass(2000);
    expect(played.tries).toHaveLength(2);
    expect(lostEvents()).toEqual([{ attempt: 1, retry_in_ms: 0 }]);
    expect(state()?.phase).toBe("ready");
  });

  it("never runs two tries at once", async () => {
    const played = await lostFor(1000, [slow]);
    for (let times = 0; times < 3; times++) {
      life.node.wake();
      life.node.reconnect();
      await pass(1000);
    }
    expect([played.tries.length, played.mostAtOnce()]).toEqual([2, 1]);
  });

  it("keeps a connection that survived", async () => {
    const one = connection();
    const played = start([one.stands]);
    await pass();
    life.node.wake();
    await pass(PROBE_MS);
    expect(played.tries).toHaveLength(1);
    expect(ofType("connection.lost")).toEqual([]);
    expect(ofType("command.started").at(-1)).toMatchObject({ record_key: "probe", root: false });
  });

  it("looks again when it is told of a change while it looks", async () => {
    start([connection().stands]);
    await pass();
    for (let times = 0; times < 3; times++) life.node.wake();
    await pass();
    const probes = () => ofType("command.started").filter(({ record_key }) => record_key === "probe").length;
    expect(probes()).toBe(2);
    life.node.wake();
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
    life.node.wake();
    life.node.wake();
    await pass(PROBE_MS);
    expect([played.tries.length, closed, state()?.phase]).toEqual([2, 1, "ready"]);
    expect(ofType("connection.lost")[0]).toMatchObject({ retry_in_ms: 0, error: { code: "connection-lost" } });
  });
});
