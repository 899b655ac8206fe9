/**
 * What a person waits for: the first screen after a cold start, the first picture of a very large
 * node, panning over it, and the memory it takes. The real browser server in a process of its own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { SNAPSHOT_FORMAT, SNAPSHOT_VERSION } from "../../electron/core/collect/snapshot.ts";
import { writeSnapshot } from "../../electron/host/snapshot/file.ts";
// @ts-expect-error the scripts run before anything is installed and are plain JavaScript
import { serverFlags } from "../../scripts/lib/server-flags.mjs";
import { launchBrowser } from "../support/app.ts";
import { bigCollected } from "../support/big-collected.ts";
import { NODE_SIZES } from "../support/big-node.ts";
import { defineBench, median, ms } from "./define.ts";

const STARTS = 3;
const PAN_FRAMES = 240;

export default defineBench({
  title: "The page: cold start, and a node with 1,000 interfaces and 2,000 programs",
  async run() {
    const dir = mkdtempSync(join(tmpdir(), "bpfdesk-bench-"));
    const browser = await launchBrowser();
    try {
      const starts: number[] = [];
      for (let run = 0; run < STARTS; run++) starts.push(await coldStart(browser, dir));
      const big = await bigPicture(browser, dir);
      return [
        { label: `cold start to first usable screen (median of ${STARTS})`, value: ms(median(starts)) },
        { label: "choosing the file to first picture", value: ms(big.picture_ms) },
        { label: "panning: median frame", value: ms(median(big.frames)) },
        { label: "panning: longest frame", value: ms(Math.max(...big.frames)) },
        {
          label: "panning: frames over 50 ms",
          value: `${big.frames.filter((one) => one > 50).length} of ${big.frames.length}`,
        },
        { label: "memory at the first picture: page + host (proportional sets)", value: inWords(big.at_picture) },
        { label: "memory right after panning, garbage of the page included", value: inWords(big.after_panning) },
      ];
    } finally {
      await browser.close();
      rmSync(dir, { recursive: true, force: true });
    }
  },
});

const inWords = ({ page, host }: { page: number; host: number }) => `${page} + ${host} = ${page + host} MB`;

interface Server {
  url: string;
  child: ChildProcess;
  stop(): Promise<void>;
}

/** The built server, as `npm start` runs it. */
async function startBuiltServer(dir: string): Promise<Server> {
  const child = spawn(process.execPath, [...serverFlags, resolve(import.meta.dirname, "../../out/main/server.js")], {
    env: { ...process.env, XDG_DATA_HOME: dir },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise<string>((settle, reject) => {
    let printed = "";
    child.stdout.on("data", (bytes) => {
      printed += bytes;
      const found = /http:\S+/.exec(printed);
      if (found) settle(found[0]);
    });
    child.once("exit", () => reject(new Error("the server ended")));
  });
  return {
    url,
    child,
    async stop() {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      await gone;
    },
  };
}

/** From starting the server's process to a button that can be pressed. */
async function coldStart(browser: Browser, dir: string): Promise<number> {
  const started = performance.now();
  const server = await startBuiltServer(dir);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    await page.goto(server.url);
    await page.getByRole("button", { name: /sample incident/i }).waitFor();
    return performance.now() - started;
  } finally {
    await context.close();
    await server.stop();
  }
}

async function bigPicture(browser: Browser, dir: string) {
  const file = join(dir, "big.bpfdesk-snapshot");
  writeFileSync(
    file,
    await writeSnapshot({
      format: SNAPSHOT_FORMAT,
      version: SNAPSHOT_VERSION,
      app_version: "bench",
      title: "big",
      description: "",
      node: { host: "big", user: "root", root: true },
      recorded_at: 0,
      collected: bigCollected(NODE_SIZES.huge),
      follow_up: null,
    }),
  );
  const server = await startBuiltServer(dir);
  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } });
  try {
    const page = await context.newPage();
    await page.goto(server.url);
    const before = await rendererTimes(browser);
    const open = page.getByRole("button", { name: /open a file/i });
    await open.waitFor();
    const chooser = page.waitForEvent("filechooser");
    await open.click();
    const chosen = await chooser;
    const started = performance.now();
    await chosen.setFiles(file);
    await page.locator("[data-place]").first().waitFor();
    const picture_ms = performance.now() - started;
    const page_pid = busiest(before, await rendererTimes(browser));
    const memory = () => ({ page: proportionalSet(page_pid), host: proportionalSet(server.child.pid ?? 0) });
    const at_picture = memory();
    const frames = await pan(page);
    return { picture_ms, frames, at_picture, after_panning: memory() };
  } finally {
    await context.close();
    await server.stop();
  }
}

/** Scrolls the picture by a row a frame, down and up, and returns the time of each frame in ms. */
function pan(page: Page): Promise<number[]> {
  return page.evaluate(async (count) => {
    const row = document.querySelector("[data-place]");
    let scroller = row?.parentElement ?? null;
    while (scroller && scroller.scrollHeight <= scroller.clientHeight + 1) scroller = scroller.parentElement;
    if (!scroller) throw new Error("the picture does not scroll");
    const frames: number[] = [];
    let last = await new Promise<number>((settle) => requestAnimationFrame(settle));
    for (let frame = 0; frame < count; frame++) {
      scroller.scrollTop += frame < count * 0.75 ? 120 : -360;
      const now = await new Promise<number>((settle) => requestAnimationFrame(settle));
      frames.push(now - last);
      last = now;
    }
    return frames;
  }, PAN_FRAMES);
}

/** CPU seconds of each page process of this browser, by pid. */
async function rendererTimes(browser: Browser): Promise<Map<number, number>> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return new Map(processInfo.filter(({ type }) => type === "renderer").map(({ id, cpuTime }) => [id, cpuTime]));
}

/**
 * The process our page is in. Chromium tells no page its pid, and has others beside it (a spare one, one of
 * its own address bar); what happened between the two times happened in ours.
 */
function busiest(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number {
  const spent = [...after].map(([pid, time]) => ({ pid, spent: time - (before.get(pid) ?? 0) }));
  return spent.sort((a, b) => b.spent - a.spent)[0]?.pid ?? 0;
}

/** PSS in MB: of memory shared between processes, this one's share. */
function proportionalSet(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Math.round(Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024);
}
