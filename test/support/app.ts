/**
 * The app for browser tests: the built page, served by the real browser server, in Chromium.
 * Which host stands behind it (the real service or a scripted one) is the test's choice.
 */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { expect } from "vitest";
import { startServer } from "../../electron/server/server.ts";
import type { Handlers } from "../../electron/shared/rpc/server.ts";

const root = resolve(import.meta.dirname, "../..");
const CHROMIUM = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";

let built: Promise<void> | null = null;

/** Builds `out/` once a process, only when it is older than its sources. */
export function ensureApp(): Promise<void> {
  // @ts-expect-error the scripts run before anything is installed and are plain JavaScript
  built ??= import("../../scripts/lib/build.mjs").then(({ ensureBuild }) => ensureBuild());
  return built;
}

/** A Chromium that asks nobody for anything but our server. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export interface RunningApp {
  page: Page;
  context: BrowserContext;
  url: string;
  /** Exceptions and console errors of the page so far; a test that ends with some has failed. */
  trouble: string[];
  /** Ends the server under the page; what the page then says of it is no trouble. */
  stopServer(): Promise<void>;
  close(): Promise<void>;
}

export interface AppOptions {
  service: { handlers: Handlers };
  theme?: "light" | "dark";
  width?: number;
  height?: number;
}

/** Serves the app and opens it. `close` fails the test when the page reported trouble. */
export async function openApp(browser: Browser, options: AppOptions): Promise<RunningApp> {
  await ensureApp();
  const server = await startServer({ service: options.service, rendererDir: resolve(root, "out/renderer") });
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
    colorScheme: options.theme ?? "light",
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  const trouble: string[] = [];
  let stopped = false;
  page.on("pageerror", (error) => trouble.push(`${error.message}\n${error.stack ?? ""}`));
  page.on("console", (message) => {
    if (message.type() === "error") trouble.push(message.text());
  });
  await page.goto(server.url);
  return {
    page,
    context,
    url: server.url,
    trouble,
    async stopServer() {
      stopped = true;
      await server.close();
    },
    async close() {
      await context.close();
      if (!stopped) await server.close();
      expect(stopped ? [] : trouble).toEqual([]);
    },
  };
}

/** What was copied last. */
export const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

/** Resolves when what has changed is on the screen: a theme comes with the next frame, and its colours by transitions. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const transitions = () => document.getAnimations().filter((one) => one instanceof CSSTransition);
    do {
      await new Promise((frame) => requestAnimationFrame(() => requestAnimationFrame(frame)));
      await Promise.allSettled(transitions().map(({ finished }) => finished));
    } while (transitions().length > 0);
  });
}

/** Keeps a picture for people to look at; no test depends on it. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = resolve(root, "test/screenshots");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: resolve(folder, `${name}.png`), animations: "disabled" });
}
