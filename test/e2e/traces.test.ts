/** Tracers in the page: choose one, fill its form, watch its records, read what it lost and cost. */
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { TraceStats, TraceSummary } from "../../electron/core/trace/protocol.ts";
import { clipboard, screenshot } from "../support/app.ts";
import type { ScriptedHost } from "../support/scripted-host.ts";
import { seriousFindings } from "./axe.ts";
import { connectNode, eventually, hostWithNode, openSample, smallNode } from "./node.ts";
import { inChromium, type Look } from "./open.ts";
import {
  addDrops,
  dnsTracer,
  HOSTILE,
  POD_NAME,
  records,
  schemaOf,
  stats,
  summary,
  verdictTracer,
  withTracers,
} from "./tracers.ts";

const open = inChromium();

/** A live node in view, reached by SSH as root. */
async function openNode(host: ScriptedHost, look: Look = {}): Promise<Page> {
  const { page } = await open(host, look);
  await connectNode(page);
  return page;
}

const node = "node-1";
const rows = { drop: 200_000, verdict: 4 };

/** A run of the verdict tracer that has said its schema and one second of figures. */
function startRun(host: ScriptedHost, trace_id = "run-1", said: Partial<TraceStats> = {}): void {
  const limits = { for_s: 30, events: null, budget_pct: 3 };
  host.emit({ type: "trace.started", node, trace_id, tracer: "verdict", params: { ifname: "lxc10" }, limits });
  host.emit({ type: "trace.schema", node, trace_id, command_id: "command-1", schema: schemaOf(verdictTracer) });
  host.emit({ type: "trace.stats", node, trace_id, stats: stats(1, 200_000, said), rows });
}

function endRun(host: ScriptedHost, said: TraceSummary | null, trace_id = "run-1"): void {
  host.emit({ type: "trace.ended", node, trace_id, summary: said, rows, error: null });
}

const drops = (page: Page) => page.getByRole("grid", { name: "Dropped packets" });
const openDrops = async (page: Page) => {
  await page.getByRole("tab", { name: "Traces" }).click();
  await page.getByRole("tab", { name: /^Dropped packets/ }).click();
  await drops(page).getByRole("gridcell").first().waitFor();
};
/** Texts of one column, top rows only: the table is virtual. */
const column = (page: Page, at: number) =>
  drops(page).locator(`[role=gridcell][aria-colindex="${at}"]`).allInnerTexts();

it("starts a tracer by keyboard alone, from the palette over the values of the picture to its rows", async () => {
  const all = records(10);
  const host = withTracers(hostWithNode(), all);
  host.onTrace = (trace_id) => {
    host.emit({ type: "trace.schema", node, trace_id, command_id: "command-1", schema: schemaOf(verdictTracer) });
    host.emit({ type: "trace.stats", node, trace_id, stats: stats(1, 10), rows: { drop: 10, verdict: 2 } });
  };
  const page = await openNode(host);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("trace: verd");
  await page.getByRole("option", { name: /Trace: Verdicts/ }).waitFor();
  await page.keyboard.press("Enter");
  const name = smallNode().interfaces.find((iface) => iface.name.startsWith("lxc"))?.name ?? "";
  await page.getByRole("combobox", { name: "Interface" }).focus();
  await page.keyboard.type(name.slice(0, -2));
  await page.getByRole("option", { name: new RegExp(name) }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("combobox", { name: "Interface", expanded: false }).waitFor();
  const chosen = await page.getByRole("combobox", { name: "Interface" }).inputValue();
  expect(smallNode().interfaces.map((iface) => iface.name)).toContain(chosen);
  await page.getByRole("textbox", { name: "Time, s" }).focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("5");
  await page.keyboard.press("Enter");
  expect(await host.nextAsked("trace.start")).toMatchObject({
    node,
    tracer: "verdict",
    params: { ifname: chosen },
    for_s: 5,
    events: null,
    budget_pct: 3,
  });
  const totals = page.getByRole("grid", { name: "Verdicts" });
  await totals.getByRole("gridcell", { name: "TC_ACT_SHOT" }).waitFor();
  expect(await totals.getByRole("columnheader").first().textContent()).toBe("Program id");
  await page.keyboard.press("Control+.");
  expect(await host.nextAsked("trace.stop")).toMatchObject({ node, trace_id: "trace-1" });
});

it("says at the field what is wrong, and starts nothing", async () => {
  const host = withTracers(hostWithNode(), records(1));
  const page = await openNode(host);
  await page.getByRole("tab", { name: "Tracers" }).click();
  await page.getByRole("option", { name: dnsTracer.title }).click();
  await page.getByText("cannot run here").first().waitFor();
  await page.getByRole("textbox", { name: "Budget, % of a CPU" }).fill("500");
  await page.getByRole("button", { name: "Start" }).click();
  await page.getByText("This is needed.").waitFor();
  await page.getByText("At most 100 %.").waitFor();
  const name = page.getByRole("textbox", { name: "Name (needed)" });
  await eventually(() => name.evaluate((element) => element === document.activeElement)).toBe(true);
  expect(host.asked.filter(({ method }) => method === "trace.start")).toEqual([]);
});

it("offers a tracer at an attachment, with interface and direction filled in", async () => {
  const host = withTracers(hostWithNode(), records(1));
  const page = await openNode(host);
  await page.getByRole("tab", { name: "Interfaces" }).click();
  const iface = smallNode().interfaces.find((one) => one.name.startsWith("lxc"));
  const hook = iface?.hooks.find((one) => one.hook === "tc_egress");
  await page
    .getByRole("grid", { name: "Interfaces" })
    .getByRole("gridcell", { name: iface?.name ?? "" })
    .first()
    .click();
  const inspector = page.getByRole("article", { name: "Details of the interface" });
  await inspector
    .getByRole("group", { name: /tc_egress/ })
    .or(inspector.locator("details", { hasText: "tc_egress" }))
    .first()
    .waitFor();
  await inspector
    .locator("details", { hasText: `tc_egress: ${hook?.direction}` })
    .getByRole("button")
    .first()
    .click();
  await page.getByRole("button", { name: "Trace here: Verdicts" }).click();
  await eventually(() => page.getByRole("combobox", { name: "Interface" }).inputValue()).toBe(iface?.name);
  expect(await page.getByRole("radio", { name: "egress" }).isChecked()).toBe(true);
});

it("shows a flood as it comes: follows, stands still when paused, sorts, filters, groups and copies", async () => {
  const all = records(199_990);
  const host = withTracers(hostWithNode(), all);
  const page = await openNode(host);
  startRun(host);
  await openDrops(page);
  const status = page.locator("[data-view=traces] .record-counts");
  await eventually(() => status.textContent()).toMatch(/^199.990 rows$/);
  await eventually(async () => (await column(page, 4)).at(-1)).toBe(String(30_000 + (199_989 % 20_000)));

  addDrops(all, 199_990, 5);
  await eventually(async () => (await column(page, 4)).at(-1)).toBe(String(30_000 + (199_994 % 20_000)));
  await drops(page).focus();
  await page.keyboard.press("Space");
  await eventually(() => status.textContent()).toMatch(/, paused/);
  addDrops(all, 199_995, 5);
  await page.keyboard.press("Home");
  await eventually(async () => (await column(page, 4))[0]).toBe("30000");
  expect(await status.textContent()).toMatch(/^199.995 rows/);
  await page.keyboard.press("Space");
  await eventually(() => status.textContent()).toMatch(/^200.000 rows$/);

  await page.getByRole("columnheader", { name: "Delay, ms" }).click();
  await page.getByRole("columnheader", { name: "Delay, ms" }).click();
  await eventually(async () => new Set(await column(page, 8))).toEqual(new Set(["0.976"]));

  const filter = page.getByRole("searchbox", { name: "Filter Dropped packets" });
  await filter.fill("prog_id=105 -dport=443 len>1400");
  await eventually(() => status.textContent()).toMatch(/^[\d\s]+ of 200.000 rows$/);
  expect(new Set(await column(page, 6))).toEqual(new Set(["53"]));
  await filter.fill("");
  await page.getByRole("columnheader", { name: "Delay, ms" }).click();

  await page.getByRole("button", { name: "Group by" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Pod", exact: true }).click();
  await page.getByRole("menuitemcheckbox", { name: "To", exact: true }).click();
  await page.keyboard.press("Escape");
  await eventually(() => status.textContent()).toMatch(/^2 groups of 200.000 rows$/);
  await drops(page).getByRole("gridcell", { name: "fd00:10:96::a" }).click();
  await eventually(() => filter.inputValue()).toBe(`pod=${POD_NAME} daddr=fd00:10:96::a`);
  await eventually(() => status.textContent()).toMatch(/^66.667 of 200.000 rows$/);

  await filter.fill("sport=30003 len=63 delay_ns=3000");
  await eventually(() => status.textContent()).toMatch(/^1 of/);
  await drops(page).focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("Control+c");
  await page.getByText("Copied 1 row").waitFor();
  const [titles, row] = (await clipboard(page)).split("\n").map((line) => line.split("\t"));
  const cell = (title: string) => row?.[titles?.indexOf(title) ?? -1];
  expect([cell("Time"), cell("From"), cell("Delay, ms")]).toEqual(["2026-11-21T03:00:00.000450Z", "10.1.0.3", "3000"]);
  expect(cell("Process")).not.toMatch(/[\u202e\u001b]/);
});

it("shows what a packet says of itself as text, however hostile, and a stack in full", async () => {
  const host = withTracers(hostWithNode(), records(10));
  const page = await openNode(host);
  startRun(host);
  endRun(host, summary(30, 10));
  await openDrops(page);
  await drops(page).getByRole("gridcell", { name: "30003" }).click();
  const details = page.getByRole("complementary", { name: "Record" });
  await details.getByText("sch_handle_ingress").waitFor();
  const shown = await details.locator("dd", { hasText: "onerror" }).textContent();
  expect(shown).toContain("<img src=x onerror=alert(1)>");
  expect(shown).toContain("‹U+202E›");
  expect(HOSTILE).toContain("\u202e");
});

it("keeps loss, cost, fallback and notes on screen, and what goes on in the status bar", async () => {
  const host = withTracers(hostWithNode(), records(10));
  const page = await openNode(host);
  startRun(host, "run-1", { lost: 1234, thinned: 50, sample_every: 4 });
  startRun(host, "run-2");
  const bar = page.getByRole("button", { name: /2 tracers running · 0\.84 % CPU · 1.234 lost/ });
  await bar.click();
  await page
    .getByRole("option", { name: /Verdicts on node-7.*running/s })
    .nth(1)
    .click();
  const schema = schemaOf(verdictTracer, true);
  host.emit({ type: "trace.schema", node, trace_id: "run-1", command_id: "command-1", schema });
  const message = "The table of tuples is full: the oldest make room.";
  const note = { record: "note" as const, time_us: schema.started_us, code: "full", message };
  host.emit({ type: "trace.note", node, trace_id: "run-1", note });
  const run = page.getByRole("region", { name: "Run of a tracer" });
  await run.getByText("This kernel refuses fexit programs: EPERM.").waitFor();
  await run.getByText(message).waitFor();
  await run.getByText("this hook dropped it, not which program").waitFor();
  const figures = await run.locator(".figure").allTextContents();
  expect(figures.map((figure) => figure.replaceAll("\u202f", " "))).toEqual([
    "Events200 000 200 000/s",
    "Lost1 234",
    "Evicted0",
    "Thinned out50 (1 of 4 told)",
    "Own cost0.42 % CPU (budget 3 %)",
  ]);
  const later = stats(2, 200_100, { lost: 1234, thinned: 50, sample_every: 4 });
  host.emit({ type: "trace.stats", node, trace_id: "run-1", stats: later, rows });
  await run.getByRole("img", { name: /^Events per second over 2 s: 100 now.* Some were lost in 1/ }).waitFor();
  endRun(host, summary(30, 200_000, { hooks: 2 }), "run-2");
  await page.getByRole("button", { name: /^1 tracer running/ }).waitFor();
  await page.getByRole("option", { name: /ended/ }).click();
  await run.getByText("ended at its time limit after 30.0 s").waitFor();
  await run.getByRole("button", { name: "Show its command" }).click();
  await page.getByRole("complementary", { name: "Command" }).getByText("Exact text").waitFor();
  await run.getByRole("button", { name: "Run again" }).click();
  expect(await host.nextAsked("trace.start")).toMatchObject({ tracer: "verdict", params: { ifname: "lxc10" } });
});

it("runs on several nodes, and says which of them refused", async () => {
  const host = withTracers(hostWithNode(), records(1));
  const page = await openNode(host);
  const other = { node: "node-2", target: "node-b", label: "node-b", transport: "ssh" } as const;
  host.emit({ type: "node.added", ...other });
  host.emit({ type: "connection.ready", node: "node-2", host: "b", user: "root", privileges: "root", limits: [] });
  host.emit({ type: "node.added", node: "node-3", target: "node-c", label: "node-c", transport: "ssh" });
  host.emit({ type: "connection.ready", node: "node-3", host: "c", user: "ops", privileges: "none", limits: [] });
  await page.getByRole("tab", { name: "Tracers" }).click();
  await page.getByRole("checkbox", { name: "node-c" }).waitFor();
  expect(await page.getByRole("checkbox", { name: "node-c" }).isDisabled()).toBe(true);
  await page.getByText("Tracers need root on the node").waitFor();
  await page.getByRole("button", { name: "All 2 that can" }).click();
  await page.getByRole("combobox", { name: "Programs" }).fill("102");
  await page.keyboard.press("Escape");
  await page.getByText("such numbers are of one node").waitFor();
  await page.getByRole("button", { name: "Start on 2 nodes" }).click();
  const asked = [await host.nextAsked("trace.start"), await host.nextAsked("trace.start")];
  expect(asked.map((input) => (input as { node: string }).node)).toEqual(["node-1", "node-2"]);
});

it("shows the runs of a recording, and says why nothing can be started on it", async () => {
  const host = withTracers(hostWithNode(), records(3));
  const { page } = await open(host);
  await openSample(page);
  startRun(host);
  endRun(host, summary(30, 3));
  await openDrops(page);
  expect(await page.getByRole("button", { name: "Run again" }).isDisabled()).toBe(true);
  await page.getByText("This is a recording: nothing can be started on it.").waitFor();
  await page.getByRole("tab", { name: "Tracers" }).click();
  await page.locator("[data-view=tracers]").getByText("This is a recording").first().waitFor();
  expect(await page.getByRole("button", { name: "Start" }).isDisabled()).toBe(true);
  expect(host.asked.filter(({ method }) => method === "tracers.check")).toEqual([]);
});

/** The rows of a table are all alike, and a look at each takes a while. */
const firstRowsOf = (view: string) => ({ include: `[data-view=${view}]`, exclude: ".grid-row:nth-child(n+4)" });

it.each([
  ["light", { theme: "light" }],
  ["dark", { theme: "dark" }],
  ["a small window", { width: 900, height: 620 }],
] as const)("a form and a run in any state are sound for everybody: %s", async (name, look) => {
  const all = records(0);
  const host = withTracers(hostWithNode(), all);
  const page = await openNode(host, look);
  const looksSound = async (state: string, view = "traces") => {
    // What changes with a theme is colour, and with a window the place of things: these two states have them all.
    if (name !== "light" && state !== "form" && state !== "running") return;
    expect({ state, serious: await seriousFindings(page, firstRowsOf(view)) }).toEqual({ state, serious: [] });
    await screenshot(page, `traces-${state}-${name.replaceAll(" ", "-")}`);
  };
  await page.getByRole("tab", { name: "Tracers" }).click();
  await page.getByText("At the program's end").first().waitFor();
  await looksSound("form", "tracers");
  await page.getByRole("tab", { name: "Traces" }).click();
  await looksSound("none");
  const limits = { for_s: 30, events: null, budget_pct: 3 };
  host.emit({ type: "trace.started", node, trace_id: "run-1", tracer: "verdict", params: {}, limits });
  await page.getByText("Putting the tracer on the node").waitFor();
  await looksSound("starting");
  const schema = schemaOf(verdictTracer, true);
  host.emit({ type: "trace.schema", node, trace_id: "run-1", command_id: "command-1", schema });
  for (let second = 1; second <= 12; second++) {
    host.emit({ type: "trace.stats", node, trace_id: "run-1", stats: stats(second, 0), rows: {} });
  }
  await page.getByRole("tab", { name: /^Dropped packets/ }).click();
  await page.getByText("Nothing happened yet: 0 events in 12 s").waitFor();
  await looksSound("nothing-yet");
  addDrops(all, 0, 500);
  for (let second = 13; second <= 25; second++) {
    const said = stats(second, second * second, { lost: second > 20 ? second : 0, sample_every: 2, thinned: 3 });
    host.emit({ type: "trace.stats", node, trace_id: "run-1", stats: said, rows: { drop: 500 } });
  }
  await drops(page).getByRole("gridcell", { name: "443" }).first().click();
  await page.getByRole("complementary", { name: "Record" }).waitFor();
  await looksSound("running");
  const error = { code: "connection-lost", message: "The connection to node-a was lost.", hint: "What came is kept." };
  host.emit({ type: "trace.ended", node, trace_id: "run-1", summary: null, rows: { drop: 500 }, error });
  await page.getByText("What came is kept.").waitFor();
  await looksSound("lost");
});
