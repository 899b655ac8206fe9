/** What is looked at on a node and when, with inventories that are played. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EventBody } from "../../core/journal/events.ts";
import type { NodeInventory, TaggedProcess } from "../../core/residue/types.ts";
import { snapshotRecording } from "../snapshot/recording.ts";
import { replayTransport } from "../transport/replay.ts";
import type { NodeTransport } from "../transport/types.ts";
import { createProof, nothingSeen } from "./proof.ts";
import { smallSnapshot } from "./testing/service.ts";
import type { ResidueWork } from "./work.ts";

const OURS = "bpfdesk.aaaaaaaaaaaa.000000000001";
const EARLIER = "bpfdesk.aaaaaaaaaaaa.000000000002";

const empty: NodeInventory = {
  at: 1,
  programs: [],
  maps: [],
  links: [],
  pins: [],
  qdiscs: [],
  filters: [],
  folders: [],
  processes: [],
  bpf_stats_enabled: 0,
  blind: [],
  unread: [],
};
const process = (tag: string): TaggedProcess => ({ pid: 42, ppid: 1, start: 7, tag, comm: "bpftrace", started_at: 5 });
const program = (id: number, pids: { pid: number; comm: string }[] = []) =>
  ({ id, type: "kprobe", name: "p", tag: "t", map_ids: [], pids, pinned: [] }) satisfies NodeInventory["programs"][0];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** `looks` are answered in order. */
function proofOf(looks: (NodeInventory | Error)[], more: Partial<{ first: ReturnType<typeof nothingSeen> }> = {}) {
  const told: EventBody[] = [];
  const taken: Parameters<ResidueWork["takeInventory"]>[1][] = [];
  const standing = new Set<string>();
  const transport: NodeTransport = { ...replayTransport(snapshotRecording(smallSnapshot)), tag: OURS };
  const work: ResidueWork = {
    async takeInventory(_transport, options) {
      taken.push(options);
      const look = looks.shift() ?? empty;
      if (look instanceof Error) throw look;
      return look;
    },
    stopLeftovers: async (_transport, leftovers) => ({ stopped: leftovers.map(({ id }) => id), failed: [] }),
  };
  const first = more.first ?? nothingSeen();
  const proof = createProof({
    node: "n1",
    transport,
    work,
    first,
    standing,
    tell: (...events) => told.push(...events),
  });
  return { proof, told, taken, standing, first };
}

describe("the first look", () => {
  it("is told, and compared with when the node is left", async () => {
    const { proof, told, taken } = proofOf([empty, { ...empty, at: 2 }]);
    proof.begin();
    expect(await proof.report()).toEqual([]);
    proof.end();
    expect(told).toEqual([
      { type: "residue.baseline", node: "n1", inventory: empty },
      {
        type: "residue.report",
        node: "n1",
        report: { from: 1, to: 2, ours: [], theirs: [], unknown: [], blind: [] },
      },
    ]);
    expect(taken.map(({ cleanup, retire }) => [cleanup, retire])).toEqual([
      [true, false],
      [true, true],
    ]);
  });

  it("stays the one to compare with on the next connection, with what the connection before left", async () => {
    const { first, proof } = proofOf([empty]);
    proof.begin();
    await proof.begun;
    proof.end();
    const next = proofOf(
      [
        { ...empty, at: 5 },
        { ...empty, at: 9, processes: [process(OURS)] },
      ],
      { first },
    );
    next.proof.begin();
    expect(await next.proof.report()).toEqual(["bpftrace (pid 42)"]);
    next.proof.end();
    expect(next.told.map(({ type }) => type)).toEqual(["residue.report"]);
    expect(next.told[0]).toMatchObject({ report: { from: 1, to: 9 } });
  });

  it("that fails is said in the report; nothing is taken for clean", async () => {
    const { proof, told } = proofOf([new Error("no answer"), empty]);
    proof.begin();
    expect(await proof.report()).toEqual([]);
    proof.end();
    expect(told).toEqual([
      {
        type: "residue.report",
        node: "n1",
        report: expect.objectContaining({ ours: [], blind: [expect.stringContaining("Nothing could be compared")] }),
      },
    ]);
  });

  it("is completed by a bpftool that was lent, which is used once more and taken away at the end", async () => {
    const blind = { ...empty, blind: ["programs: no bpftool"], unread: ["program" as const] };
    // A tracer of this connection runs already.
    const own = { programs: [program(3), program(4, [{ pid: 42, comm: "tracer" }])], processes: [process(OURS)] };
    const seen = { ...empty, ...own, folders: [{ path: "/run/x", tag: OURS, uid: 0, since: 1 }] };
    const { proof, told, taken } = proofOf([blind, seen, { ...empty, at: 4, programs: [program(3)] }]);
    proof.begin();
    await proof.begun;
    proof.lent({ bpftool: "/run/x/bpftool", cleanup: async () => [] });
    expect(await proof.report()).toEqual([]);
    proof.end();
    expect(taken.map(({ bpftool }) => bpftool)).toEqual([null, "/run/x/bpftool", "/run/x/bpftool"]);
    // Of the second look only what was there before us: not the folder it is in, nor what the tracer holds.
    expect(told[1]).toEqual({
      type: "residue.baseline",
      node: "n1",
      inventory: { ...empty, programs: [program(3)] },
    });
    expect(told[2]).toMatchObject({ report: { ours: [], theirs: [], unknown: [], blind: [] } });
  });
});

describe("leftovers", () => {
  const busy = { ...empty, processes: [process(EARLIER)] };

  it("of earlier connections are told; those that end by themselves are taken back", async () => {
    const { proof, told } = proofOf([busy, empty]);
    proof.begin();
    await proof.begun;
    expect(told.at(-1)).toMatchObject({ type: "leftovers.found", leftovers: [{ id: "process:42:7", whose: "ours" }] });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told.at(-1)).toEqual({ type: "leftovers.found", node: "n1", leftovers: [] });
    proof.end();
  });

  it("are stopped when a person says so, and only those that were found", async () => {
    const { proof, told } = proofOf([busy]);
    proof.begin();
    await proof.begun;
    await expect(proof.stopLeftovers(["process:1:1"])).rejects.toMatchObject({ data: { code: "no-such-leftover" } });
    await proof.stopLeftovers(["process:42:7"]);
    expect(told.at(-1)).toEqual({ type: "leftovers.stopped", node: "n1", stopped: ["process:42:7"], failed: [] });
    await expect(proof.stopLeftovers(["process:42:7"])).rejects.toMatchObject({ data: { code: "no-such-leftover" } });
    proof.end();
  });

  it("are not those of another connection that is at work", async () => {
    const { proof, told, standing } = proofOf([busy]);
    standing.add(EARLIER);
    proof.begin();
    await proof.begun;
    proof.end();
    expect(told.map(({ type }) => type)).toEqual(["residue.baseline"]);
    expect([...standing]).toEqual([EARLIER]);
  });
});
