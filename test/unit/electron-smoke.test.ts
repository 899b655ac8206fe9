/** The real app, where its binary, a build and a display exist; reported as skipped elsewhere. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { _electron } from "playwright-core";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

/** Path of Electron's binary, or why the app cannot be started here. */
function startable(): { path: string } | { reason: string } {
  const folder = join(root, "node_modules/electron");
  const pathFile = join(folder, "path.txt");
  const path = existsSync(pathFile) ? join(folder, "dist", readFileSync(pathFile, "utf8").trim()) : null;
  if (!path || !existsSync(path)) return { reason: "Electron's binary is not installed" };
  if (!existsSync(join(root, "out/main/index.js"))) return { reason: "the app is not built" };
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (process.platform === "linux" && !DISPLAY && !WAYLAND_DISPLAY) return { reason: "there is no display" };
  return { path };
}

it("shows its first screen from app://, with a host behind it and no Node in the page", {
  timeout: 60_000,
}, async (test) => {
  const found = startable();
  if ("reason" in found) return test.skip(found.reason);
  // Chromium's sandbox refuses to run for root.
  const asRoot = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const app = await _electron.launch({ executablePath: found.path, args: [...asRoot, root] });
  try {
    const page = await app.firstWindow();
    await page.getByText("Open the sample incident").waitFor();
    expect(page.url()).toBe("app://bpfdesk/");
    const globals = await page.evaluate("[typeof require, typeof process, typeof window.bpfdesk.requestPort]");
    expect(globals).toEqual(["undefined", "undefined", "function"]);
  } finally {
    await app.close();
  }
});
