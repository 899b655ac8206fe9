/** A change on a node that says what the test wants: what follows from it, and what is asked of the node. */
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BpfdeskError } from "../../core/errors.ts";
import type { EventBody, Privileges } from "../../core/journal/events.ts";
import { aDatapath, aHook, anEntry, anIface, aPod, aProgram } from "../../core/model/testdata/make.ts";
import type { ExecExit, ExecRequest, Execution, NodeTransport } from "../transport/types.ts";
import { createChanging } from "./changing.ts";
import type { PodAnswer } from "./checks.ts";

const TOOL = "/run/.bpfdesk-x/bpfdesk-change";
const POD = aPod("uid-1", { namespace: "shop", name: "cart" });
const datapath = aDatapath({
  pods: [POD],
  netns: [{ inode: "4026531840", name: null, host: true, pid: 1, pod: null }],
  programs: [aProgram(5), aProgram(9)],
  interfaces: [
    anIface(7, "lxc1", {
      ...{ pod: POD.key, pod_host_end: true },
      hooks: [
        aHook("tc_egress", "egress (out → pod)", [
          anEntry("stale", { prog_id: 5 }),
          anEntry("now", { pref: 2, prog_id: 9 }),
        ]),
      ],
    }),
    anIface(2, "eth0", { netns: "77", host_netns: false, pod: POD.key, addresses: ["fe80::1/64", "10.1.0.4/32"] }),
  ],
});
const filter = (pref: number, prog_id: number) => ({
  ...{ kind: "clsact", direction: "egress", position: 0, prog_id, pref, handle: 1, chain: 0, protocol: 3 },
  classifier: "bpf",
});
const BOTH = [filter(1, 5), filter(2, 9)];
const ONE = [filter(2, 9)];

/** As bpfdesk-change counts them. */
const RUNS = '{"record":"runs","runs":60,"ms":2000}\n';

interface Tool {
  said: string[];
  tell(record: string, more?: object): void;
  end(exit?: ExecExit): void;
  lose(): void;
}

let events: EventBody[];
let tool: Tool | null;
let seq: number;
let pod: PodAnswer[];
let stands: boolean;
let looks: number;

beforeEach(() => {
  events = [];
  tool = null;
  seq = 7;
  pod = ["answered", "answered"];
  stands = true;
  looks = 0;
});
const closing: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function execution(
  stdout: PassThrough,
  said: string[],
  exited: Promise<ExecExit>,
  end: (word: string) => void,
): Execution {
  const stderr = new PassThrough();
  stderr.end();
  exited.catch(() => {});
  return {
    ...{ stdout, stderr, exited },
    cancel: () => end("cancel"),
    interrupt: () => said.push("interrupt"),
    say: (word) => said.push(word),
  };
}

function answer(text: string): Execution {
  const stdout = new PassThrough();
  stdout.end(text);
  return execution(stdout, [], Promise.resolve({ code: 0, signal: null }), () => {});
}

async function exec(request: ExecRequest): Promise<Execution> {
  if (request.record_key === "change-ask")
    return answer("boot-1\n10.0.0.9 5 10.0.0.5 22\n10.0.0.9 dev eth9 src 10.0.0.5\n");
  if (request.record_key === "change-runs") return answer(RUNS);
  if (request.record_key === "probe") {
    if (!stands) throw new BpfdeskError({ code: "connection-lost", message: "lost", hint: "" });
    return answer("");
  }
  const stdout = new PassThrough();
  const said: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<ExecExit>();
  const end = (exit: ExecExit = { code: 0, signal: null }) => {
    stdout.end();
    resolve(exit);
  };
  tool = {
    said,
    end,
    tell: (record, more = {}) => void stdout.write(`${JSON.stringify({ record, ...more })}\n`),
    lose() {
      stdout.end();
      reject(new BpfdeskError({ code: "connection-lost", message: "The connection was lost.", hint: "" }));
    },
  };
  return execution(stdout, said, promise, () => end({ code: null, signal: "TERM" }));
}

function changing(options: { kind?: NodeTransport["kind"]; privileges?: Privileges; lease_s?: number } = {}) {
  const { kind = "ssh", privileges = "root", lease_s = 20 } = options;
  const transport: NodeTransport = {
    ...{ kind, host: "root@node-1:22", user: "root", privileges, exec },
    upload: async () => {},
    shellLine: () => "",
    onLost: () => {},
    close: async () => {},
  };
  const made = createChanging({
    ...{ node: "n1", transport, beforeLending: async () => {} },
    work: {
      lend: async () => ({ path: TOOL, gone: false, remove: async () => [] }),
      askPod: async () => pod.shift() ?? "cannot_tell",
      lease_s,
    },
    reserve: () => "c1",
    record: { seq: () => seq, picture: () => ({ seq, datapath }), settled: () => ({ events: [], again_in_ms: null }) },
    tell: (...more) => void events.push(...more),
    lookAgain: () => {
      looks += 1;
    },
  });
  closing.push(() => tool?.end());
  return made;
}

/** Lets everything that can happen happen. */
async function told(type: EventBody["type"], count = 1): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    if (events.filter((event) => event.type === type).length >= count) return;
    await new Promise(setImmediate);
  }
  throw new Error(`${type} was not told, but ${events.map((event) => event.type).join(", ")}`);
}
async function running(): Promise<Tool> {
  for (let turn = 0; turn < 2000 && tool === null; turn++) await new Promise(setImmediate);
  if (tool === null) throw new Error("it was not started");
  return tool;
}
async function said(by: Tool, word: string): Promise<void> {
  for (let turn = 0; turn < 2000 && !by.said.includes(word); turn++) await new Promise(setImmediate);
  expect(by.said).toContain(word);
}
/** Until it is off. */
async function detached(of = changing()): Promise<{ of: ReturnType<typeof changing>; plan_id: string; tool: Tool }> {
  const { plan_id } = await of.plan("stale");
  of.approve(plan_id, "lxc1");
  const running_tool = await running();
  running_tool.tell("armed", { chain: BOTH });
  await said(running_tool, "go");
  running_tool.tell("detached", { chain: ONE, exact: true });
  await told("change.detached");
  return { of, plan_id, tool: running_tool };
}
const types = () => events.map(({ type }) => type.replace("change.", ""));
const last = () => events.at(-1);

it("is planned with what the node says of its boot, its routes and how often the program runs", async () => {
  const { plan_id } = await changing().plan("stale");
  expect(last()).toMatchObject({ plan: { plan_id, affects: { packets_per_s: 30 }, confirm: "lxc1", lease_s: 20 } });
  expect(plan_id).toMatch(/^[0-9a-f]{16}$/);
});

describe("a change", () => {
  it("is confirmed when the node answers, the chain is what remains, and the pod answers as before", async () => {
    const { of, plan_id, tool } = await detached();
    await said(tool, "confirm");
    tool.tell("confirmed");
    await told("change.confirmed");
    expect(types()).toEqual(["planned", "approved", "armed", "detached", "confirmed"]);
    expect(last()).toMatchObject({
      checks: [
        expect.stringContaining("exactly that attachment is gone"),
        expect.stringContaining("answered over the same connection"),
        "The pod shop/cart (10.1.0.4) answers a ping from the node, as before.",
      ],
    });
    expect(looks).toBe(1);
    of.undo(plan_id);
    await said(tool, "undo");
    tool.tell("restored", { chain: BOTH, reason: "undo", same: true });
    tool.end();
    await told("change.restored");
    expect(last()).toMatchObject({ reason: "undo", same: true });
    expect(() => of.undo(plan_id)).toThrow("nothing that bpfdesk could take back");
  });

  it.each<[string, () => void, object, string]>([
    ["the pod does not answer any more", () => (pod = ["answered", "silent"]), {}, "does not any more"],
    ["the node does not answer", () => (stands = false), {}, "did not answer over the same connection"],
    ["something else has changed with it", () => {}, { exact: false }, "something else has changed"],
    ["something else is gone", () => {}, { chain: [] }, "something else has changed"],
  ])("is taken back at once when %s, and that is said", async (_, wrong, more, why) => {
    wrong();
    const of = changing();
    const { plan_id } = await of.plan("stale");
    of.approve(plan_id, "lxc1");
    const tool = await running();
    tool.tell("armed", { chain: BOTH });
    await said(tool, "go");
    tool.tell("detached", { chain: ONE, exact: true, ...more });
    await said(tool, "undo");
    tool.tell("restored", { chain: BOTH, reason: "undo", same: true });
    tool.end();
    await told("change.restored");
    expect(events.at(-2)).toMatchObject({
      ...{ type: "change.failed", unsure: false },
      error: { code: "checks-failed", message: expect.stringContaining(why) },
    });
    expect(last()).toMatchObject({ type: "change.restored", reason: "checks" });
    expect(tool.said).not.toContain("confirm");
  });

  it.each<[string, PodAnswer[]]>([
    ["it did not answer before either", ["silent"]],
    ["nothing there could ask", ["cannot_tell"]],
    ["the question did not come through", ["answered", "cannot_tell"]],
  ])("is confirmed, and says that it cannot tell of the pod, when %s", async (_, answers) => {
    pod = answers;
    const { tool } = await detached();
    await said(tool, "confirm");
    tool.tell("confirmed");
    await told("change.confirmed");
    expect(last()).toMatchObject({
      checks: expect.arrayContaining([expect.stringMatching(/^Cannot tell whether pod shop/)]),
    });
  });

  it("is not begun when the picture does not show what is there", async () => {
    const of = changing();
    const { plan_id } = await of.plan("stale");
    of.approve(plan_id, "lxc1");
    const tool = await running();
    tool.tell("armed", { chain: [...BOTH, filter(3, 11)] });
    await said(tool, "interrupt");
    tool.tell("disarmed");
    tool.end();
    await told("change.failed");
    expect(last()).toMatchObject({ unsure: false, error: { code: "picture-differs" } });
    expect(tool.said).toEqual(["interrupt"]);
  });

  it("that the node refuses is told in the node's words", async () => {
    const of = changing();
    const { plan_id } = await of.plan("stale");
    of.approve(plan_id, "lxc1");
    const tool = await running();
    tool.tell("error", { code: "not-armed", message: "it is not attached there any more", hint: "Look again." });
    tool.end({ code: 1, signal: null });
    await told("change.failed");
    expect(last()).toMatchObject({
      unsure: false,
      error: { code: "not-armed", message: "root@node-1:22: it is not attached there any more" },
    });
  });

  it("whose end nobody heard is unsure, and the node is looked at", async () => {
    pod = ["answered"];
    const of = changing();
    const { tool } = await detached(of);
    await said(tool, "confirm");
    tool.end({ code: null, signal: "KILL" });
    await told("change.failed");
    expect(last()).toMatchObject({ unsure: true, error: { code: "no-word" } });
    expect(looks).toBe(1);
  });

  it("is unsure before it was confirmed and stays after that when the connection is lost", async () => {
    const first = await detached();
    first.tool.lose();
    expect(await first.of.lost()).toEqual([expect.stringContaining("was not confirmed")]);
    expect(last()).toMatchObject({ type: "change.failed", unsure: true, error: { code: "connection-lost" } });
    events = [];
    tool = null;
    pod = ["answered", "answered"];
    const second = await detached();
    await said(second.tool, "confirm");
    second.tool.tell("confirmed");
    await told("change.confirmed");
    second.tool.lose();
    expect(await second.of.lost()).toEqual([]);
    expect(last()).toMatchObject({ type: "change.left" });
  });

  it("that was put back by the node meanwhile is told as that", async () => {
    pod = ["answered"];
    const { tool } = await detached();
    tool.tell("restored", { chain: BOTH, reason: "lease", same: true });
    tool.end();
    await told("change.restored");
    expect(last()).toMatchObject({ reason: "lease" });
  });
});

describe("nothing is done", () => {
  const code = (wanted: string) => expect.objectContaining({ data: expect.objectContaining({ code: wanted }) });

  it("on a record, nor without root", async () => {
    await expect(changing({ kind: "replay" }).plan("stale")).rejects.toEqual(code("not-live"));
    await expect(changing({ privileges: "none" }).plan("stale")).rejects.toEqual(code("no-root"));
    await expect(changing({ privileges: "sudo_some" }).plan("stale")).rejects.toEqual(code("no-root"));
    expect(() => changing({ kind: "replay" }).approve("id", "lxc1")).toThrow(code("not-live"));
    expect(events).toEqual([]);
  });

  it("while a change is under way, nor with a picture of before it", async () => {
    const { of, tool, plan_id } = await detached();
    await expect(of.plan("stale")).rejects.toEqual(code("changing"));
    expect(() => of.approve(plan_id, "lxc1")).toThrow(code("changing"));
    await said(tool, "confirm");
    tool.tell("confirmed");
    await told("change.confirmed");
    await expect(of.plan("now")).rejects.toEqual(code("picture-outdated"));
    seq += 1;
    await expect(of.plan("now")).resolves.toEqual({ plan_id: expect.any(String) });
  });

  it("about what was taken off before and is there again, as long as the earlier change is held", async () => {
    const { of, tool, plan_id } = await detached();
    await said(tool, "confirm");
    tool.tell("confirmed");
    await told("change.confirmed");
    seq += 1;
    await expect(of.plan("stale")).rejects.toEqual(code("still-held"));
    of.undo(plan_id);
    tool.tell("restored", { chain: BOTH, reason: "undo", same: true });
    tool.end();
    await told("change.restored");
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    seq += 1;
    await expect(of.plan("stale")).resolves.toEqual({ plan_id });
  });

  it("with another word, another plan, an older picture, or a second time", async () => {
    const of = changing();
    expect(() => of.approve("id", "lxc1")).toThrow(code("no-such-plan"));
    const { plan_id } = await of.plan("stale");
    expect(() => of.approve(plan_id, "LXC1")).toThrow(code("not-confirmed"));
    expect(() => of.approve(`${plan_id}0`, "lxc1")).toThrow(code("no-such-plan"));
    seq += 1;
    expect(() => of.approve(plan_id, "lxc1")).toThrow(code("plan-outdated"));
    const again = await of.plan("stale");
    expect(again.plan_id).toBe(plan_id);
    await of.end(0);
    expect(() => of.approve(plan_id, "lxc1")).toThrow(code("no-such-plan"));
    expect(tool).toBeNull();
  });
});
