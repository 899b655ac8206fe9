/** A runbook on many nodes in the page: what they have in common, what came out on each, and the way to each run and back. */
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { BpfdeskError } from "../../electron/core/errors.ts";
import type { Datapath } from "../../electron/core/model/types.ts";
import type { RunbookVerdict, VerdictWord } from "../../electron/core/runbook/types.ts";
import { screenshot } from "../support/app.ts";
import type { ScriptedHost } from "../support/scripted-host.ts";
import { seriousFindings } from "./axe.ts";
import { retransmits, staleFilters, verdicts } from "./books.ts";
import { connectNode, eventually, hostWithNode, smallNode } from "./node.ts";
import { inChromium } from "./open.ts";

const open = inChromium();

const named = (hostname: string): Datapath => {
  const datapath = smallNode();
  return { ...datapath, node: { ...datapath.node, hostname } };
};

/** `worker-1` on the page, and so many more nodes as root. */
async function openNodes(count: number): Promise<{ host: ScriptedHost; page: Page }> {
  const host = hostWithNode(named("worker-1"));
  host.books = [staleFilters, retransmits];
  const { page } = await open(host);
  await connectNode(page);
  for (let at = 2; at <= count; at++) {
    const node = `node-${at}`;
    host.emit({ type: "node.added", node, target: `worker-${at}`, label: `worker-${at}`, transport: "ssh" });
    host.emit({ type: "connection.ready", node, host: "h", user: "root", privileges: "root", limits: [] });
    host.emit({ type: "collect.finished", node, collect_id: "c", complete: true, datapath: named(`worker-${at}`) });
  }
  return { host, page };
}

interface RunAt {
  node: string;
  run_id: string;
}

const step = (host: ScriptedHost, at: RunAt, name: string) =>
  host.emit({ type: "runbook.step_started", ...at, step: name });

/** The same program left behind on a node, as after an upgrade: only names and ids are the node's own. */
function leftBehind(at: number, word: VerdictWord): RunbookVerdict {
  const [conflict] = verdicts("");
  if (!conflict) throw new Error("There is no such verdict.");
  return {
    ...conflict,
    subject: `${conflict.subject}, pref 2 handle 0x1: cil_to_container (id ${100 + at})`,
    verdict: word,
  };
}

const clean = verdicts("").filter(({ verdict }) => verdict === "ruled_out");
const unknown = verdicts("").filter(({ verdict }) => verdict === "cannot_tell");

function judged(host: ScriptedHost, at: RunAt, found: RunbookVerdict[]): void {
  step(host, at, "judge");
  const result = { kind: "concluded", verdicts: found } as const;
  host.emit({ type: "runbook.step_ended", ...at, step: "judge", result });
}

function ended(host: ScriptedHost, at: RunAt, message: string | null = null): void {
  host.emit({
    ...{ type: "runbook.ended", ...at, outcome: message === null ? "finished" : "failed" },
    error: message === null ? null : { code: "collect-failed", message, hint: "Run it again." },
  });
}

/** By turns: a leftover, likely one, clean, cannot tell, still at work, failed, waiting. */
function comesOut(host: ScriptedHost, at: RunAt, number: number): void {
  step(host, at, "measure");
  switch (number % 7) {
    case 1:
    case 4:
      judged(host, at, [leftBehind(number, "confirmed"), ...clean]);
      ended(host, at);
      break;
    case 2:
      judged(host, at, [leftBehind(number, "likely"), ...unknown]);
      ended(host, at);
      break;
    case 3:
      judged(host, at, clean);
      ended(host, at);
      break;
    case 5:
      break;
    case 6:
      ended(host, at, "The collector ended with 137 after 3 of 9 sections.");
      break;
    default:
      judged(host, at, [leftBehind(number, "confirmed")]);
      step(host, at, "propose");
      host.emit({
        ...{ type: "runbook.asked", ...at, step: "propose", question: "What to do: something can be taken off." },
        answers: ["go-on", "leave"].map((id) => ({ id, text: id })),
      });
  }
}

async function startOnAll(page: Page, count: number): Promise<void> {
  await page.getByRole("tab", { name: "Runbooks" }).click();
  await page.getByRole("heading", { name: "Stale filters" }).waitFor();
  await page.getByRole("button", { name: `All ${count} that can` }).click();
  await page.getByRole("button", { name: `Run on ${count} nodes` }).click();
  await page.getByRole("region", { name: "Runbook on several nodes" }).waitFor();
}

const table = (page: Page) => page.getByRole("grid", { name: "Nodes of this run" });

/** Node and worst verdict of each row. */
const rowsOf = (page: Page) =>
  table(page)
    .locator(".grid-body [role=row]")
    .evaluateAll((rows) =>
      rows
        .toSorted((a, b) => Number(a.getAttribute("aria-rowindex")) - Number(b.getAttribute("aria-rowindex")))
        .map((row) => [...row.querySelectorAll("[role=gridcell]")].slice(0, 2).map((cell) => cell.textContent)),
    );

it("shows what came out on each node, worst first, tells what many have in common, and leads to a run and back", async () => {
  const { host, page } = await openNodes(7);
  host.onRunbook = (run_id, node) => comesOut(host, { node, run_id }, Number(node.slice(5)));
  await startOnAll(page, 7);
  await eventually(() => rowsOf(page)).toEqual([
    ["worker-1", "confirmed"],
    ["worker-4", "confirmed"],
    ["worker-7", "confirmed"],
    ["worker-2", "likely"],
    ["worker-6", ""],
    ["worker-5", ""],
    ["worker-3", "ruled out"],
  ]);
  await table(page).getByText("failed: The collector ended with 137").waitFor();
  await table(page).getByText("running, step 2 of 5: Measure verdicts").waitFor();
  const inCommon = page.getByRole("region", { name: "In common" });
  await inCommon.getByRole("button", { name: "active conflict on 4 of 5 nodes (3 confirmed, 1 likely)" }).waitFor();
  await inCommon.getByRole("button", { name: /^pod interfaces .*, pref 2 handle 0x1: cil_to_container$/ }).waitFor();
  await screenshot(page, "runbooks-batch");
  await inCommon.getByRole("button", { name: /^who dropped on worker-2 only/ }).click();
  await eventually(() => rowsOf(page)).toEqual([["worker-2", "likely"]]);
  await page.getByRole("button", { name: "Show all nodes" }).click();

  await table(page).focus();
  await page.keyboard.press("Control+Home");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Stale filters on worker-4" }).waitFor();
  await page.keyboard.press("Enter");
  await eventually(() => table(page).evaluate((grid) => grid === document.activeElement)).toBe(true);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Stale filters on worker-4" }).waitFor();
  await page.getByRole("button", { name: "Next node" }).click();
  await page.getByRole("heading", { name: "Stale filters on worker-7" }).waitFor();
  await screenshot(page, "runbooks-batch-run");
  await page.getByRole("button", { name: "All 7 nodes" }).click();

  await page.getByRole("button", { name: "Leave 1 as it is" }).click();
  expect(await host.nextAsked("runbook.answer")).toMatchObject({ node: "node-7", step: "propose", answer: "leave" });
  host.onRunbook = (run_id, node) => judged(host, { node, run_id }, clean);
  await page.getByRole("button", { name: "Try 1 again" }).click();
  await eventually(async () => (await rowsOf(page)).flat()).not.toContain("failed");
  const asked = host.asked.filter(({ method }) => method === "runbook.start").map(({ input }) => input);
  expect(asked.at(-1)).toMatchObject({ node: "node-6", batch: (asked[0] as { batch: object }).batch });
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save report" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("stale-filters-7-nodes.md");
  const report = await readFile(await download.path(), "utf8");
  expect(report).toContain("- Confirmed: active-conflict on 4 of 6 nodes");
  expect(report.match(/^## worker-\d$/gm)).toHaveLength(7);
});

it("keeps nodes that refused among the others, with why; a reopened page knows that there were some", async () => {
  const { host, page } = await openNodes(3);
  const start = host.handlers["runbook.start"];
  host.handlers["runbook.start"] = (input, call) => {
    if (input.node === "node-2")
      throw new BpfdeskError({ code: "runbook-running", message: "It runs there already.", hint: "" });
    return start(input, call);
  };
  await startOnAll(page, 3);
  await table(page).getByText("did not begin: It runs there already.").waitFor();
  expect((await rowsOf(page)).map(([node]) => node)).toEqual(["worker-2", "worker-1", "worker-3"]);
  await page.reload();
  await page.getByRole("tab", { name: "Runbooks" }).click();
  await page.getByText("It was asked for on 3 nodes; of 1 there is no run in this session.").waitFor();
  expect((await rowsOf(page)).map(([node]) => node)).toEqual(["worker-1", "worker-3"]);
});

it("is sound for everybody with two hundred nodes, of which only those on screen are drawn", async () => {
  const { host, page } = await openNodes(200);
  host.onRunbook = (run_id, node) => comesOut(host, { node, run_id }, Number(node.slice(5)));
  await startOnAll(page, 200);
  await page.getByRole("button", { name: /^active conflict on 115 of 144 nodes/ }).waitFor();
  expect((await rowsOf(page)).length).toBeLessThan(60);
  for (const look of ["light", "dark", "small"] as const) {
    if (look === "dark") await page.emulateMedia({ colorScheme: "dark" });
    if (look === "small") await page.setViewportSize({ width: 900, height: 600 });
    const serious = await seriousFindings(page, { include: "[data-view=runbooks]" });
    expect({ look, serious }).toEqual({ look, serious: [] });
    await screenshot(page, `runbooks-batch-200-${look}`);
  }
});
