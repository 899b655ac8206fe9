/** A change can be asked for in one way only: every other way, as it is written down in docs/design/0007-runbooks.md. */
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { teamBook } from "../../electron/core/runbook/team/schema.ts";
import { type TestService, testService } from "../../electron/host/session/testing/service.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

/** Sources (no tests) of the app that have this text, from the root. */
function sourcesWith(text: string): string[] {
  return ["electron", "renderer"]
    .flatMap((folder) =>
      readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`),
    )
    .filter((file) => /(?<!\.test)\.tsx?$/.test(file) && readFileSync(path.join(ROOT, file), "utf8").includes(text))
    .sort();
}

describe("in the code", () => {
  it("one place lends a node what changes it, and one place runs that", () => {
    expect(sourcesWith("lendChange(")).toEqual(["electron/host/live.ts"]);
    expect(sourcesWith("startChange(")).toEqual(["electron/host/change/changing.ts", "electron/host/change/run.ts"]);
    expect(sourcesWith("createChanging(")).toEqual([
      "electron/host/change/changing.ts",
      "electron/host/session/live-node.ts",
    ]);
    expect(sourcesWith("changing(input).approve(")).toEqual(["electron/host/handlers/changes.ts"]);
  });

  it("two ask for an approval: the person's terminal, and the person's dialog", () => {
    expect(sourcesWith('"change.approve"')).toEqual([
      "electron/cli/runbook-apply.ts",
      "electron/host/handlers/changes.ts",
      "electron/shared/contract.ts",
      "renderer/stores/change/dialog.ts",
    ]);
  });
});

describe("a team's own runbook", () => {
  const book = (step: string) => ({
    ...{ id: "own", title: "Own", symptom: "s", when_to_use: "w", runs: "r" },
    steps: [parse(step)],
  });
  const examine = "id: look\nkind: examine\ntitle: t\ntext: t\n";
  const verdict =
    "id: v\n    subject: s\n    kind: k\n    when: [{ finding: { id: x } }]\n    verdict: likely\n    meaning: m";

  it("is one, so that what follows is refused for what it adds", () => {
    expect(teamBook.safeParse(book(`${examine}verdicts:\n  - ${verdict}\n`)).error).toBeUndefined();
  });

  it.each([
    ["a step that approves", "id: a\nkind: approve\ntitle: t\ntext: t\nplan_id: 0123456789abcdef\n"],
    ["a step that changes", "id: a\nkind: change\ntitle: t\ntext: t\ncommand: tc qdisc del dev eth0 clsact\n"],
    ["a command of its own", `${examine}verdicts:\n  - ${verdict}\ncommand: reboot\n`],
    ["an approval beside a verdict", `${examine}verdicts:\n  - ${verdict}\n    approve: true\n`],
    [
      "a plan in a proposal",
      `${examine}verdicts:\n  - ${verdict}\n    proposal: { detach: subject, text: t, typed: lxc1 }\n`,
    ],
  ])("cannot have %s", (_, step) => {
    expect(teamBook.safeParse(book(step)).success).toBe(false);
  });
});

describe("on the contract", () => {
  let test: TestService | null = null;
  afterEach(async () => {
    await test?.end();
    test = null;
  });
  const code = (wanted: string) => ({ data: { code: wanted } });

  it("a replayed session cannot be planned for, approved or undone", async () => {
    test = await testService();
    const { client, session_id } = test;
    const node = await test.connect({ kind: "sample" });
    const { datapath } = await test.untilNode(node, (one) => one.datapath !== null);
    const entries = datapath?.interfaces.flatMap(({ hooks }) => hooks.flatMap((hook) => hook.entries)) ?? [];
    expect(entries.length).toBeGreaterThan(0);
    const about = { session_id, node };
    for (const { key } of entries.slice(0, 3)) {
      await expect(client.call("change.plan", { ...about, entry: key })).rejects.toMatchObject(code("not-live"));
    }
    const approval = { ...about, plan_id: "0123456789abcdef", typed: entries[0]?.key ?? "" };
    await expect(client.call("change.approve", approval)).rejects.toMatchObject(code("not-live"));
    await expect(client.call("change.undo", { ...about, plan_id: "0123456789abcdef" })).rejects.toMatchObject(
      code("cannot-undo"),
    );
  });

  it("a plan of another session, of a node that is not there, or of a record that was opened is none", async () => {
    test = await testService();
    const { client, session_id } = test;
    const approval = { session_id, node: "n9", plan_id: "0123456789abcdef", typed: "lxc1" };
    await expect(client.call("change.approve", approval)).rejects.toMatchObject(code("no-such-node"));
    await expect(client.call("change.approve", { ...approval, session_id: "another" })).rejects.toMatchObject(
      code("no-such-session"),
    );
  });

  it.each([
    ["without the word", { plan_id: "a" }],
    ["without a plan", { typed: "lxc1" }],
    ["with a list for the word", { plan_id: "a", typed: ["lxc1"] }],
    ["with a word that never ends", { plan_id: "a", typed: "x".repeat(10_000) }],
  ])("a message %s is not even looked at", async (_, input) => {
    test = await testService();
    const { client, session_id } = test;
    const crafted = { session_id, node: "n1", ...input } as Parameters<typeof client.call<"change.approve">>[1];
    await expect(client.call("change.approve", crafted)).rejects.toMatchObject(code("bad-input"));
  });
});
