/** The preload: what a page of the desktop app is given, and nothing else. */
import { EventEmitter } from "node:events";
import { expect, it, vi } from "vitest";

const ipc = new EventEmitter();
const sent: string[] = [];
const exposed: Record<string, Record<string, unknown>> = {};
vi.mock("electron", () => ({
  contextBridge: {
    exposeInMainWorld: (name: string, api: Record<string, unknown>) => {
      exposed[name] = api;
    },
  },
  ipcRenderer: {
    on: (channel: string, listener: () => void) => ipc.on(channel, listener),
    send: (channel: string) => sent.push(channel),
  },
}));

it("gives the page its mode and a way to ask for a port, and passes the port on", async () => {
  const posted: unknown[][] = [];
  vi.stubGlobal("window", { postMessage: (...args: unknown[]) => posted.push(args) });
  await import("../../electron/preload/index.ts");
  expect(exposed).toEqual({ bpfdesk: { mode: "desktop", requestPort: expect.any(Function) } });
  expect(sent).toEqual([]);
  const { requestPort } = exposed.bpfdesk as { requestPort(): void };
  requestPort();
  expect(sent).toEqual(["bpfdesk:want-port"]);
  ipc.emit("bpfdesk:port", { ports: ["port"] });
  expect(posted).toEqual([["bpfdesk:port", "*", ["port"]]]);
});
