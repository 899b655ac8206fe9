/** Where trying alone does not help: what waits for a person, what a person ends, and what is left then. */
import { describe, expect, it } from "vitest";
import {
  connection,
  fails,
  failure,
  HOUR,
  type Play,
  pass,
  playedNode,
  slow,
} from "../../../test/support/played-node.ts";

const life = playedNode();
const { ofType, start, state } = life;

describe("what would fail at every try", () => {
  const refusals = [
    "auth-failed",
    "cancelled",
    "host-key-changed",
    "host-key-revoked",
    "host-key-rejected",
    "ssh-config",
    "sudo-password-wrong",
    "internal",
  ];
  for (const code of refusals) {
    it(`waits for a person: ${code}`, async () => {
      const one = connection();
      const played = start([one.stands, fails(code), connection().stands]);
      await pass();
      one.lose();
      await pass(HOUR);
      expect(played.tries).toHaveLength(2);
      expect(state()).toMatchObject({ phase: "waiting", error: { code }, reconnect: { attempt: 1, retry_at: null } });
      life.node.wake();
      await pass(HOUR);
      expect(played.tries).toHaveLength(2);
      life.node.reconnect();
      await pass();
      expect(state()).toMatchObject({ phase: "ready", error: null });
    });
  }

  const password = { kind: "password" as const, user: "root", host: "node-1", attempt: 1 };
  const asks: Play = async ({ onPhase, ask }) => {
    onPhase("authenticating", "as root");
    await ask(password);
    return connection().stands();
  };

  it("is asked once and waited for without a limit", async () => {
    const one = connection();
    const played = start([one.stands, asks]);
    await pass();
    one.lose();
    await pass(24 * HOUR);
    expect([played.tries.length, ofType("connection.prompt").length]).toEqual([2, 1]);
    life.node.answer(state()?.prompt?.prompt_id ?? "", { accept: true, values: ["x"] });
    await pass();
    expect(state()).toMatchObject({ phase: "ready", prompt: null });
  });

  it("is not asked again when the node hangs up meanwhile; the question goes away", async () => {
    const hangsUp: Play = async (context) => {
      void asks(context).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 120_000));
      throw failure("connect-failed");
    };
    const one = connection();
    const played = start([one.stands, hangsUp, asks]);
    await pass();
    one.lose();
    await pass(HOUR);
    expect([played.tries.length, ofType("connection.prompt").length]).toEqual([2, 1]);
    expect(state()).toMatchObject({ phase: "waiting", prompt: null, reconnect: { retry_at: null } });
    // The next one can ask.
    life.node.reconnect();
    await pass();
    expect(state()?.prompt?.prompt).toEqual(password);
  });

  it("tells where it is when it asks in the middle of a long outage", async () => {
    const one = connection();
    const plays = [one.stands, ...Array.from({ length: 20 }, () => fails("connect-failed")), asks];
    start(plays);
    await pass();
    one.lose();
    await pass(HOUR);
    expect(state()).toMatchObject({ phase: "authenticating", prompt: { prompt: password } });
  });
});

describe("a person who wants no more tries", () => {
  it("ends the waiting, the try that runs, and can begin again", async () => {
    const one = connection();
    const played = start([one.stands, slow, connection().stands]);
    await pass();
    one.lose();
    await pass();
    life.node.cancel();
    await pass(HOUR);
    expect(played.tries).toHaveLength(1);
    expect(state()).toMatchObject({ phase: "waiting", reconnect: { retry_at: null } });
    life.node.reconnect();
    await pass(HOUR);
    life.node.cancel();
    await pass(HOUR);
    expect(played.tries).toHaveLength(2);
    life.node.reconnect();
    await pass();
    expect(state()?.phase).toBe("ready");
  });

  it("leaves the node, and what may be on it stays said", async () => {
    const one = connection();
    const played = start([one.stands, fails("connect-failed")], {
      work: { ensureBpftool: async () => ({ bpftool: "/run/x", cleanup: async () => ["/run/x on node-1"] }) },
    });
    await pass();
    one.lose();
    await pass(60_000);
    const before = played.tries.length;
    await life.node.disconnect("enough", 1000);
    await pass(HOUR);
    expect(played.tries.length).toBe(before);
    expect(state()).toMatchObject({ phase: "closed", detail: "enough", residue: ["/run/x on node-1"] });
  });

  it("leaves a node that does not answer any more within the limit", async () => {
    const one = connection({ close: () => new Promise(() => {}) });
    start([one.stands]);
    await pass();
    const left = life.node.disconnect("bye", 5000);
    await pass(5000);
    await left;
    expect(state()).toMatchObject({ phase: "closed", error: { code: "close-timeout" } });
  });

  it("connects again after leaving, with a session's same node", async () => {
    start([connection().stands, connection().stands]);
    await pass();
    await life.node.disconnect("bye", 1000);
    life.node.reconnect();
    await pass();
    expect(state()).toMatchObject({ phase: "ready", residue: [], error: null });
  });
});
