/** Tells the host when the network is back: lost connections are tried again at once. */
import { linkStore } from "./link.ts";

/** Called once at start. In the desktop app the main process tells of sleep and wake as well. */
export function watchNetwork(): void {
  window.addEventListener("online", () => {
    const link = linkStore.getState();
    // A link that is lost now has nothing to tell: the host sees to its own connections.
    if (link.status === "open") void link.client.call("app.wake", { reason: "network" }).catch(() => {});
  });
}
