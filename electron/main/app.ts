/**
 * The desktop app, from start to end: one instance, one window, one host process.
 *
 * Thin on purpose. It opens no connection, reads no session and sees no data of a node.
 */
import { join } from "node:path";
import type { BrowserWindow, IpcMainEvent } from "electron";
import type { AppPaths, ElectronApi } from "./api.ts";
import { guardApp, guardSession } from "./guard.ts";
import { createHostStarter } from "./host-starter.ts";
import { openSavedSecrets } from "./keychain.ts";
import { menuTemplate } from "./menu.ts";
import { PAGE_ORIGIN, registerPageScheme, servePage } from "./page.ts";
import { watchPower } from "./power.ts";
import { openWindow } from "./window.ts";

/** Starts the app; resolves when its window is open, or at once when another instance runs already. */
export async function startApp(electron: ElectronApi, paths: AppPaths): Promise<void> {
  const { app, dialog, ipcMain, Menu, session } = electron;
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return;
  }
  app.enableSandbox();
  registerPageScheme(electron);
  guardApp(electron);
  await app.whenReady();

  let window: BrowserWindow | null = null;
  const saved = openSavedSecrets(electron, join(app.getPath("userData"), "saved-secrets.json"));
  const host = createHostStarter(electron, {
    entry: paths.host,
    options: {
      resourcesDir: paths.resources,
      dataDir: app.getPath("userData"),
      mode: "desktop",
      version: app.getVersion(),
    },
    onGivenUp: (code) =>
      dialog.showErrorBox(
        "bpfdesk cannot go on",
        `The part that talks to nodes ended again and again (last with code ${code}). Your session is kept on disk. ` +
          "Start bpfdesk from a terminal to see what it prints.",
      ),
    answer: saved.answer,
  });
  watchPower(electron, host);

  guardSession(session.defaultSession);
  servePage(electron, paths.renderer);
  Menu.setApplicationMenu(
    Menu.buildFromTemplate(menuTemplate({ mac: process.platform === "darwin", packaged: app.isPackaged })),
  );

  function show(): void {
    if (!window) {
      window = openWindow(electron, paths);
      window.on("closed", () => {
        window = null;
      });
      return;
    }
    if (window.isMinimized()) window.restore();
    window.focus();
  }

  ipcMain.on("bpfdesk:want-port", (event: IpcMainEvent) => {
    if (isOurPage(event, window)) host.handPortTo(event.sender);
  });
  app.on("second-instance", show);
  app.on("activate", show);
  app.on("window-all-closed", () => app.quit());

  let closed = false;
  app.on("before-quit", (event) => {
    if (closed) return;
    event.preventDefault();
    void host.close().finally(() => {
      closed = true;
      app.quit();
    });
  });
  show();
}

/** True for the main frame of our window while it shows our page. */
function isOurPage(event: IpcMainEvent, window: BrowserWindow | null): boolean {
  const frame = event.senderFrame;
  if (!window || !frame || event.sender !== window.webContents) return false;
  return frame === window.webContents.mainFrame && frame.url.startsWith(`${PAGE_ORIGIN}/`);
}
