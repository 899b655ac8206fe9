/** Several nodes: naming them, how each is doing, findings of all, two side by side. */
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { Datapath } from "../../electron/core/model/types.ts";
import { screenshot } from "../support/app.ts";
import { bigNode, NODE_SIZES } from "../support/big-node.ts";
import { type ScriptedHost, scriptedHost } from "../support/scripted-host.ts";
import { smallNode } from "./node.ts";
import { inChromium, type Look } from "./open.ts";

const open = inChromium();

function picture(host: ScriptedHost, node: string, datapath: Datapath): void {
  host.emit({ type: "connection.ready", node, host: node, user: "root", privileges: "root", limits: [] });
  host.emit({ type: "collect.started", node, collect_id: `c-${node}`, command_id: "x", sections: [] });
  host.emit({ type: "collect.finished", node, collect_id: `c-${node}`, complete: true, datapath });
}

async function openSeveral(host: ScriptedHost, names: string, look: Look = {}): Promise<Page> {
  const { page } = await open(host, look);
  await page.getByRole("combobox", { name: "Host" }).fill(names);
  const count = names.split(", ").length;
  await page.getByRole("button", { name: `Connect to ${count} nodes` }).click();
  await page.getByRole("heading", { name: `${count} nodes` }).waitFor();
  return page;
}

it("names what a list means before anything is connected to, and saves it as a group", async () => {
  const host = scriptedHost();
  const { page } = await open(host);
  await page.getByRole("combobox", { name: "Host" }).fill("node-a, node-b");
  await page.getByText("2 nodes: ").waitFor();
  await page.getByRole("button", { name: "Save as a group…" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("edge");
  await screenshot(page, "save-group");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved as group:edge").waitFor();
  expect(host.groups).toEqual([{ name: "edge", targets: ["node-a", "node-b"] }]);
  expect(host.asked).toEqual([]);
  await page.getByRole("button", { name: "Connect to 2 nodes" }).click();
  expect(await host.nextAsked("nodes.connect")).toMatchObject({
    targets: ["node-a", "node-b"],
    group: "node-a, node-b",
  });
});

it("shows each node's state, and one node's trouble does not hide the others", async () => {
  const host = scriptedHost();
  const page = await openSeveral(host, "node-a, node-b, node-c, node-d");
  picture(host, "node-1", smallNode());
  host.emit({
    type: "connection.failed",
    node: "node-2",
    error: { code: "auth-failed", phase: "authenticating", message: "node-b let nobody in.", hint: "Check the key." },
  });
  host.emit({
    type: "connection.prompt",
    node: "node-3",
    prompt_id: "p",
    prompt: { kind: "password", user: "ops", host: "node-c", attempt: 1 },
  });
  const table = page.getByRole("grid", { name: "Nodes" });
  await table.getByRole("row").filter({ hasText: "node-a" }).getByText("seen", { exact: true }).waitFor();
  await table.getByRole("row").filter({ hasText: "node-b" }).getByText("node-b let nobody in.").waitFor();
  await table.getByRole("row").filter({ hasText: "node-c" }).getByText("asks something").waitFor();
  await table.getByRole("row").filter({ hasText: "node-d" }).getByText("waits for its turn").waitFor();
  await page.getByRole("status").getByText("1 picture, 2 under way, 1 failed").waitFor();
  await screenshot(page, "nodes");
  expect(await page.getByRole("dialog").count()).toBe(0);
  await page.getByRole("button", { name: "1 node asks something" }).click();
  await page.getByRole("dialog", { name: "Password of ops on node-c" }).waitFor();
  await page.getByRole("textbox", { name: "Password" }).fill("secret");
  await page.getByRole("button", { name: "Continue" }).click();
  expect(await host.nextAsked("node.answer")).toMatchObject({ node: "node-3" });
  await table.getByRole("gridcell", { name: "node-b" }).first().click();
  await page.getByRole("complementary", { name: "Node" }).getByText("Check the key.").waitFor();
  await page.getByRole("button", { name: "Connect again" }).click();
  expect(await host.nextAsked("node.reconnect")).toMatchObject({ node: "node-2" });
});

it("lists the findings of all nodes once, and leads to the node", async () => {
  const host = scriptedHost();
  const page = await openSeveral(host, "node-a, node-b, node-c");
  const found = smallNode();
  picture(host, "node-1", found);
  picture(host, "node-2", { ...smallNode(), findings: [] });
  await page.getByRole("tab", { name: "Findings of all nodes" }).click();
  await page.getByText("1 node has no picture").waitFor();
  const rows = page.getByRole("grid", { name: "Findings of all nodes" }).getByRole("row");
  await expect.poll(() => rows.count()).toBeGreaterThan(1);
  await rows.nth(1).getByRole("gridcell").nth(1).click();
  await screenshot(page, "fleet-findings");
  await page.getByRole("complementary", { name: "Finding" }).getByRole("button").first().click();
  await page.getByRole("button", { name: "Refresh" }).waitFor();
});

it("puts two nodes side by side and marks what differs in words", async () => {
  const host = scriptedHost();
  const page = await openSeveral(host, "node-a, node-b", { theme: "dark" });
  const left = smallNode();
  const right = { ...smallNode(), node: { ...smallNode().node, kernel: "6.1.0-99" } };
  picture(host, "node-1", left);
  picture(host, "node-2", right);
  await page.getByRole("tab", { name: "Two nodes side by side" }).click();
  const table = page.getByRole("grid", { name: "Comparison of two nodes" });
  const row = table.getByRole("row").filter({ hasText: "6.1.0-99" });
  await row.getByText("different").waitFor();
  await page.getByText(/^1 difference in /).waitFor();
  await screenshot(page, "compare-nodes");
  await page.getByText("Also what is the same").click();
  await table.getByText("same", { exact: true }).first().waitFor();
});

it("stays quick with a hundred nodes", async () => {
  const host = scriptedHost();
  const names = Array.from({ length: 100 }, (_, at) => `node-${at}`).join(", ");
  const page = await openSeveral(host, names);
  const datapath = bigNode(NODE_SIZES.small);
  for (let at = 1; at <= 100; at++) picture(host, `node-${at}`, datapath);
  await page.getByRole("status").getByText("100 pictures").waitFor();
  await page.getByRole("tab", { name: "Findings of all nodes" }).click();
  const rows = page.getByRole("grid", { name: "Findings of all nodes" }).getByRole("row");
  await expect.poll(() => rows.nth(1).textContent()).toContain("100");
  await screenshot(page, "fleet-hundred");
});
