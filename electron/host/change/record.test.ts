/** What the record tells of a change whose end nobody heard, with a real journal. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { ChangePlan } from "../../core/change/types.ts";
import type { EventBody } from "../../core/journal/events.ts";
import { aDatapath, aHook, aNode, anEntry, anIface } from "../../core/model/testdata/make.ts";
import type { HookEntry, SectionState } from "../../core/model/types.ts";
import { type Journal, openJournal } from "../journal/journal.ts";
import { recoverSession } from "../session/recover.ts";
import { changesOf, createChangeRecord } from "./record.ts";

const NOW = 1_763_700_000_000;
let now: number;
let journal: Journal;
beforeEach(() => {
  now = NOW;
  journal = openJournal(":memory:", { now: () => now });
});
afterEach(() => journal.close());

const stale = anEntry("stale", { prog_id: 5 });
const current = anEntry("current", { pref: 2, prog_id: 9 });
const plan: ChangePlan = {
  ...{ plan_id: "a", node: "n1", command: "", by_hand: "", undo: "", verification: "", confirm: "lxc1", lease_s: 20 },
  attachment: {
    ...{ entry: "stale", mechanism: "clsact", direction: "egress", ifname: "lxc1", ifindex: 7, netns: "4026531840" },
    ...{ prog_id: 5, prog_name: "", pref: 1, handle: 1, chain: 0, protocol: 3 },
  },
  affects: { hook: "", pod: null, remains: [], packets_per_s: null },
  owner: { text: "", will_probably: "" },
  risks: [],
};
const about = { node: "n1", plan_id: "a" };
const picture = (entries: HookEntry[], boot_time = 1000, sections: SectionState[] = []): EventBody => ({
  ...{ type: "collect.finished", node: "n1", collect_id: "c", complete: true },
  datapath: aDatapath({
    sections,
    node: aNode({ boot_time }),
    interfaces: [anIface(7, "lxc1", { hooks: [aHook("tc_egress", "egress (out → pod)", entries)] })],
  }),
});
const LOST: EventBody = {
  ...{ type: "change.failed", ...about, unsure: true },
  error: { code: "connection-lost", message: "lost", hint: "" },
};
/** Off, and then nothing was heard any more. */
const unsure = (more: EventBody = LOST) => {
  journal.append([
    picture([stale, current]),
    { type: "change.planned", node: "n1", plan },
    { type: "change.approved", ...about },
    { type: "change.detached", ...about, exact: true, chain: [] },
    more,
  ]);
  return createChangeRecord(journal, "n1");
};

it("was put back when the next picture has it again, whenever that was taken", () => {
  const record = unsure();
  journal.append([picture([stale, current])]);
  const { events, again_in_ms } = record.settled(NOW + 1000);
  expect(again_in_ms).toBeNull();
  expect(events).toMatchObject([{ type: "change.restored", plan_id: "a", same: true }]);
  journal.append(events);
  expect(record.settled(NOW + 1000)).toEqual({ events: [], again_in_ms: null });
});

it("is looked at again while the node may still put it back, and only then it has stayed", () => {
  const record = unsure();
  journal.append([picture([current])]);
  const early = record.settled(NOW + 1000);
  expect(early).toEqual({ events: [], again_in_ms: 24_000 });
  expect(record.settled(NOW + 1000 + (early.again_in_ms ?? 0)).events).toEqual([{ type: "change.left", ...about }]);
});

it("is not taken for gone by a picture whose filters could not be read", () => {
  const record = unsure();
  const unread: SectionState = {
    ...{ section: "tc.filter", scope: "node", ok: false, exit: 1, ms: 1, bytes: 0, truncated: false, warnings: [] },
  };
  const late = NOW + 60_000;
  journal.append([picture([current], 1000, [unread])]);
  expect(record.settled(late)).toEqual({ events: [], again_in_ms: null });
  journal.append([picture([current], 1000, [{ ...unread, scope: "netns:4026532000" }])]);
  expect(record.settled(late).events).toEqual([{ type: "change.left", ...about }]);
});

it("is not waited for on a node that was started anew", () => {
  const record = unsure();
  journal.append([picture([current], 9000)]);
  expect(record.settled(NOW + 1000).events).toEqual([{ type: "change.left", ...about }]);
});

it("nothing is claimed before there is a picture, nor of changes whose end is known", () => {
  const record = createChangeRecord(journal, "n1");
  expect([record.picture(), record.settled(NOW)]).toEqual([null, { events: [], again_in_ms: null }]);
  unsure({ type: "change.confirmed", ...about, checks: [] });
  journal.append([picture([current])]);
  expect(record.settled(NOW)).toEqual({ events: [], again_in_ms: null });
  expect(record.picture()?.seq).toBe(journal.last_seq);
});

it.each<[string, EventBody[], string]>([
  ["that was confirmed has stayed", [{ type: "change.confirmed", ...about, checks: [] }], "left"],
  ["that was not is unsure", [], "unsure"],
  ["that was only planned is that still, and nobody can approve it", [], "planned"],
])("in a session that was not closed, a change %s", (_, more, phase) => {
  journal.append([{ type: "node.added", node: "n1", target: "t", label: "t", transport: "ssh" }]);
  if (phase === "planned") journal.append([{ type: "change.planned", node: "n1", plan }]);
  else unsure(more[0] ?? { type: "change.detached", ...about, exact: true, chain: [] });
  recoverSession(journal);
  expect(changesOf(journal, "n1").map((change) => change.phase)).toEqual([phase]);
});
