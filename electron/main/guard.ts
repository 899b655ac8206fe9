/**
 * What no page may do, whatever runs in it: leave, open windows, embed, use devices, reach other programs.
 *
 * Applied to every web contents and every session the app ever makes, not only to the one window.
 */
import type { Session, WebContents } from "electron";
import type { ElectronApi } from "./api.ts";
import { PAGE_ORIGIN } from "./page.ts";

/** Writing text to the clipboard when the person copies; everything else is refused. */
const ALLOWED_PERMISSION = "clipboard-sanitized-write";

export function guardApp(electron: Pick<ElectronApi, "app" | "dialog" | "shell">): void {
  electron.app.on("web-contents-created", (_event, contents) => guardContents(electron, contents));
  electron.app.on("session-created", guardSession);
}

export function guardSession(session: Session): void {
  session.setPermissionRequestHandler((contents, permission, decide) => {
    decide(permission === ALLOWED_PERMISSION && contents.getURL().startsWith(`${PAGE_ORIGIN}/`));
  });
  session.setPermissionCheckHandler(
    // The type of the permissions that are only checked does not name this one; Chromium checks it all the same.
    (_contents, permission: string, origin) =>
      permission === ALLOWED_PERMISSION && origin.replace(/\/$/, "") === PAGE_ORIGIN,
  );
  session.setDevicePermissionHandler(() => false);
}

function guardContents(electron: Pick<ElectronApi, "dialog" | "shell">, contents: WebContents): void {
  contents.on("will-navigate", (event) => event.preventDefault());
  contents.on("will-frame-navigate", (event) => event.preventDefault());
  contents.on("will-redirect", (event) => event.preventDefault());
  contents.on("will-attach-webview", (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    void offerLink(electron, url);
    return { action: "deny" };
  });
}

/** Opens a web address in the person's browser, after showing it. Anything but https is dropped. */
async function offerLink({ dialog, shell }: Pick<ElectronApi, "dialog" | "shell">, text: string): Promise<void> {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== "https:") return;
  const { response } = await dialog.showMessageBox({
    type: "question",
    message: "Open this address in your browser?",
    detail: url.href.slice(0, 500),
    buttons: ["Cancel", "Open"],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  });
  if (response === 1) await shell.openExternal(url.href);
}
