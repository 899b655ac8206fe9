/** The sample incident end to end: the real host, the shipped recording, the built page. */
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { screenshot } from "../support/app.ts";
import { openSample } from "./node.ts";
import { inChromium, realService } from "./open.ts";

const open = inChromium();

async function sample(): Promise<Page> {
  const { page } = await open(realService().service);
  await openSample(page);
  return page;
}

it("opens with no cluster and no privileges, and leads from the finding to the two programs", async () => {
  const page = await sample();
  await page.getByText("Recording: nothing here is live").waitFor();
  await screenshot(page, "sample");
  const finding = page
    .getByRole("list", { name: "Findings" })
    .getByRole("listitem")
    .filter({ hasText: "egress (out → pod)" });
  await finding.getByRole("button", { name: "egress (out → pod)" }).first().click();
  const inspector = page.getByRole("article", { name: "Details of the finding" });
  const programs = inspector.getByRole("button", { name: "egress (out → pod)" });
  await programs.last().click();
  const entry = page.getByRole("article").filter({ hasText: /Can it run\?|Index/ });
  await entry.waitFor();
});

it("shows the code of a recorded program, or says that it was not recorded", async () => {
  const page = await sample();
  await page.getByRole("tab", { name: "Programs" }).click();
  await page
    .getByRole("textbox", { name: "Filter by text" })
    .or(page.getByRole("searchbox", { name: "Filter by text" }))
    .fill("sd_devices");
  await page.getByRole("grid", { name: "Programs" }).getByRole("gridcell", { name: "sd_devices" }).first().click();
  await page.getByRole("button", { name: "Disassemble" }).click();
  const alert = page.locator("[data-view=disassembly]").getByRole("alert");
  await alert.waitFor();
  expect(await alert.textContent()).toMatch(/record/i);
});

it("lists what is asked of a node with the exact command of each section", async () => {
  const page = await sample();
  await page.getByRole("tab", { name: "Commands" }).click();
  const grid = page.getByRole("grid", { name: "Sections" });
  await grid.getByRole("gridcell", { name: "Loaded programs" }).click();
  const section = page.getByRole("complementary", { name: "Section" });
  expect(await section.locator("pre").textContent()).toContain("-j -f prog show");
});

it("comes back to the node after a reload, with the same picture", async () => {
  const page = await sample();
  const counts = await page.getByRole("contentinfo").textContent();
  await page.reload();
  await page.getByRole("button", { name: "Refresh" }).waitFor();
  expect(await page.getByRole("contentinfo").textContent()).toBe(counts);
});

it("finds nothing changed when the same recording is read again", async () => {
  const page = await sample();
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByRole("tab", { name: "Changes" }).click();
  await page.getByText("The last refresh changed nothing").waitFor();
});

it("saves a snapshot that opens again as a node of its own", async () => {
  const page = await sample();
  const download = page.waitForEvent("download");
  await page.keyboard.press("Control+s");
  const file = await (await download).path();
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("menuitem", { name: "Open another node" }).click();
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Open a file…" }).click();
  await (await chooser).setFiles(file);
  await page.getByRole("button", { name: "Refresh" }).waitFor();
  await page.getByRole("heading", { level: 1, name: "worker-07" }).waitFor();
});
