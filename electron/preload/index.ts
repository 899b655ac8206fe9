/**
 * All a page of the desktop app can do beyond a page of the web: ask for its port to the host.
 *
 * The port itself arrives as a message on the window, because a bridge cannot carry one.
 */
import { contextBridge, ipcRenderer } from "electron";

ipcRenderer.on("bpfdesk:port", (event) => {
  // To this window only; the origin of a custom scheme cannot be named portably.
  window.postMessage("bpfdesk:port", "*", event.ports);
});

contextBridge.exposeInMainWorld("bpfdesk", {
  mode: "desktop",
  requestPort: () => ipcRenderer.send("bpfdesk:want-port"),
});
