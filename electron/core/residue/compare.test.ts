import { describe, expect, it } from "vitest";
import { compareInventories } from "./compare.ts";
import { FOREIGN, inventory, map, marks, OWN, OWN_EARLIER, OWN_OTHER, process, program } from "./testdata.ts";
import type { NodeInventory } from "./types.ts";

/** Side and reason of each difference, as `kind change label`. */
function sides(after: Partial<NodeInventory>, before: Partial<NodeInventory> = {}, own = marks) {
  const { ours, theirs, unknown } = compareInventories(inventory(before), inventory(after), own);
  const told = (items: typeof ours) =>
    Object.fromEntries(items.map(({ kind, change, label, because }) => [`${kind} ${change} ${label}`, because]));
  return { ours: told(ours), theirs: told(theirs), unknown: told(unknown) };
}
const UNTOLD =
  "whose it is cannot be told: no process holds it, it is pinned nowhere, and its name is not one of bpfdesk's";

describe("what is ours", () => {
  it("is what a process with our tag holds, the process, and what hangs on either", () => {
    const pids = [{ pid: 7, comm: "bpftrace" }];
    expect(
      sides({
        processes: [process(7, OWN)],
        programs: [program(1, { name: "probe", map_ids: [2, 3] }), program(4, { name: "twin", pids })],
        links: [{ id: 9, type: "tracing", prog_id: 1, pids, pinned: [] }],
        maps: [map(2, { name: "counts" }), map(3, { name: "shared", pids: [{ pid: 8, comm: "top" }, ...pids] })],
      }).ours,
    ).toEqual({
      "process added bpftrace (pid 7)": "it carries the tag of this connection",
      'program added program 1 sched_cls "probe"':
        "link 9 keeps it: bpftrace (pid 7) holds it and carries the tag of this connection",
      'program added program 4 sched_cls "twin"': "bpftrace (pid 7) holds it and carries the tag of this connection",
      "link added link 9 tracing of program 1": "bpftrace (pid 7) holds it and carries the tag of this connection",
      'map added map 2 hash "counts"':
        'program 1 "probe" uses it: link 9 keeps it: bpftrace (pid 7) holds it and carries the tag of this connection',
      'map added map 3 hash "shared"': "bpftrace (pid 7) holds it and carries the tag of this connection",
    });
  });

  it("is what bears a name, a pin or a folder of ours", () => {
    const filter = "dev eth0 ingress pref 1 handle 0x1 bpf prog 1";
    expect(
      sides({
        programs: [program(1, { name: "bpfdesk_drops" })],
        maps: [map(2, { pinned: ["/sys/fs/bpf/bpfdesk_drops/events"] })],
        pins: ["/sys/fs/bpf/bpfdesk_drops/events"],
        filters: [filter],
        qdiscs: ["dev eth0 clsact", "dev eth01 clsact"],
        folders: [{ path: "/run/.bpfdesk-0", tag: null, uid: 0, since: null }],
      }),
    ).toEqual({
      ours: {
        'program added program 1 sched_cls "bpfdesk_drops"': "its name is one that bpfdesk gives",
        "map added map 2 hash": "it is pinned at /sys/fs/bpf/bpfdesk_drops/events, a path that bpfdesk gives",
        "pin added /sys/fs/bpf/bpfdesk_drops/events": "its path is one that bpfdesk gives",
        [`filter added ${filter}`]: 'its program 1 "bpfdesk_drops": its name is one that bpfdesk gives',
        "qdisc added dev eth0 clsact": `it carries filter ${filter}: its program 1 "bpfdesk_drops": its name is one that bpfdesk gives`,
        "folder added /run/.bpfdesk-0": "its name is one that bpfdesk gives",
      },
      theirs: {},
      unknown: { "qdisc added dev eth01 clsact": "whose it is cannot be told: a qdisc names nobody" },
    });
  });

  it("is not a folder of that name that a user of the node has made", () => {
    const path = "/tmp/.bpfdesk-0";
    expect(sides({ folders: [{ path, tag: null, uid: 1000, since: null }] })).toEqual({
      ours: {},
      theirs: { [`folder added ${path}`]: "its name is one that bpfdesk gives, but user 1000 made it" },
      unknown: {},
    });
  });

  it("includes what the connection left before it was made again, and a setting it has written", () => {
    const own = { ...marks, earlier: [OWN_EARLIER], wrote_bpf_stats: true };
    expect(sides({ processes: [process(7, OWN_EARLIER)], bpf_stats_enabled: 1 }, {}, own).ours).toEqual({
      "process added bpftrace (pid 7)": "it carries the tag of this connection before it was made again",
      "sysctl changed kernel.bpf_stats_enabled is 1 (was 0)": "bpfdesk wrote it on this connection",
    });
  });

  it("is no residue once it is gone", () => {
    const gone = { processes: [process(7, OWN)], programs: [program(1, { pids: [{ pid: 7, comm: "bpftrace" }] })] };
    expect(sides({}, gone)).toEqual({ ours: {}, theirs: {}, unknown: {} });
  });

  it("is named even where the kind could not be read whole, and nothing else is", () => {
    const after = { processes: [process(7, OWN), process(8, FOREIGN)], unread: ["process" as const] };
    expect(sides(after, { processes: [process(9, FOREIGN)] })).toEqual({
      ours: { "process added bpftrace (pid 7)": "it carries the tag of this connection" },
      theirs: {},
      unknown: {},
    });
  });
});

describe("what is others'", () => {
  it("is what their process holds or their pin keeps, with who that is", () => {
    const agent = [{ pid: 40, comm: "cilium-agent" }];
    expect(
      sides({
        programs: [program(1, { pids: agent }), program(2, { pinned: ["/sys/fs/bpf/tc/globals/x"] })],
        maps: [map(3, { pids: [{ pid: 9, comm: "bpftrace" }] })],
        processes: [process(9, FOREIGN)],
        bpf_stats_enabled: 1,
      }).theirs,
    ).toEqual({
      "program added program 1 sched_cls": "cilium-agent (pid 40), cilium, holds it",
      "program added program 2 sched_cls": "it is pinned at /sys/fs/bpf/tc/globals/x, a path that bpfdesk never gives",
      "map added map 3 hash": "bpftrace (pid 9), of another bpfdesk connection, holds it",
      "process added bpftrace (pid 9)": `it carries the tag of another bpfdesk (${FOREIGN})`,
      "sysctl changed kernel.bpf_stats_enabled is 1 (was 0)": "bpfdesk did not write it on this connection",
    });
  });

  it("is a filter the CNI has replaced, told as one change", () => {
    const place = "dev lxc1 ingress pref 1 handle 0x1";
    const code = { name: "cil_from_container", tag: "f00d" };
    const before = { programs: [program(10, code)], filters: [`${place} bpf prog 10`] };
    const after = { programs: [program(20, code)], filters: [`${place} bpf prog 20`] };
    const known = "a program of the same name and code was there before bpfdesk came";
    const report = sides(after, before);
    expect(report.theirs).toMatchObject({
      [`filter changed ${place} bpf prog 20 (was bpf prog 10)`]: `its program 20 "cil_from_container": ${known}`,
      'program added program 20 sched_cls "cil_from_container"': known,
    });
    expect(report.ours).toEqual({});
  });

  it("is a program whose maps are theirs", () => {
    const after = { programs: [program(1, { map_ids: [2] })], maps: [map(2, { name: "cilium_lxc" })] };
    expect(sides(after, { maps: after.maps }).theirs).toEqual({
      "program added program 1 sched_cls": 'it uses map 2 "cilium_lxc": its name is one that cilium gives',
    });
  });

  it("is what another connection of this bpfdesk does", () => {
    expect(sides({ processes: [process(7, OWN_OTHER)] }).theirs).toEqual({
      "process added bpftrace (pid 7)": `it carries the tag of another connection of this bpfdesk (${OWN_OTHER})`,
    });
  });
});

it("does not guess whose a thing without a sign is", () => {
  expect(sides({ programs: [program(1)], maps: [map(2)] }, { maps: [map(3)] }).unknown).toEqual({
    "program added program 1 sched_cls": UNTOLD,
    "map added map 2 hash": UNTOLD,
    "map removed map 3 hash": UNTOLD,
  });
});

it("says when it was that something could not be read", () => {
  const before = inventory({ blind: ["pins: no", "maps: no"], unread: ["pin", "map"] });
  const after = inventory({ blind: ["maps: no", "links: no"], unread: ["map", "link"] });
  expect(compareInventories(before, after, marks).blind).toEqual([
    "maps: no",
    "at connect: pins: no",
    "at disconnect: links: no",
  ]);
});
