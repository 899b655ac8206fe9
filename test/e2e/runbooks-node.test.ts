/** Runbooks in the page with nothing made up behind it: the real service, the books that ship, a team's own, this kernel. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { screenshot } from "../support/app.ts";
import { inChromium, realService } from "./open.ts";

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

const open = inChromium();

/** The real service with the team's two books, on its first screen. */
async function openBooks(): Promise<Page> {
  const { service } = realService((dir) => {
    writeFileSync(join(dir, "queues.yaml"), QUEUES);
    const broken = QUEUES.replace("id: queues", "id: broken").replace("kind: collect", "kind: shell");
    writeFileSync(join(dir, "broken.yaml"), broken);
    return { books_dir: dir };
  });
  const { page } = await open(service);
  page.setDefaultTimeout(LONG.timeout);
  return page;
}

it("runs a team's own book on this machine, from its symptom to a verdict and the raw output behind it", async () => {
  const page = await openBooks();
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
  const page = await openBooks();
  await page.getByRole("button", { name: "Open the sample incident" }).click();
  await page.getByRole("tab", { name: "Runbooks" }).click();
  await page.getByRole("option", { name: /^Stale filters/i }).click();
  await page.getByText("This is a recording: nothing can be started on it.").first().waitFor();
  expect(await page.getByRole("button", { name: "Run", exact: true }).isDisabled()).toBe(true);
  await screenshot(page, "runbooks-sample");
});
