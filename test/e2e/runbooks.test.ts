/** Runbooks in the page: from a symptom over a run to verdicts whose every fact can be looked at, and a change that is approved. */
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { RunbookVerdict } from "../../electron/core/runbook/types.ts";
import { screenshot } from "../support/app.ts";
import type { ScriptedHost } from "../support/scripted-host.ts";
import { seriousFindings } from "./axe.ts";
import { brokenBook, manyVerdicts, planOf, retransmits, staleFilters, twoPrograms, verdicts } from "./books.ts";
import { connectNode, eventually, hostWithNode, openSample } from "./node.ts";
import { inChromium, type Look } from "./open.ts";
import { records, schemaOf, stats, summary, verdictTracer, withTracers } from "./tracers.ts";

const open = inChromium();

const node = "node-1";
const run_id = "run-1";
const plan = planOf(node);
const { plan_id } = plan;

/** A host with books, tracers and a change that can be planned. */
function bookHost(): ScriptedHost {
  const host = withTracers(hostWithNode(), records(200));
  host.books = [staleFilters, retransmits, brokenBook];
  host.onPlan = () => {
    host.emit({ type: "change.planned", node, plan });
    return plan_id;
  };
  return host;
}

async function openNode(host: ScriptedHost, look: Look = {}): Promise<Page> {
  const { page } = await open(host, look);
  await connectNode(page);
  return page;
}

const begun = (host: ScriptedHost, id = run_id) =>
  host.emit({ type: "runbook.started", node, run_id: id, book: "stale-filters", inputs: { interface: "lxc10" } });

/** Collects and measures: the measurement goes on. */
function measuring(host: ScriptedHost, id = run_id): void {
  const step = (name: string) => host.emit({ type: "runbook.step_started", node, run_id: id, step: name });
  step("look");
  const collected = { kind: "collected", collect_id: "collect-0", reading: "command-1" } as const;
  host.emit({ type: "runbook.step_ended", node, run_id: id, step: "look", result: collected });
  step("measure");
  const limits = { for_s: 10, events: null, budget_pct: 3 };
  const traces = { drops: `trace-of-${id}` };
  const trace_id = traces.drops;
  host.emit({ type: "trace.started", node, trace_id, tracer: "verdict", params: { ifname: "lxc10" }, limits });
  host.emit({ type: "trace.schema", node, trace_id, command_id: "command-1", schema: schemaOf(verdictTracer) });
  host.emit({ type: "runbook.measuring", node, run_id: id, step: "measure", for_s: 10, traces });
}

/** Comes to these verdicts and, when one of them can be acted on, asks. */
function concluded(host: ScriptedHost, found: RunbookVerdict[], id = run_id): void {
  const traces = { drops: `trace-of-${id}` };
  const trace_id = traces.drops;
  const rows = { drop: 200, verdict: 2 };
  host.emit({ type: "trace.stats", node, trace_id, stats: stats(10, 200), rows });
  host.emit({ type: "trace.ended", node, trace_id, summary: summary(10, 200), rows, error: null });
  const measured = { kind: "measured", for_s: 10, traces, readings: null, verdicts: [] } as const;
  host.emit({ type: "runbook.step_ended", node, run_id: id, step: "measure", result: { ...measured, verdicts: [] } });
  host.emit({ type: "runbook.step_started", node, run_id: id, step: "judge" });
  host.emit({
    type: "runbook.step_ended",
    node,
    run_id: id,
    step: "judge",
    result: { kind: "concluded", verdicts: found },
  });
}

function asked(host: ScriptedHost): void {
  host.emit({ type: "runbook.step_started", node, run_id, step: "propose" });
  const answers = [
    { id: "go-on", text: "Go on: measure again" },
    { id: "leave", text: "Leave it: end here" },
  ];
  const question = "Plan and approve the change at its verdict, or leave it. Then go on.";
  host.emit({ type: "runbook.asked", node, run_id, step: "propose", question, answers });
}

const finished = (host: ScriptedHost, id = run_id) =>
  host.emit({ type: "runbook.ended", node, run_id: id, outcome: "finished", error: null });

const card = (page: Page, id: string) => page.locator(`[data-verdict="${id}"]`);

it("goes from a symptom on the first screen to the book on the chosen node, and starts it by keyboard", async () => {
  const host = bookHost();
  const { page } = await open(host);
  await page.getByRole("button", { name: /One in fifty connections/ }).click();
  await page.getByText("Now choose the node").waitFor();
  await screenshot(page, "runbooks-first-screen");
  await connectNode(page);
  await page.getByRole("heading", { name: "Stale filters" }).waitFor();
  const { iface } = twoPrograms();
  await page.getByRole("combobox", { name: "Interface" }).focus();
  await page.keyboard.type(iface.name);
  await page.keyboard.press("Escape");
  const time = page.getByRole("textbox", { name: "Time (needed)" });
  await time.fill("soon");
  await page.keyboard.press("Enter");
  await page.getByText("A whole number of seconds").waitFor();
  expect(host.asked.filter(({ method }) => method === "runbook.start")).toEqual([]);
  await time.fill("12");
  await page.keyboard.press("Enter");
  expect(await host.nextAsked("runbook.start")).toMatchObject({
    node,
    book: "stale-filters",
    inputs: { interface: iface.name, for: "12" },
  });
  await page.getByRole("region", { name: "Run of a runbook" }).waitFor();
});

it("names the line of what is wrong with a team's own book, and offers it nowhere", async () => {
  const page = await openNode(bookHost());
  await page.getByRole("tab", { name: "Runbooks" }).click();
  await page.getByRole("option", { name: "MTU across zones" }).click();
  await page.getByText("line 14: steps[2].kind").waitFor();
  await page.getByText("/home/ops/runbooks/mtu.yaml").waitFor();
  expect(await page.getByRole("button", { name: "Run", exact: true }).count()).toBe(0);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("runbook: ");
  await page.getByRole("option", { name: /Runbook: Stale filters/ }).waitFor();
  expect(await page.getByRole("dialog").getByRole("option", { name: /MTU/ }).count()).toBe(0);
});

it("is suggested by findings, with the interface filled in for one of them, and runs on several nodes", async () => {
  const host = bookHost();
  const page = await openNode(host);
  await page.getByRole("tab", { name: "Findings" }).click();
  const strip = page.getByRole("region", { name: "Suggested runbooks" });
  await strip.getByRole("button", { name: "Open Stale filters" }).waitFor();
  await page.getByRole("button", { name: "Open the runbook Stale filters for this" }).first().click();
  await eventually(() => page.getByRole("combobox", { name: "Interface" }).inputValue()).not.toBe("");
  host.emit({ type: "node.added", node: "node-2", target: "node-b", label: "node-b", transport: "ssh" });
  host.emit({ type: "connection.ready", node: "node-2", host: "b", user: "ops", privileges: "none", limits: [] });
  await page.getByRole("button", { name: "All 2 that can" }).click();
  await page.getByText("bpfdesk is not root there").waitFor();
  await page.getByText("such a name is of one node").waitFor();
  await page.getByRole("button", { name: "Run on 2 nodes" }).click();
  const started = [await host.nextAsked("runbook.start"), await host.nextAsked("runbook.start")];
  expect(started.map((input) => (input as { node: string }).node)).toEqual(["node-1", "node-2"]);
});

it("shows a run as it goes on, and leads from each fact to where it is from", async () => {
  const host = bookHost();
  host.output = [{ stream: "stdout", bytes: new TextEncoder().encode("loaded_at 41 days\n") }];
  const page = await openNode(host);
  await page.getByRole("tab", { name: "Runbooks" }).click();
  begun(host);
  measuring(host);
  const steps = page.getByRole("list", { name: "Steps" });
  await steps.getByText(/running · \d+ s of 10 s/).waitFor();
  await page.getByRole("button", { name: /Runbooks: 1 running/ }).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  expect(await host.nextAsked("runbook.pause")).toMatchObject({ node, run_id });
  await page.getByRole("button", { name: "Go on", exact: true }).click();
  expect(await host.nextAsked("runbook.resume")).toMatchObject({ node, run_id });
  await steps.getByText("Collect the picture").click();
  await steps.getByRole("list", { name: "Commands" }).getByText("collect").first().click();
  await steps.getByText("bpftool -j prog show").waitFor();
  concluded(host, verdicts(`trace-of-${run_id}`));
  asked(host);
  const words = await page.locator(".verdict-head .verdict-mark").allInnerTexts();
  expect(words.slice(0, 3)).toEqual(["confirmed", "likely", "cannot tell"]);
  const spoken = page
    .getByRole("status")
    .filter({ hasText: "Verdicts: 1 confirmed, 1 likely, 1 cannot tell, 3 ruled out." });
  await spoken.waitFor({ state: "attached" });
  await screenshot(page, "runbooks-asked");
  await card(page, "who").getByText("fexit programs: this kernel has none").waitFor();
  await card(page, "conflict").getByText("Its output is not in this session.").waitFor();
  await card(page, "who").getByText("It is not in the newest picture any more.").waitFor();

  await card(page, "conflict").getByRole("button", { name: "output of this fact" }).click();
  await page.getByRole("complementary", { name: "Command" }).getByText("loaded_at 41 days").waitFor();

  await card(page, "conflict").getByRole("button", { name: "verdict: drop of this fact" }).click();
  await page.getByRole("tab", { name: /^Dropped packets/, selected: true }).waitFor();
  await eventually(() => page.getByRole("searchbox", { name: "Filter Dropped packets" }).inputValue()).toBe(
    "prog_id=105",
  );
  await eventually(() => page.locator("[data-view=traces] .record-counts").textContent()).toMatch(/^4 of 200/);

  await page.getByRole("tab", { name: "Runbooks" }).click();
  await card(page, "conflict").getByRole("button", { name: "in the picture of this fact" }).click();
  await page.getByRole("article", { name: "Details of the attachment" }).waitFor();

  await page.getByRole("tab", { name: "Runbooks" }).click();
  await page.getByRole("button", { name: "Leave it: end here" }).click();
  expect(await host.nextAsked("runbook.answer")).toMatchObject({ run_id, step: "propose", answer: "leave" });
  await card(page, "retrans")
    .getByRole("button", { name: /Open Retransmit storm/ })
    .click();
  await eventually(() => page.getByRole("combobox", { name: "Destination (needed)" }).inputValue()).toBe("10.96.0.10");
});

it("approves a change by its exact word alone, follows it, and takes it back as long as that is possible", async () => {
  const host = bookHost();
  const page = await openNode(host);
  await page.getByRole("tab", { name: "Runbooks" }).click();
  begun(host);
  measuring(host);
  concluded(host, verdicts(`trace-of-${run_id}`));
  asked(host);
  await page.getByRole("button", { name: "Plan this change…" }).click();
  const dialog = page.getByRole("alertdialog", { name: /^Take cil_to_container off/ });
  await dialog.getByText(plan.command).waitFor();
  for (const text of [plan.by_hand, "1 834 packets/s", plan.affects.remains[0] ?? "", plan.owner.text, plan.undo]) {
    expect(((await dialog.textContent()) ?? "").replaceAll("\u202f", " ")).toContain(text);
  }
  await screenshot(page, "runbooks-approval");
  const field = dialog.getByRole("textbox", { name: `Type ${plan.confirm} to approve exactly this` });
  await eventually(() => field.evaluate((element) => element === document.activeElement)).toBe(true);
  const approve = dialog.getByRole("button", { name: "Take it off" });
  for (const wrong of [
    "",
    "yes",
    plan.confirm.toUpperCase(),
    ` ${plan.confirm}`,
    `${plan.confirm} `,
    plan.confirm.slice(0, -1),
  ]) {
    await field.fill(wrong);
    await page.keyboard.press("Enter");
    expect({ wrong, disabled: await approve.isDisabled() }).toEqual({ wrong, disabled: true });
  }
  for (let presses = 0; presses < 12; presses++) {
    await page.keyboard.press("Tab");
    expect(await dialog.evaluate((element) => element.contains(document.activeElement))).toBe(true);
  }
  expect(host.asked.filter(({ method }) => method === "change.approve")).toEqual([]);
  await field.fill(plan.confirm);
  await page.keyboard.press("Enter");
  expect(await host.nextAsked("change.approve")).toMatchObject({ node, plan_id, typed: plan.confirm });

  const before = [...plan.affects.remains, "clsact pref 2 handle 0x1: cil_to_container (id 105)"];
  host.emit({ type: "change.approved", node, plan_id });
  host.emit({ type: "change.armed", node, plan_id, command_id: "command-1", chain: before });
  await page.getByText("The undo is armed on the node").first().waitFor();
  host.emit({ type: "change.detached", node, plan_id, exact: true, chain: plan.affects.remains });
  await page
    .getByText(/It is put back by itself in \d+ s unless/)
    .first()
    .waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Undo: put it back" }).waitFor();
  const checks = ["the node answers", "the chain holds exactly what remains", "10.1.0.7 answers as before"];
  host.emit({ type: "change.confirmed", node, plan_id, checks });
  await page.getByText("Done and checked: it is off.").first().waitFor();
  await screenshot(page, "runbooks-change-done");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "A change can be undone" }).waitFor();
  await card(page, "conflict").getByRole("button", { name: "Undo: put it back" }).click();
  expect(await host.nextAsked("change.undo")).toMatchObject({ node, plan_id });
  host.emit({ type: "change.restored", node, plan_id, reason: "undo", same: true, chain: before });
  await card(page, "conflict").getByText("Put back: you undid it. The chain is exactly what it was.").waitFor();
  await card(page, "conflict").getByRole("button", { name: "Plan this change…" }).waitFor();

  host.emit({ type: "change.planned", node, plan });
  host.emit({ type: "change.approved", node, plan_id });
  host.emit({ type: "change.armed", node, plan_id, command_id: "command-1", chain: before });
  host.emit({ type: "change.detached", node, plan_id, exact: true, chain: plan.affects.remains });
  host.emit({ type: "change.confirmed", node, plan_id, checks });
  host.emit({ type: "change.left", node, plan_id });
  await card(page, "conflict").getByText("cannot be undone by bpfdesk any more").waitFor();
  expect(await page.getByRole("button", { name: "Undo: put it back" }).count()).toBe(0);
});

it("reads runs and changes of a recording, and starts, answers and approves nothing there", async () => {
  const host = bookHost();
  const { page } = await open(host);
  await openSample(page);
  begun(host);
  measuring(host);
  concluded(host, verdicts(`trace-of-${run_id}`));
  asked(host);
  await page.getByRole("tab", { name: "Runbooks" }).click();
  await page.getByText("not finished in this recording").first().waitFor();
  expect(await page.getByRole("button", { name: "Run again" }).isDisabled()).toBe(true);
  expect(await page.getByRole("button", { name: "Plan this change…" }).isDisabled()).toBe(true);
  await page.getByText("This is a recording: nothing can be changed on it.").waitFor();
  expect(await page.getByRole("button", { name: "Leave it: end here" }).count()).toBe(0);
  host.emit({ type: "change.planned", node, plan });
  host.emit({ type: "change.approved", node, plan_id });
  host.emit({ type: "change.armed", node, plan_id, command_id: "command-1", chain: [] });
  host.emit({ type: "change.detached", node, plan_id, exact: true, chain: [] });
  host.emit({ type: "change.confirmed", node, plan_id, checks: [] });
  await page.getByText("It cannot be undone here. This is a recording").waitFor();
  expect(await page.getByRole("button", { name: "Undo: put it back" }).count()).toBe(0);
  await page.getByRole("option", { name: /^Stale filters One/ }).click();
  await page.getByText("This is a recording: nothing can be started on it.").first().waitFor();
  expect(await page.getByRole("button", { name: "Run", exact: true }).isDisabled()).toBe(true);
  expect(host.asked.filter(({ method }) => /^(runbook|change)\./.test(method))).toEqual([]);
});

it("compares with the earlier run of the same book on the same node, among verdicts without end", async () => {
  const host = bookHost();
  const page = await openNode(host);
  begun(host, "run-0");
  measuring(host, "run-0");
  const many = manyVerdicts(200);
  concluded(host, many.slice(0, 199), "run-0");
  finished(host, "run-0");
  begun(host);
  measuring(host);
  concluded(host, many.map((one) => (one.id === "many-4" ? { ...one, verdict: "likely" as const } : one)).slice(1));
  finished(host);
  await page.getByRole("tab", { name: "Runbooks" }).click();
  await page.getByText("Since then: 1 changed, 1 new, 1 gone, 197 as before.").waitFor();
  await page.getByRole("searchbox", { name: "Find in verdicts" }).fill("evil");
  await page.getByText("1 of 199 verdicts").waitFor();
  await page.getByText("was confirmed").waitFor();
  const shown = await page.locator(".verdict-subject").first().textContent();
  expect(shown).toContain("‹U+202E›evil<img src=x onerror=alert(1)>");
  await screenshot(page, "runbooks-many");
});

it.each([
  ["light", { theme: "light" }],
  ["dark", { theme: "dark" }],
  ["a small window", { width: 900, height: 620 }],
] as const)("a book, a run and an approval are sound for everybody: %s", async (name, look) => {
  const host = bookHost();
  const page = await openNode(host, look);
  const looksSound = async (state: string, include = "[data-view=runbooks]") => {
    // What changes with a theme is colour, and with a window the place of things: these two states have them all.
    if (name !== "light" && state !== "asked" && state !== "approval") return;
    expect({ state, serious: await seriousFindings(page, { include }) }).toEqual({ state, serious: [] });
    await screenshot(page, `runbooks-${state}-${name.replaceAll(" ", "-")}`);
  };
  await page.getByRole("tab", { name: "Runbooks" }).click();
  await page.getByRole("heading", { name: "Stale filters" }).waitFor();
  await looksSound("book");
  begun(host);
  measuring(host);
  await page.getByText(/running · \d+ s of 10 s/).waitFor();
  concluded(host, verdicts(`trace-of-${run_id}`));
  asked(host);
  await page.getByRole("button", { name: "Leave it: end here" }).waitFor();
  await looksSound("asked");
  await page.getByRole("button", { name: "Plan this change…" }).click();
  await page.getByRole("alertdialog").waitFor();
  await looksSound("approval", ".dialog");
  await page.keyboard.press("Escape");
  const error = {
    code: "connection-lost",
    message: "The connection to node-a was lost.",
    hint: "It goes on when it is back.",
  };
  host.emit({ type: "runbook.paused", node, run_id, error });
  await page.getByText("The connection to node-a was lost.").waitFor();
  await looksSound("paused");
});
