/** The built host in a plain Node process: what Electron's utility process gives it comes over Node's own channel. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const listeners = new Set();
const port = {
  on: (event, listener) => {
    if (event === "message") process.on("message", (message) => "rpc" in message && listener({ data: message.rpc }));
    else process.on("disconnect", listener);
  },
  postMessage: (message) => process.connected && process.send({ rpc: message }),
  start() {},
  close() {},
};
process.parentPort = {
  on: (_event, listener) => listeners.add(listener),
  postMessage: (message) => process.send({ host: message }),
};
process.on("message", (message) => {
  // A bug in the host that chokes on this text.
  if ("crash" in message) setImmediate(() => JSON.parse(message.crash));
  if (!("host" in message)) return;
  for (const listener of listeners) listener({ data: message.host, ports: message.host === "port" ? [port] : [] });
});
await import(pathToFileURL(resolve(import.meta.dirname, "../../out/main/host.js")).href);
process.send({ host: "started" });
