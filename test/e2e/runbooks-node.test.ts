/** Runbooks in the page with nothing made up behind it: the real service, the books that ship, a team's own, this kernel. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { createService, type Service } from "../../electron/host/service.ts";
import { launchBrowser, openApp, type RunningApp, screenshot } from "../support/app.ts";

/** A collection of a whole node on a busy machine. */
const LONG = { timeout: 90_000 };

const QUEUES = `
id: queues
title: Receive queues
symptom: The node answers late whenever it is busy
when_to_use: When nothing else explains it.
runs: One collection, and the processors' queue counters once more.
inputs: []
steps:
  - id: seen
    kind: ask
    title: What was seen
    text: Told by a person.
    question: Is it late now?
    answers:
      - { id: "yes", text: "Yes, now" }
      - { id: "no", text: "Not any more" }
  - id: read
    kind: collect
    title: Read the node
    text: The picture and the queues.
    sections: [counters.softnet]
  - id: judge
    kind: examine
    title: Judge
    text: What the queues took in.
    verdicts:
      - id: queues
        subject: the processors' receive queues
        kind: queues-work
        when:
          - rows: { step: read, section: counters.softnet, column: processed, of: value, at_least: 0 }
          - answer: { step: seen, is: "yes" }
        verdict: confirmed
        meaning: The queues count what they take in.
        proposal:
          advice: Look at the queues while it is late.
`;

let browser: Browser;
let dir: string;
let service: Service;
let app: RunningApp;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "bpfdesk-e2e-"));
  writeFileSync(join(dir, "queues.yaml"), QUEUES);
  writeFileSync(
    join(dir, "broken.yaml"),
    QUEUES.replace("id: queues", "id: broken").replace("kind: collect", "kind: shell"),
  );
  service = createService({
    resourcesDir: resolve(import.meta.dirname, "../../resources"),
    dataDir: dir,
    books_dir: dir,
    mode: "browser",
    version: "0.0.0",
  });
  app = await openApp(browser, { service });
  app.page.setDefaultTimeout(LONG.timeout);
});
afterEach(async () => {
  await app.close();
  await service.close();
  rmSync(dir, { recursive: true });
});

it("runs a team's own book on this machine, from its symptom to a verdict and the raw output behind it", async () => {
  const { page } = app;
  await page.getByRole("button", { name: /answers late whenever it is busy/ }).click();
  await page.getByRole("button", { name: "Open this machine" }).click();
  // Asked where the node's own bpftool cannot show everything.
  const opened = page.getByRole("heading", { name: "Receive queues" });
  const decline = page.getByRole("button", { name: "Go on without" });
  await opened.or(decline).waitFor(LONG);
  if (await decline.isVisible()) await decline.click();
  await opened.waitFor(LONG);
  for (const shipped of ["Stale filters", "Retransmit storm", "DNS attribution"]) {
    await page.getByRole("option", { name: new RegExp(`^${shipped}`, "i") }).waitFor();
  }
  await page.getByRole("option", { name: /cannot be used/ }).click();
  await page
    .getByText(/broken\.yaml:\d+/)
    .first()
    .waitFor();
  await page.getByRole("option", { name: /^Receive queues team's own The node answers late/ }).click();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.getByRole("region", { name: "It asks you" }).getByRole("button", { name: "Yes, now" }).click();
  const verdict = page.locator("[data-verdict]").filter({ hasText: "queues work" });
  await verdict.getByText("confirmed").waitFor(LONG);
  await page.locator(".run-state-finished").waitFor(LONG);
  await screenshot(page, "runbooks-this-machine");
  await verdict.getByRole("button", { name: /your answer/ }).click();
  const step = page.getByRole("list", { name: "Steps" }).locator(".run-step", { hasText: "What was seen" });
  await expect.poll(() => step.locator("details").first().getAttribute("open"), LONG).not.toBeNull();
  await verdict
    .getByRole("button", { name: /^output/ })
    .first()
    .click();
  await page.getByRole("complementary", { name: "Command" }).getByText("Exact text").waitFor();
});

it("offers the shipped books on a recording, and starts none there", async () => {
  const { page } = app;
  await page.getByRole("button", { name: "Open the sample incident" }).click();
  await page.getByRole("tab", { name: "Runbooks" }).click();
  await page.getByRole("option", { name: /^Stale filters/i }).click();
  await page.getByText("This is a recording: nothing can be started on it.").first().waitFor();
  expect(await page.getByRole("button", { name: "Run", exact: true }).isDisabled()).toBe(true);
  await screenshot(page, "runbooks-sample");
});
