/** The workspace over a made-up node: tables, inspector, palette, changes, hostile text. */
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { Datapath } from "../../electron/core/model/types.ts";
import { clipboard, screenshot } from "../support/app.ts";
import type { ScriptedHost } from "../support/scripted-host.ts";
import { hostWithNode, openSample, smallNode } from "./node.ts";
import { inChromium } from "./open.ts";

const open = inChromium();

async function openNode(host: ScriptedHost = hostWithNode()): Promise<Page> {
  const { page } = await open(host);
  await openSample(page);
  return page;
}

/** Texts of one column of the table in view, top rows only: the table is virtual. */
const column = (page: Page, view: string, at: number) =>
  page.locator(`[data-view=${view}] [role=gridcell][aria-colindex="${at}"]`).allInnerTexts();

it("sorts a table by a column, up, down and back to the node's order", async () => {
  const page = await openNode();
  await page.getByRole("tab", { name: "Programs" }).click();
  const title = page.locator("[data-view=programs]").getByRole("columnheader", { name: "Name" });
  const asListed = await column(page, "programs", 1);
  await title.click();
  expect(await title.getAttribute("aria-sort")).toBe("ascending");
  const up = await column(page, "programs", 1);
  expect(up).toEqual([...up].sort(new Intl.Collator("en", { numeric: true }).compare));
  await title.click();
  expect(await title.getAttribute("aria-sort")).toBe("descending");
  const down = await column(page, "programs", 1);
  expect(down).toEqual([...down].sort(new Intl.Collator("en", { numeric: true }).compare).reverse());
  await title.click();
  expect(await column(page, "programs", 1)).toEqual(asListed);
});

it("works by keyboard alone: to a table, along its rows, select, mark and copy", async () => {
  const page = await openNode();
  await page.getByRole("tab", { name: "Programs" }).click();
  const grid = page.getByRole("grid", { name: "Programs" });
  await grid.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const second = smallNode().programs[1];
  const inspector = page.getByRole("article", { name: "Details of the program" });
  await inspector.getByText(second?.tag ?? "", { exact: true }).waitFor();
  expect(await grid.evaluate((element) => element === document.activeElement)).toBe(true);
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Control+c");
  await page.getByText("Copied 2 rows").waitFor();
  const [titles, ...rows] = (await clipboard(page)).split("\n").map((line) => line.split("\t"));
  expect(titles?.slice(0, 3)).toEqual(["Name", "Id", "Type"]);
  expect(rows.map((row) => row.slice(0, 3))).toEqual(
    smallNode()
      .programs.slice(1, 3)
      .map((program) => [program.name, String(program.id), program.type]),
  );
  await page.keyboard.press("End");
  const last = await grid.getAttribute("aria-activedescendant");
  await page.locator(`[id="${last}"]`).waitFor();
  expect(await grid.getAttribute("aria-rowcount")).toBe(String(smallNode().programs.length + 1));
});

it("copies all rows as JSON with the kernel's names", async () => {
  const page = await openNode();
  await page.getByRole("tab", { name: "Maps" }).click();
  await page.locator("[data-view=maps]").getByRole("button", { name: "Copy rows" }).click();
  await page.getByRole("menuitem", { name: /^Copy all .* as JSON$/ }).click();
  await page.getByText(/^Copied/).waitFor();
  const maps = JSON.parse(await clipboard(page)) as { id: number; max_entries: number }[];
  expect(maps.map(({ id, max_entries }) => ({ id, max_entries }))).toEqual(
    smallNode().maps.map(({ id, max_entries }) => ({ id, max_entries })),
  );
});

it("shows and hides columns and remembers the choice", async () => {
  const page = await openNode();
  await page.getByRole("tab", { name: "Programs" }).click();
  const tagTitle = page.locator("[data-view=programs]").getByRole("columnheader", { name: "Tag" });
  await tagTitle.waitFor();
  await page.locator("[data-view=programs]").getByRole("button", { name: "Columns" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Tag" }).click();
  await tagTitle.waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await page.reload();
  await page.getByRole("tab", { name: "Programs" }).click();
  await page.getByRole("grid", { name: "Programs" }).waitFor();
  expect(await tagTitle.count()).toBe(0);
});

it("filters every view by text and says that something is hidden", async () => {
  const page = await openNode();
  await page.getByRole("tab", { name: "Programs" }).click();
  await page.keyboard.press("/");
  await page.keyboard.type("cil_xdp_entry");
  const wanted = smallNode().programs.filter((program) => program.name === "cil_xdp_entry");
  await expect.poll(() => column(page, "programs", 1)).toEqual(wanted.map((program) => program.name));
  await page.getByRole("tab", { name: "Interfaces" }).click();
  await expect.poll(() => column(page, "interfaces", 1)).toEqual(["eth0"]);
  await page.getByRole("button", { name: "Show everything" }).click();
  await expect.poll(async () => (await column(page, "interfaces", 1)).length).toBeGreaterThan(1);
});

it("filters by what is chosen, and takes one choice back alone", async () => {
  const page = await openNode();
  await page.getByRole("tab", { name: "Programs" }).click();
  await page.getByRole("combobox", { name: "Hook" }).click();
  await page.getByRole("option", { name: "XDP" }).click();
  await expect.poll(() => column(page, "programs", 1)).toEqual(["cil_xdp_entry"]);
  await page.getByRole("combobox", { name: "Owner" }).fill("fal");
  await page.getByRole("option", { name: "falco" }).click();
  await page.locator("[data-view=programs]").getByText("The filter hides everything here").waitFor();
  await page.getByRole("button", { name: "Any hook" }).click();
  const owned = smallNode().programs.filter((program) => program.owner?.family === "falco");
  await expect.poll(() => column(page, "programs", 1)).toEqual(owned.map((program) => program.name));
});

it("leads from a finding to its place and shows its evidence", async () => {
  const page = await openNode();
  const finding = smallNode().findings[0];
  if (!finding) throw new Error("the made-up node has a finding");
  await page
    .getByRole("list", { name: "Findings" })
    .getByRole("button", { name: finding.subject_name })
    .first()
    .click();
  const inspector = page.getByRole("article", { name: "Details of the finding" });
  await inspector.getByText(finding.meaning).waitFor();
  await inspector.getByText(finding.evidence[0] ?? "").waitFor();
});

it("goes back and forward through what was selected", async () => {
  const page = await openNode();
  await page.getByRole("tab", { name: "Maps" }).click();
  await page
    .getByRole("grid", { name: "Maps" })
    .getByRole("gridcell", { name: "cilium_ct4_glob", exact: true })
    .click();
  await page.getByRole("article", { name: "Details of the map" }).waitFor();
  await page.getByRole("article").getByRole("button", { name: "cil_to_netdev" }).first().click();
  await page.getByRole("article", { name: "Details of the program" }).waitFor();
  await page.keyboard.press("Alt+ArrowLeft");
  await page.getByRole("article", { name: "Details of the map" }).waitFor();
  await page.keyboard.press("Alt+ArrowRight");
  await page.getByRole("article", { name: "Details of the program" }).waitFor();
});

it("shows the raw row and the command it came from, and copies both", async () => {
  const page = await openNode();
  await page.getByRole("tab", { name: "Programs" }).click();
  await page.getByRole("grid", { name: "Programs" }).getByRole("gridcell").first().click();
  await page.getByText("Where this comes from").click();
  await page.getByRole("button", { name: "Copy command" }).click();
  await page.getByText("Copied command").waitFor();
  expect(await clipboard(page)).toBe("$BPFTOOL -j -f prog show");
  await page.getByRole("button", { name: "Copy as the tool printed it" }).click();
  await page.getByText("Copied as the tool printed it").waitFor();
  expect(JSON.parse(await clipboard(page))).toEqual(smallNode().programs[0]?.origin.raw);
});

it("shows translated code with the calls that matter marked, and finds text in it", async () => {
  const host = hostWithNode();
  host.disassembly = () => ({
    command_id: "command-2",
    text: "   0: (bf) r6 = r1\n   1: (85) call bpf_skb_store_bytes#9\n   2: (85) call bpf_tail_call#12\n   3: (95) exit\n",
  });
  const page = await openNode(host);
  await page.getByRole("tab", { name: "Programs" }).click();
  await page.getByRole("grid", { name: "Programs" }).getByRole("gridcell").first().click();
  await page.getByRole("button", { name: "Disassemble" }).click();
  expect(await host.nextAsked("node.disassemble")).toMatchObject({ prog_id: smallNode().programs[0]?.id });
  const editor = page.locator(".monaco-editor");
  await editor.locator(".call-packet").first().waitFor();
  await editor.locator(".call-tail_call").first().waitFor();
  await editor.locator(".view-line").first().click();
  await page.keyboard.press("Control+f");
  await page.keyboard.type("tail_call");
  await editor.getByText("1 of 1").waitFor();
  await screenshot(page, "disassembly");
});

it("says why a recording has no code for a program, and what to do", async () => {
  const page = await openNode();
  await page.getByRole("tab", { name: "Programs" }).click();
  await page.getByRole("grid", { name: "Programs" }).getByRole("gridcell").first().click();
  await page.getByRole("button", { name: "Disassemble" }).click();
  const alert = page.locator("[data-view=disassembly]").getByRole("alert");
  expect(await alert.textContent()).toContain("Not recorded.");
  expect(await alert.textContent()).toContain("Connect to the node.");
});

it("marks what came, went and changed after a refresh, and lists it", async () => {
  const after = structuredClone(smallNode()) as Datapath;
  const gone = after.programs.pop();
  const changed = after.programs[0];
  if (!gone || !changed) throw new Error("the made-up node has programs");
  changed.pinned = ["/sys/fs/bpf/new-pin"];
  const came = { ...structuredClone(changed), key: "prog:90001", id: 90001, name: "just_loaded", attached: [] };
  after.programs.unshift(came);
  const page = await openNode(hostWithNode(smallNode(), [after]));
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByRole("tab", { name: "Changes" }).click();
  const changes = page.getByRole("grid", { name: "Changes" });
  await changes.getByRole("row").filter({ hasText: "new" }).filter({ hasText: "just_loaded" }).waitFor();
  await changes.getByRole("row").filter({ hasText: "gone" }).filter({ hasText: gone.name }).first().waitFor();
  await changes.getByRole("row").filter({ hasText: "changed" }).filter({ hasText: "/sys/fs/bpf/new-pin" }).waitFor();
  await page.getByRole("tab", { name: "Programs" }).click();
  const programs = page.getByRole("grid", { name: "Programs" });
  await programs.getByRole("row").filter({ hasText: "new" }).filter({ hasText: "just_loaded" }).waitFor();
  await programs.focus();
  await page.keyboard.press("End");
  await programs.getByRole("row").filter({ hasText: "gone" }).filter({ hasText: gone.name }).click();
  await page.getByRole("article").getByText("gone since the last refresh").waitFor();
  await screenshot(page, "changes");
});

it("opens the palette with the keyboard, finds a program and goes there; focus returns", async () => {
  const page = await openNode();
  await page.getByRole("tab", { name: "Programs" }).click();
  await page.getByRole("grid", { name: "Programs" }).focus();
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog", { name: "Search and commands" }).waitFor();
  await page.keyboard.type("cil_xdp");
  await page.getByRole("option", { name: /cil_xdp_entry/ }).waitFor();
  await screenshot(page, "palette");
  await page.keyboard.press("Enter");
  const inspector = page.getByRole("article", { name: "Details of the program" });
  await inspector.getByRole("heading", { name: "cil_xdp_entry" }).waitFor();
  await expect
    .poll(() => page.getByRole("grid", { name: "Programs" }).evaluate((it) => it === document.activeElement))
    .toBe(true);
});

it("lists the shortcuts on ?, and Escape closes the list", async () => {
  const page = await openNode();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
});

it("tells which commands were run, with the line to paste and the output made safe", async () => {
  const host = hostWithNode();
  host.output = [{ stream: "stdout", bytes: new TextEncoder().encode("[]\n\u001b]0;owned\u0007done\n") }];
  const page = await openNode(host);
  await page.getByRole("tab", { name: "Commands" }).click();
  await page.getByRole("tab", { name: "Commands run" }).click();
  await page.getByRole("grid", { name: "Commands run" }).getByRole("gridcell").first().click();
  await page.getByRole("button", { name: "Copy shell line" }).click();
  await page.getByText("Copied shell line").waitFor();
  expect(await clipboard(page)).toBe("ssh root@10.0.0.5 sh -s");
  await page.locator(".xterm-rows").getByText("␛]0;owned␇done").waitFor();
  expect(await page.title()).toBe("bpfdesk");
});

it("never makes HTML of text from a node and shows characters that hide or reorder", async () => {
  const hostile = '<img src=x onerror="document.title=1">\u202Etxt\u001b[31m';
  const datapath = smallNode();
  const program = datapath.programs[0];
  const iface = datapath.interfaces[0];
  const pod = datapath.pods[0];
  const finding = datapath.findings[0];
  if (!program || !iface || !pod || !finding) throw new Error("the made-up node has one of each");
  program.name = hostile;
  program.pinned = [hostile];
  program.origin.raw = { name: hostile };
  iface.name = hostile;
  iface.addresses = [hostile];
  pod.name = hostile;
  finding.subject_name = hostile;
  finding.evidence = [hostile];
  finding.meaning = hostile;
  datapath.node.hostname = hostile;
  const page = await openNode(hostWithNode(datapath));
  for (const view of ["Programs", "Interfaces", "Picture", "Commands", "Findings"]) {
    await page.getByRole("tab", { name: view, exact: true }).click();
  }
  await page.getByRole("tab", { name: "Programs" }).click();
  await page.getByRole("grid", { name: "Programs" }).getByRole("gridcell").first().click();
  await page.getByText("Where this comes from").click();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("onerror");
  await page.getByRole("option").first().waitFor();
  await screenshot(page, "hostile");
  expect(await page.locator("img").count()).toBe(0);
  expect(await page.title()).toBe("bpfdesk");
  const text = await page.evaluate(() => document.body.textContent ?? "");
  expect(text).toContain("<img src=x onerror");
  expect(text).toContain("‹U+202E›txt␛[31m");
  expect(text).not.toMatch(/[\u202E\u001b]/);
});

it("keeps a moved panel where it was put, over a reload", async () => {
  const page = await openNode();
  const inspector = page.getByRole("tab", { name: "Inspector" });
  await inspector.waitFor();
  const handle = page.locator("[role=separator][aria-orientation=vertical]").first();
  await handle.focus();
  const before = await page.locator("[data-view=inspector]").boundingBox();
  await page.keyboard.press("ArrowLeft");
  await expect
    .poll(async () => (await page.locator("[data-view=inspector]").boundingBox())?.width)
    .not.toBe(before?.width);
  const moved = (await page.locator("[data-view=inspector]").boundingBox())?.width;
  await page.reload();
  await page.locator("[data-view=inspector]").waitFor();
  expect((await page.locator("[data-view=inspector]").boundingBox())?.width).toBe(moved);
});
