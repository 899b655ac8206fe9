import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bigNode, NODE_SIZES } from "../../../test/support/big-node.ts";
import type { Datapath, HookEntry } from "../model/types.ts";
import { layoutPicture } from "./picture.ts";
import { foldsToShow } from "./reveal.ts";
import { FOLD, type PictureLayout, type PictureOptions, type Rect } from "./types.ts";

const DEFAULTS: PictureOptions = {
  open: new Set(),
  show_maps: false,
  visible: null,
  previous: null,
  wrap_width: 1000,
};

const draw = (datapath: Datapath, options: Partial<PictureOptions> = {}) =>
  layoutPicture(datapath, { ...DEFAULTS, ...options });

function entriesOf(datapath: Datapath): HookEntry[] {
  return datapath.interfaces.flatMap((iface) => iface.hooks.flatMap((hook) => hook.entries));
}

/** Every fold there is, so that everything is drawn. */
function everythingOpen(datapath: Datapath): Set<string> {
  const keys = entriesOf(datapath).flatMap(({ key }) => [
    FOLD.tails(key),
    ...Array.from({ length: 12 }, (_, depth) => FOLD.layer(key, depth)),
  ]);
  return new Set([...keys, FOLD.idle]);
}

function overlaps(rects: readonly (Rect & { key: string })[]): string[] {
  const found: string[] = [];
  const sorted = rects.toSorted((a, b) => a.x - b.x);
  for (const [index, a] of sorted.entries())
    for (const b of sorted.slice(index + 1)) {
      if (b.x >= a.x + a.w) break;
      if (a.y < b.y + b.h && b.y < a.y + a.h) found.push(`${a.key} over ${b.key}`);
    }
  return found;
}

function allOverlaps(picture: PictureLayout): string[] {
  return picture.rows.flatMap((row) => [
    ...overlaps(row.boxes),
    ...overlaps(row.tracks),
    ...row.boxes.filter((box) => box.y + box.h > row.height || box.x < picture.head_width).map((box) => box.key),
  ]);
}

describe("order", () => {
  it("draws each hook's programs from left to right in the order the kernel runs them", () => {
    const datapath = bigNode(NODE_SIZES.small);
    const picture = draw(datapath);
    for (const iface of datapath.interfaces)
      for (const hook of iface.hooks) {
        const places = hook.entries.map((entry) => {
          const place = picture.index.get(entry.key);
          return place?.box == null ? undefined : picture.rows[place.row]?.boxes[place.box]?.x;
        });
        expect(places).toEqual(places.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
        expect(places).not.toContain(undefined);
      }
  });

  it("puts XDP before TC ingress before TC egress on every interface", () => {
    const picture = draw(bigNode(NODE_SIZES.small));
    const uplink = picture.rows.find((row) => row.head.title === "eth0");
    expect(uplink?.tracks.toSorted((a, b) => a.x - b.x).map((track) => track.title)).toEqual([
      "XDP",
      "TC ingress",
      "TC egress",
    ]);
  });

  it("puts what comes in from a netkit pair's peer above TC ingress, and what goes out to it above TC egress", () => {
    const tc = bigNode({ ...NODE_SIZES.small, findings: 0 });
    const [netkit, ...others] = tc.interfaces.filter(({ pod_host_end }) => pod_host_end);
    const over = { tc_ingress: "netkit_peer", tc_egress: "netkit_primary" } as const;
    const hooks = netkit?.hooks.map((one) => ({ ...one, hook: over[one.hook as keyof typeof over] ?? one.hook }));
    const interfaces = tc.interfaces.map((one) =>
      one === netkit && hooks ? { ...one, hooks: hooks.toReversed() } : one,
    );
    const picture = draw({ ...tc, interfaces });
    const starts = (title: string) =>
      new Set(picture.rows.flatMap(({ tracks }) => tracks.filter((one) => one.title === title).map(({ x }) => x)));
    expect(others.length).toBeGreaterThan(0);
    expect([...starts("netkit peer")]).toHaveLength(1);
    for (const x of starts("netkit peer")) expect(starts("TC ingress")).toContain(x);
    for (const x of starts("netkit primary")) expect(starts("TC egress")).toContain(x);
  });

  it("lines up the same hook of all pods in one column", () => {
    const picture = draw(bigNode({ ...NODE_SIZES.small, findings: 0 }));
    const starts = picture.rows
      .filter((row) => row.head.title.includes("/") && row.kind === "interface")
      .flatMap((row) => row.tracks.filter((track) => track.title === "TC ingress").map((track) => track.x));
    expect(new Set(starts).size).toBe(1);
  });
});

describe("completeness", () => {
  it("shows every attachment exactly once", () => {
    const datapath = bigNode(NODE_SIZES.busy);
    const picture = draw(datapath, { open: everythingOpen(datapath), show_maps: true });
    const drawn = picture.rows
      .flatMap((row) => row.boxes.filter((box) => box.kind === "entry" || box.kind === "attachment"))
      .map((box) => box.key);
    const attached = [...entriesOf(datapath), ...datapath.cgroups, ...datapath.tracing].map(({ key }) => key);
    expect(drawn.toSorted()).toEqual(attached.toSorted());
  });

  it("shows each program of an opened pipeline once, also when the calls go round in a circle", () => {
    const datapath = bigNode(NODE_SIZES.deep);
    const calls = new Map<number, number[]>();
    for (const call of datapath.tail_calls) calls.set(call.from, [...(calls.get(call.from) ?? []), call.to]);
    const entry = entriesOf(datapath).find(({ prog_id }) => prog_id !== null && calls.has(prog_id));
    if (!entry || entry.prog_id === null) throw new Error("the node has no tail calls");
    const reached = new Set<number>();
    const follow = (id: number) => {
      for (const to of calls.get(id) ?? []) {
        if (reached.has(to)) continue;
        reached.add(to);
        follow(to);
      }
    };
    follow(entry.prog_id);
    reached.delete(entry.prog_id);
    const picture = draw(datapath, { open: everythingOpen(datapath) });
    const drawn = picture.rows
      .flatMap((row) => row.boxes)
      .filter((box) => box.kind === "program" && box.key.startsWith(`${entry.key}>`))
      .map((box) => box.subject);
    expect(drawn.toSorted()).toEqual([...reached].map((id) => `prog:${id}`).toSorted());
  });

  it("never lets two boxes or two frames overlap", () => {
    const sizes = fc.record({
      interfaces: fc.integer({ min: 1, max: 40 }),
      programs: fc.integer({ min: 10, max: 160 }),
      pods: fc.integer({ min: 0, max: 20 }),
      egress_pods: fc.integer({ min: 0, max: 20 }),
      inner_pods: fc.integer({ min: 0, max: 4 }),
      findings: fc.integer({ min: 0, max: 8 }),
    });
    fc.assert(
      fc.property(sizes, fc.boolean(), fc.boolean(), fc.integer({ min: 300, max: 2400 }), (size, maps, open, width) => {
        const datapath = bigNode(size);
        const options = { show_maps: maps, wrap_width: width };
        const picture = draw(datapath, open ? { ...options, open: everythingOpen(datapath) } : options);
        expect(allOverlaps(picture)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it("gives equal pictures for equal nodes", () => {
    expect(draw(bigNode(NODE_SIZES.busy))).toEqual(draw(bigNode(NODE_SIZES.busy)));
  });
});

describe("folding", () => {
  it("keeps interfaces with nothing attached in one row until it is opened", () => {
    const datapath = bigNode(NODE_SIZES.huge);
    const closed = draw(datapath);
    expect(closed.rows.filter((row) => row.kind === "idle")).toEqual([]);
    expect(closed.rows.find((row) => row.fold?.key === FOLD.idle)?.head.title).toBe(
      "97 interfaces with nothing attached",
    );
    const open = draw(datapath, { open: new Set([FOLD.idle]) });
    expect(open.rows.filter((row) => row.kind === "idle")).toHaveLength(97);
  });

  it("does not say that nothing is attached where that could not be seen", () => {
    const datapath = bigNode(NODE_SIZES.huge);
    const unseen = { ...datapath, node: { ...datapath.node, root: false } };
    const { rows } = draw(unseen, { open: new Set([FOLD.idle]) });
    expect(rows.find((row) => row.fold?.key === FOLD.idle)?.head.title).toBe(
      "97 interfaces with nothing seen attached",
    );
    const idle = rows.filter((row) => row.kind === "idle");
    expect(idle.filter(({ head }) => !head.detail.endsWith("nothing seen attached"))).toEqual([]);
  });

  it("keeps a bare interface in sight when a finding is about it", () => {
    const datapath = bigNode(NODE_SIZES.tiny);
    const idle = datapath.interfaces.find((iface) => iface.host_netns && iface.hooks.length === 0);
    if (!idle) throw new Error("the node has no idle interface");
    const finding = { ...firstFinding(datapath), id: "missing-clsact", subject: idle.key };
    const picture = draw({ ...datapath, findings: [finding] });
    const row = picture.rows.find((candidate) => candidate.subject === idle.key);
    expect({ kind: row?.kind, badge: row?.badge?.text }).toEqual({ kind: "interface", badge: "critical" });
  });

  it("folds a whole group and keeps its heading", () => {
    const picture = draw(bigNode(NODE_SIZES.small), { open: new Set([FOLD.group("pods")]) });
    expect(picture.rows.filter((row) => row.level === 1).map((row) => [row.head.title, row.fold?.open])).toEqual([
      ["Node", true],
      ["Pods", false],
      ["5 interfaces with nothing attached", false],
      ["Cgroups", true],
      ["Other hooks", true],
      ["Loose", true],
    ]);
  });

  it("names the folds that hide a thing, and opening them shows it", () => {
    const datapath = bigNode(NODE_SIZES.busy);
    const called = datapath.programs.find((program) => program.id === datapath.tail_calls.at(-1)?.to);
    const idle = datapath.interfaces.find((iface) => iface.host_netns && iface.hooks.length === 0);
    const map = datapath.maps.find((candidate) => candidate.used_by.length > 0);
    const closed = draw(datapath);
    for (const thing of [called, idle, map]) {
      if (!thing) throw new Error("the node lacks something to hide");
      expect(closed.index.has(thing.key)).toBe(false);
      expect(draw(datapath, { open: new Set(foldsToShow(datapath, thing.key)) }).index.has(thing.key)).toBe(true);
    }
  });

  it("shows a crowded layer of a pipeline as some boxes and the number of the others", () => {
    const datapath = bigNode(NODE_SIZES.tiny);
    const entry = entriesOf(datapath).find(({ prog_id }) => datapath.tail_calls.some((call) => call.from === prog_id));
    if (!entry || entry.prog_id === null) throw new Error("the node has no tail calls");
    const from = entry.prog_id;
    const crowd = datapath.programs.slice(0, 13).map(({ id }, index) => ({ from, map_id: 10, index, to: id }));
    const crowded = { ...datapath, tail_calls: crowd.filter((call) => call.to !== from) };
    const picture = draw(crowded, { open: new Set([FOLD.tails(entry.key)]) });
    const stages = picture.rows.flatMap((row) => row.boxes).filter((box) => box.key.startsWith(`${entry.key}>`));
    expect(stages.filter((box) => box.kind === "program")).toHaveLength(7);
    expect(stages.find((box) => box.kind === "more")?.title).toBe(`${crowded.tail_calls.length - 7} more programs`);
  });
});

describe("signs", () => {
  it("puts a finding's sign on the box it is about and marks where it is", () => {
    const datapath = bigNode(NODE_SIZES.small);
    const picture = draw(datapath);
    for (const [finding, { subject, severity }] of datapath.findings.entries()) {
      const place = picture.index.get(subject);
      const box = place?.box == null ? undefined : picture.rows[place.row]?.boxes[place.box];
      expect(box?.badge).toMatchObject({ finding, severity, text: severity });
    }
    expect(picture.marks.map((mark) => mark.badge.finding).toSorted()).toEqual([0, 1]);
  });

  it("keeps a finding about the node itself for the picture's head", () => {
    const datapath = bigNode(NODE_SIZES.tiny);
    const about = { ...firstFinding(datapath), id: "no-btf", subject: "node", severity: "info" as const };
    expect(draw({ ...datapath, findings: [about] }).node_badge).toMatchObject({ finding: 0, severity: "info" });
  });

  it("says in words that a program never runs", () => {
    const datapath = bigNode(NODE_SIZES.small);
    const dead = draw(datapath)
      .rows.flatMap((row) => row.boxes)
      .filter((box) => box.reachable === "no");
    expect(dead.map((box) => box.line)).toEqual(["never runs"]);
    expect(dead[0]?.label).toContain("never runs, the filter at pref 2 never returns TC_ACT_UNSPEC; run_cnt 0");
  });

  it("draws no way on behind a program that always ends the chain", () => {
    const datapath = bigNode(NODE_SIZES.small);
    const row = draw(datapath).rows.find((candidate) => candidate.boxes.some((box) => box.reachable === "no"));
    const kinds = row?.arrows.filter((arrow) => arrow.kind === "never" || arrow.kind === "next");
    expect(kinds?.map(({ kind, text }) => ({ kind, text }))).toContainEqual({ kind: "never", text: "ends" });
  });
});

describe("filter and comparison", () => {
  it("keeps the neighbours of a match, dimmed, because the order is the point", () => {
    const datapath = bigNode(NODE_SIZES.small);
    const iface = datapath.interfaces.find((candidate) => candidate.hooks.some((hook) => hook.entries.length > 2));
    const hook = iface?.hooks.find((candidate) => candidate.entries.length > 2);
    const wanted = hook?.entries[1]?.key;
    if (!iface || !hook || !wanted) throw new Error("the node has no long chain");
    const picture = draw(datapath, { visible: new Set([wanted]) });
    const rows = picture.rows.filter((row) => row.kind === "interface");
    expect(rows.map((row) => row.subject)).toEqual([iface.key]);
    const inHook = rows[0]?.boxes.filter((box) => hook.entries.some(({ key }) => key === box.key));
    expect(inHook?.map((box) => box.dim)).toEqual([true, false, true]);
    expect(picture.counts.hidden).toBeGreaterThan(0);
  });

  it("shows the rows whose pipelines lead to a program the filter names", () => {
    const datapath = bigNode(NODE_SIZES.busy);
    const call = datapath.tail_calls[0];
    const picture = draw(datapath, { visible: new Set([`prog:${call?.to}`]) });
    const rows = picture.rows.filter((row) => row.kind === "interface");
    expect(rows).toHaveLength(1);
    expect(rows[0]?.boxes.some((box) => box.id_text === `#${call?.from}`)).toBe(true);
  });

  it("marks what came, keeps what went in its place, and leaves the rest unmarked", () => {
    const before = bigNode(NODE_SIZES.small);
    const now = bigNode(NODE_SIZES.small);
    const host = now.interfaces.find((iface) => iface.name === "cilium_host");
    const uplink = now.interfaces.find((iface) => iface.name === "eth0");
    const tc = uplink?.hooks.find((hook) => hook.hook === "tc_ingress");
    const gone = host?.hooks[0]?.entries.shift();
    const entry = tc?.entries[0];
    if (!gone || !entry || !tc) throw new Error("the node lacks cilium_host or eth0");
    tc.entries.push({ ...entry, key: "new", order: 2 });
    const marked = draw(now, { previous: before })
      .rows.flatMap((row) => row.boxes)
      .filter((box) => box.change !== null)
      .map(({ key, change, order }) => ({ key, change, order }));
    expect(marked).toEqual([
      { key: "new", change: "came", order: 2 },
      { key: gone.key, change: "went", order: null },
    ]);
  });
});

function firstFinding(datapath: Datapath): Datapath["findings"][number] {
  const [finding] = datapath.findings;
  if (!finding) throw new Error("the node has no finding");
  return finding;
}
