/** The picture in a real Chromium: order, keyboard, folds, signs, comparison, accessibility, and the sample. */
import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { Datapath } from "../../electron/core/model/types.ts";
import { screenshot } from "../support/app.ts";
import { bigNode, NODE_SIZES } from "../support/big-node.ts";
import { seriousFindings } from "./axe.ts";
import { hostWithNode, openSample } from "./node.ts";
import { inChromium, type Look, realService } from "./open.ts";

const open = inChromium();

/** Opens the page on a scripted node that shows `datapath`, and the next of `later` at each refresh. */
async function openPicture(datapath: Datapath, look: Look = {}, later: Datapath[] = []): Promise<Page> {
  const { page } = await open(hostWithNode(datapath, later), look);
  await openSample(page);
  await page.getByRole("treegrid").waitFor();
  return page;
}

/** The row whose name says this. */
const rowOf = (page: Page, name: string | RegExp) =>
  page.getByRole("row").filter({ has: page.getByRole("rowheader").getByRole("button", { name }) });

/** The first fold button with this text. */
const foldOf = (within: Page | Locator, text: string) => within.locator(".box-fold", { hasText: text }).first();

/** Accessible name of what has the focus. */
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? "");

async function leftToRight(row: Locator): Promise<string[]> {
  const boxes = await row.locator(".box-entry").evaluateAll((elements) =>
    elements.map((element) => ({
      x: element.getBoundingClientRect().x,
      text: element.querySelector(".box-main")?.getAttribute("aria-label") ?? "",
    })),
  );
  return boxes.sort((a, b) => a.x - b.x).map((box) => box.text.split(", ").slice(0, 4).join(", "));
}

describe("order and words", () => {
  it("shows the programs of an interface in the order the kernel runs them", async () => {
    const page = await openPicture(bigNode(NODE_SIZES.small));
    expect(await leftToRight(rowOf(page, /interface eth0, virtio_net/))).toEqual([
      "1, cil_xdp_entry, program 100, XDP",
      "1, cil_from_netdev, program 101, TC ingress",
      "1, cil_to_netdev, program 102, TC egress",
    ]);
    expect(await leftToRight(rowOf(page, /default\/web-6b00-abcde, end on the node/))).toEqual([
      "1, cil_from_container, program 107, TC ingress",
      "1, cil_to_container, program 108, TC egress",
      "2, cil_to_container, program 109, TC egress",
      "3, cil_to_container, program 110, TC egress",
    ]);
  });

  it("says of a dead program, in words, that it never runs and why", async () => {
    const page = await openPicture(bigNode(NODE_SIZES.small));
    const dead = page.getByRole("button", { name: /^3, cil_to_container.*never runs/ });
    await dead.focus();
    expect(await focused(page)).toContain("the filter at pref 2 never returns TC_ACT_UNSPEC");
    expect(await page.locator(".is-dead").textContent()).toContain("never runs");
  });

  it("shows markup and control characters of a node as text", async () => {
    const datapath = bigNode(NODE_SIZES.tiny);
    const [program] = datapath.programs;
    if (program) program.name = "<img src=x onerror=alert(1)>\u001b[31m";
    const page = await openPicture(datapath);
    expect(await page.locator(".box-title").first().textContent()).toBe("<img src=x onerror=alert(1)>␛[31m");
    expect(await page.locator(".picture img").count()).toBe(0);
  });
});

describe("keyboard", () => {
  it("walks along the hooks and down the rows, selects, and keeps one tab stop", async () => {
    const page = await openPicture(bigNode(NODE_SIZES.small));
    await page.getByRole("button", { name: /^interface eth0, virtio_net/ }).focus();
    await page.keyboard.press("ArrowRight");
    expect(await focused(page)).toContain("cil_xdp_entry");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    expect(await focused(page)).toContain("cil_to_host");
    await page.keyboard.press("Enter");
    await page.locator('[role="gridcell"][aria-selected="true"]').waitFor();
    expect(await page.locator('[data-place][tabindex="0"]').count()).toBe(1);
    await page.keyboard.press("Control+End");
    expect(await focused(page)).toContain("Loose");
    await page.keyboard.press("Control+Home");
    expect(await focused(page)).toContain("Node");
  });

  it("opens and closes the tail calls of a program with the space bar and walks into them", async () => {
    const page = await openPicture(bigNode(NODE_SIZES.deep));
    const start = page.getByRole("button", { name: /^1, cil_from_container/ }).first();
    await start.focus();
    await page.keyboard.press("Space");
    await page.getByText("Tail calls of cil_from_container").waitFor();
    await page.keyboard.press("ArrowDown");
    expect(await focused(page)).toContain("tail_handle_ipv4");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Space");
    await page.getByText("Tail calls of cil_from_container").waitFor({ state: "detached" });
  });

  it("goes from finding to finding and opens what it is about", async () => {
    const page = await openPicture(bigNode(NODE_SIZES.small));
    await page.getByRole("button", { name: /^Node/ }).focus();
    await page.keyboard.press("n");
    expect(await focused(page)).toContain("critical: second-program");
    await page.keyboard.press("n");
    expect(await focused(page)).toContain("warning: filter-never-runs");
    await page.keyboard.press("p");
    await page.keyboard.press("f");
    await page.locator('[data-view="inspector"]').getByText("Two programs decide about the packets").waitFor();
  });
});

describe("folds, maps and signs", () => {
  it("leads from a badge to the finding in the inspector", async () => {
    const page = await openPicture(bigNode(NODE_SIZES.small));
    await page
      .getByRole("button", { name: /^Finding: warning: filter-never-runs/ })
      .first()
      .click();
    await page.locator('[data-view="inspector"]').getByText("This filter cannot run").waitFor();
  });

  it("shows the maps of all programs or of one", async () => {
    const page = await openPicture(bigNode(NODE_SIZES.small));
    const maps = page.locator(".box-map");
    expect(await maps.count()).toBe(0);
    await foldOf(rowOf(page, /interface eth0, virtio_net/), "4 maps").click();
    await maps.first().waitFor();
    expect(await maps.count()).toBe(4);
    await page.locator(".picture").getByRole("button", { name: "Maps", exact: true }).click();
    // The switch for all turns the one that was open the other way.
    await rowOf(page, /interface cilium_host/)
      .locator(".box-map")
      .first()
      .waitFor();
    expect(
      await rowOf(page, /interface eth0, virtio_net/)
        .getByText("lpm_trie")
        .count(),
    ).toBe(2);
  });

  it("lists interfaces with nothing attached only when asked", async () => {
    const page = await openPicture(bigNode(NODE_SIZES.small));
    await page.getByRole("button", { name: /^Node/ }).focus();
    for (let steps = 0; !(await focused(page)).includes("with nothing attached"); steps++) {
      if (steps > 20) throw new Error("no row of idle interfaces");
      await page.keyboard.press("ArrowDown");
    }
    expect(await focused(page)).toBe("5 interfaces with nothing attached");
    expect(await page.locator(".row-idle").count()).toBe(0);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /^interface veth00a004/ }).waitFor();
  });

  it("marks what came and what went after a refresh", async () => {
    const now = bigNode(NODE_SIZES.small);
    const hooks = now.interfaces.find((iface) => iface.name === "cilium_host")?.hooks ?? [];
    hooks[0]?.entries.shift();
    const page = await openPicture(bigNode(NODE_SIZES.small), {}, [now]);
    await page.getByRole("button", { name: "Refresh" }).click();
    const gone = page.locator(".is-went");
    await gone.waitFor();
    expect(await gone.textContent()).toContain("went since the last collection");
    await page.getByRole("button", { name: /1 went/ }).click();
    await gone.waitFor({ state: "detached" });
  });

  it("narrows the rows to what the filter names and says how many are kept out", async () => {
    const page = await openPicture(bigNode(NODE_SIZES.busy));
    await page.keyboard.press("/");
    await page.keyboard.type("payments/");
    await page.getByText(/rows kept out by the filter/).waitFor();
    const names = await page.locator(".row-interface .head-title").allInnerTexts();
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => !name.startsWith("payments/"))).toEqual([]);
  });
});

describe("size", () => {
  it("draws only what is in sight of a thousand interfaces and two thousand programs", async () => {
    const page = await openPicture(bigNode(NODE_SIZES.huge));
    const count = () => page.locator(".picture-row").count();
    expect(await count()).toBeLessThan(40);
    const grid = page.getByRole("treegrid");
    expect(Number(await grid.getAttribute("aria-rowcount"))).toBeGreaterThan(900);
    await grid.evaluate((element) => element.scrollTo(0, element.scrollHeight / 2));
    await page.locator('.picture-row[aria-rowindex="470"]').waitFor();
    expect(await count()).toBeLessThan(45);
  });
});

describe("accessibility", () => {
  it.each(["light", "dark"] as const)("has no serious findings in the %s theme", async (theme) => {
    const datapath = bigNode(NODE_SIZES.small);
    const page = await openPicture(datapath, { theme });
    await foldOf(page, "tail calls").click();
    await foldOf(page, "4 maps").click();
    await page.locator(".box-map").first().waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await screenshot(page, `picture-${theme}`);
  });
});

describe("the sample incident", () => {
  it("shows the stale filter on the pod's interface, behind the current one, with its finding", async () => {
    const { page } = await open(realService(() => ({ session_path: ":memory:" })).service);
    await page.getByRole("button", { name: "Open the sample incident" }).click();
    await page.getByRole("treegrid").waitFor();
    await screenshot(page, "picture-sample");
    // The stale filter is further down: the way to it is the finding's key.
    await page.getByRole("rowheader").getByRole("button", { name: /^Node/ }).focus();
    await page.keyboard.press("n");
    const stale = page.getByRole("button", { name: /^\d, cil_to_container.*duplicate-name/ });
    await stale.waitFor();
    expect(await focused(page)).toContain("egress (out → pod)");
    const row = page.getByRole("row").filter({ has: stale });
    const chain = await leftToRight(row);
    expect(chain.filter((name) => name.includes("cil_to_container"))).toHaveLength(2);
    await screenshot(page, "picture-sample-finding");
  });
});
