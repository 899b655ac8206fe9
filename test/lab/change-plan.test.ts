/**
 * A change from plan to undo, on the lab's node over a real sshd: what the stale program did stops, exactly one attachment is
 * gone, and undo makes the chain what it was. What is there is read by tc and bpftool, what is lost by those who sent it.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ChangeNode, changeNode, entriesOf } from "../support/change-node.ts";
import { portableBpftool } from "./node/bpftool.ts";
import { faultInterface } from "./node/expected.ts";
import { type Lab, startLab } from "./node/lab.ts";

const DATAGRAMS = 100;

let lab: Lab;
let node: ChangeNode;
beforeAll(async () => {
  lab = await startLab({ pods: 4, faults: ["stale-filter", "duplicate-tcx"], ssh: true, bpftool: portableBpftool() });
  if (!lab.ssh) throw new Error("the lab has no sshd");
  node = await changeNode(lab.ssh);
}, 120_000);
afterAll(async () => {
  await node?.end();
  await lab?.stop();
});

const told = async (argv: readonly string[]) => {
  const { code, stdout, stderr } = await lab.run(argv);
  expect([argv.join(" "), code, stderr]).toEqual([argv.join(" "), 0, ""]);
  return JSON.parse(stdout) as unknown;
};
/** As tc and bpftool print it. */
const chains = async (ifname: string) => ({
  filters: [
    await told(["tc", "-j", "filter", "show", "dev", ifname, "ingress"]),
    await told(["tc", "-j", "filter", "show", "dev", ifname, "egress"]),
  ],
  net: await netOf(ifname),
  links: await told(["ip", "-j", "-d", "link", "show", "dev", ifname]),
});
/** Without links: what is put back has none. */
async function netOf(ifname: string) {
  const [net] = (await told(["bpftool", "-j", "net"])) as [
    { xdp: Record<string, unknown>[]; tc: Record<string, unknown>[] },
  ];
  const rows = [...net.xdp, ...net.tc].filter((row) => row.devname === ifname);
  return rows.map(({ kind, prog_id, id, mode, name }) => ({ kind, prog: prog_id ?? id, mode, name }));
}
/** Of datagrams sent to the pod. */
async function lost(ifname: string): Promise<number> {
  const flows = await lab.traffic({ towards: ifname, udp: DATAGRAMS, tcp: 1 });
  return flows.reduce((sum, { udp }) => sum + udp.sent - udp.answered, 0);
}

const settled = ["confirmed", "restored", "left", "failed", "unsure"];
const settles = (of = node) => of.untilChange(({ phase }) => settled.includes(phase));
/** Of the node's last picture. */
async function entries(count: number, ifname: string, hook: string) {
  const found = entriesOf(await node.picture(), ifname, hook);
  expect(found).toHaveLength(count);
  return found;
}

it("ends the loss of a stale filter, and undo brings back exactly what was there, the loss too", async () => {
  const ifname = faultInterface(lab.plan, "stale-filter") ?? "";
  const pod = lab.plan.pods.find(({ endpoint }) => endpoint?.ifname === ifname);
  const before = await chains(ifname);
  expect(await lost(ifname)).toBeGreaterThanOrEqual(DATAGRAMS / 50);
  const [stale, current] = await entries(2, ifname, "tc_egress");

  const change = await node.plan(stale?.key ?? "");
  expect(change.plan).toMatchObject({
    attachment: { mechanism: "clsact", direction: "egress", ifname, pref: 1, handle: 1, prog_id: stale?.prog_id },
    by_hand: `tc filter del dev ${ifname} egress pref 1 protocol all handle 0x1 bpf`,
    affects: {
      hook: `${ifname} egress (out → pod)`,
      pod: `${pod?.namespace}/${pod?.name}`,
      remains: [expect.stringContaining(`cil_to_container (id ${current?.prog_id})`)],
    },
    owner: {
      text: expect.stringMatching(/^cilium: /),
      will_probably: expect.stringMatching(/will probably not put (it|this one) back/),
    },
    risks: [],
    confirm: ifname,
  });
  await node.approve(change);
  const confirmed = await settles();
  expect(confirmed).toMatchObject({ phase: "confirmed", exact: true, can_undo: true, error: null });
  expect(confirmed.checks.join("\n")).toMatch(/answers a ping from the node, as before/);
  expect(await lost(ifname)).toBe(0);
  const after = await chains(ifname);
  expect(after.filters[0]).toEqual(before.filters[0]);
  expect(after.net).toEqual(before.net.filter(({ prog }) => prog !== stale?.prog_id));

  // The picture that is collected after it has only the other one, and there is nothing to do a second time.
  expect(await entries(1, ifname, "tc_egress")).toMatchObject([{ prog_id: current?.prog_id }]);
  await expect(node.plan(stale?.key ?? "")).rejects.toMatchObject({ data: { code: "no-such-entry" } });

  await node.undo(confirmed);
  const restored = await node.untilChange(({ phase }) => phase === "restored");
  expect(restored).toMatchObject({ restored: { reason: "undo", same: true }, can_undo: false, error: null });
  expect(await chains(ifname)).toEqual(before);
  expect(await lost(ifname)).toBeGreaterThanOrEqual(DATAGRAMS / 50);
  await expect(node.undo(confirmed)).rejects.toMatchObject({ data: { code: "cannot-undo" } });
});

it.each([
  ["a tcx program with a link", () => faultInterface(lab.plan, "duplicate-tcx") ?? "", "tc_egress", 1, 2],
  ["a native XDP program", () => "eth0", "xdp", 0, 1],
])("takes %s off and puts it back at its place", async (_, ifnameOf, hook, at, count) => {
  const ifname = ifnameOf();
  const before = await chains(ifname);
  const entry = (await entries(count, ifname, hook))[at];
  const change = await node.plan(entry?.key ?? "");
  expect(change.plan).toMatchObject({
    by_hand: `bpftool link detach id ${entry?.link_id}`,
    risks: expect.arrayContaining([expect.objectContaining({ code: "comes-back-without-link" })]),
  });
  await node.approve(change);
  const confirmed = await settles();
  expect(confirmed).toMatchObject({ phase: "confirmed", exact: true });
  const after = await chains(ifname);
  expect(after.filters).toEqual(before.filters);
  expect(after.net).toEqual(
    before.net.filter((_row, index) => index !== before.net.findLastIndex(({ prog }) => prog === entry?.prog_id)),
  );
  await node.undo(confirmed);
  expect(await node.untilChange(({ phase }) => phase === "restored")).toMatchObject({ restored: { same: true } });
  expect(await chains(ifname)).toEqual(before);
});

it("cannot be asked for in any other way than with the right word for the last plan of the last picture, once", async () => {
  const ifname = faultInterface(lab.plan, "stale-filter") ?? "";
  const before = await chains(ifname);
  const [stale, current] = await entries(2, ifname, "tc_egress");
  const { client, session_id } = node;
  const approve = (input: object) =>
    client.call("change.approve", { session_id, node: node.node, typed: ifname, plan_id: "", ...input });
  const refused = (asking: Promise<unknown>, code: string) => expect(asking).rejects.toMatchObject({ data: { code } });

  const replaced = await node.plan(current?.key ?? "");
  const change = await node.plan(stale?.key ?? "");
  const { plan_id } = change.plan;
  await refused(approve({ plan_id: replaced.plan.plan_id }), "no-such-plan");
  await refused(approve({ plan_id: "0123456789abcdef" }), "no-such-plan");
  for (const typed of ["", "yes", ifname.toUpperCase(), `${ifname} `]) {
    await refused(approve({ plan_id, typed }), "not-confirmed");
  }
  // A plan that is handed in is none: only ids are read.
  await refused(approve({ plan: { ...change.plan, plan_id: "mine" }, plan_id: "mine" }), "no-such-plan");
  await refused(client.call("change.undo", { session_id, node: node.node, plan_id }), "cannot-undo");
  // Another connection to the same node, in the same session, has made no plan.
  const other = await node.connectAgain();
  await refused(approve({ node: other, plan_id }), "no-such-plan");
  await client.call("node.disconnect", { session_id, node: other });
  // The node was looked at again since.
  await node.collect();
  await refused(approve({ plan_id }), "plan-outdated");
  expect(await chains(ifname)).toEqual(before);

  const again = await node.plan(stale?.key ?? "");
  // The same attachment of the same boot has the same plan.
  expect(again.plan.plan_id).toBe(plan_id);
  await node.approve(again);
  await refused(node.approve(again), "changing");
  const confirmed = await settles();
  expect(confirmed.phase).toBe("confirmed");
  await refused(node.approve(again), "no-such-plan");
});

it("stays when the node is left, which then cannot be taken back any more; nothing of it is there", async () => {
  const ifname = faultInterface(lab.plan, "stale-filter") ?? "";
  const closed = await node.leave();
  expect(closed).toMatchObject({ error: null, residue: [], residue_report: { ours: [] } });
  const change = await node.untilChange(({ phase }) => phase === "left");
  expect(change.can_undo).toBe(false);
  await expect(node.undo(change)).rejects.toMatchObject({ data: { code: "not-ready" } });
  expect(await told(["tc", "-j", "filter", "show", "dev", ifname, "egress"])).toHaveLength(2);
  const { stdout } = await lab.run(["sh", "-c", "cat /proc/[0-9]*/comm; ls -A /run"]);
  expect(stdout.split("\n").filter((line) => line.includes("bpfdesk"))).toEqual([]);
});
