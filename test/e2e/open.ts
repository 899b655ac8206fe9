/** Opens the app for the tests of one file: one Chromium for them all, and what a test opened is closed when it ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { createService, type Service, type ServiceOptions } from "../../electron/host/service.ts";
import { type AppOptions, launchBrowser, openApp, type RunningApp } from "../support/app.ts";

/** How the window looks. */
export type Look = Omit<AppOptions, "service">;

/** For the top of a file; returns what opens the first screen on a host, in a test. The test fails when its page reported trouble. */
export function inChromium(): (service: AppOptions["service"], look?: Look) => Promise<RunningApp> {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  return async (service, look = {}) => {
    const app = await openApp(browser, { service, ...look });
    onTestFinished(() => app.close());
    await app.page.getByRole("heading", { name: "bpfdesk" }).waitFor();
    return app;
  };
}

/**
 * The real service as it ships, in a folder of its own. Both are gone when the test has ended, after the app, which is
 * opened later: what is registered last is done first. `more` adds options that need the folder.
 */
export function realService(more: (dir: string) => Partial<ServiceOptions> = () => ({})): {
  service: Service;
  dir: string;
} {
  const dir = mkdtempSync(join(tmpdir(), "bpfdesk-e2e-"));
  const resourcesDir = resolve(import.meta.dirname, "../../resources");
  const service = createService({ resourcesDir, dataDir: dir, mode: "browser", version: "0.0.0", ...more(dir) });
  onTestFinished(async () => {
    await service.close();
    rmSync(dir, { recursive: true });
  });
  return { service, dir };
}
