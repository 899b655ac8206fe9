/** The window: its security settings, its place, and what happens when its page crashes. */
import { join } from "node:path";
import type { BrowserWindow } from "electron";
import type { AppPaths, ElectronApi } from "./api.ts";
import { PAGE_URL } from "./page.ts";
import { createRestartCap } from "./restart-cap.ts";
import { readWindowState, writeWindowState } from "./window-state.ts";

/** Opens the window and loads the page. */
export function openWindow(
  { app, BrowserWindow, screen }: Pick<ElectronApi, "app" | "BrowserWindow" | "screen">,
  paths: Pick<AppPaths, "preload">,
): BrowserWindow {
  const stateFile = join(app.getPath("userData"), "window.json");
  const window = new BrowserWindow({
    ...readWindowState(
      stateFile,
      screen.getAllDisplays().map((display) => display.workArea),
    ),
    minWidth: 800,
    minHeight: 600,
    show: false,
    title: "bpfdesk",
    webPreferences: {
      preload: paths.preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: !app.isPackaged,
    },
  });
  window.once("ready-to-show", () => window.show());
  window.on("close", () => writeWindowState(stateFile, window.getNormalBounds()));

  // The host outlives its page: a page that is loaded again takes a new port and catches up from the journal.
  const cap = createRestartCap(Date.now);
  window.webContents.on("render-process-gone", (_event, { reason }) => {
    if (reason !== "clean-exit" && cap.mayRestart()) window.webContents.reload();
  });
  void window.loadURL(PAGE_URL);
  return window;
}
