import { describe, expect, it } from "vitest";
import { layoutPicture } from "../../../electron/core/layout/picture.ts";
import { FOLD } from "../../../electron/core/layout/types.ts";
import { bigNode, NODE_SIZES } from "../../../test/support/big-node.ts";
import { keyOf, type Move, moveFrom, rowsBetween } from "./navigate.ts";

const datapath = bigNode(NODE_SIZES.deep);
const layout = layoutPicture(datapath, {
  open: new Set(datapath.programs.flatMap((program) => program.attached.map(FOLD.tails))),
  show_maps: false,
  visible: null,
  previous: null,
  wrap_width: 1000,
});

function walk(from: string, ...moves: Move[]): (string | undefined)[] {
  let place = layout.index.get(from) ?? { row: 0, box: null };
  return moves.map((move) => {
    place = moveFrom(layout, place, move);
    const row = layout.rows[place.row];
    return place.box === null ? row?.head.title : row?.boxes[place.box]?.title;
  });
}

describe("the keyboard's way", () => {
  const uplink = datapath.interfaces.find((iface) => iface.name === "eth0" && iface.host_netns)?.key ?? "";

  it("follows packet order from the interface's name to its last hook, and back", () => {
    expect(walk(uplink, "right", "right", "right", "right", "left", "row_start")).toEqual([
      "cil_xdp_entry",
      "cil_from_netdev",
      "cil_to_netdev",
      "cil_to_netdev",
      "cil_from_netdev",
      "eth0",
    ]);
  });

  it("keeps its column when it goes to the next interface", () => {
    expect(walk(uplink, "right", "right", "down", "down", "up")).toEqual([
      "cil_xdp_entry",
      "cil_from_netdev",
      "cil_to_host",
      "cil_to_host",
      "cil_to_host",
    ]);
  });

  it("goes down into an opened pipeline before it leaves the row", () => {
    const lxc = datapath.interfaces.find((iface) => iface.pod_host_end)?.key ?? "";
    expect(walk(lxc, "right", "down")).toEqual(["cil_from_container", "tail_handle_ipv4"]);
  });

  it("reaches every box and every row's name by going right", () => {
    const reached = new Set<string | null>();
    for (const row of layout.rows.keys()) {
      let place = { row, box: null as number | null };
      for (let step = 0; step <= (layout.rows[row]?.boxes.length ?? 0); step++) {
        reached.add(keyOf(layout, place));
        place = moveFrom(layout, place, "right");
      }
    }
    expect(reached).toEqual(new Set(layout.rows.flatMap((row) => [row.key, ...row.boxes.map((box) => box.key)])));
  });

  it("stays inside the picture at every edge", () => {
    const last = moveFrom(layout, { row: 0, box: null }, "last");
    expect(moveFrom(layout, last, "page_down").row).toBe(layout.rows.length - 1);
    expect(moveFrom(layout, { row: 0, box: null }, "up")).toEqual({ row: 0, box: null });
    expect(moveFrom(layout, { row: 9999, box: 3 }, "down")).toEqual({ row: 0, box: null });
  });
});

describe("the rows in sight", () => {
  it("are exactly those that touch the band", () => {
    for (const [top, bottom] of [
      [0, 1],
      [100, 700],
      [layout.height - 1, layout.height + 500],
      [-500, layout.height + 500],
    ] as const) {
      const { from, to } = rowsBetween(layout.rows, top, bottom);
      const touching = layout.rows.flatMap((row, at) => (row.y + row.height > top && row.y < bottom ? [at] : []));
      expect(Array.from({ length: to - from }, (_, step) => from + step)).toEqual(touching);
    }
  });

  it("are none behind the end", () => {
    const { from, to } = rowsBetween(layout.rows, layout.height + 10, layout.height + 20);
    expect(to - from).toBe(0);
  });
});
