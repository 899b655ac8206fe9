/** A node's life while its connection stands, with connections that are played and a clock that is turned. */
import { describe, expect, it } from "vitest";
import { connection, pass, playedNode } from "../../../test/support/played-node.ts";

const life = playedNode();
const { ofType, start, state } = life;

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
    const left = life.node.disconnect("bye", 5000);
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
