/** The host process's entry, with the parent's port played by the test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { expect, it, vi } from "vitest";
import { type ParentPort, runHost } from "../../electron/host/process.ts";
import { createClient } from "../../electron/shared/rpc/client.ts";
import { messagePortPort } from "../../electron/shared/rpc/message-port.ts";

it("answers on every port it is handed, keeps one session for all, and says when it has closed", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "bpfdesk-host-"));
  let hear: Parameters<ParentPort["on"]>[1] = () => {};
  const said: unknown[] = [];
  runHost(
    {
      on: (_event, listener) => {
        hear = listener;
      },
      postMessage: (message) => void said.push(message),
    },
    { resourcesDir: resolve(import.meta.dirname, "../../resources"), dataDir, mode: "desktop", version: "1.2.3" },
  );
  const page = () => {
    const { port1, port2 } = new MessageChannel();
    // Electron's ports hand over an event with the data in it, Node's the data.
    const electronPort = {
      on: (event: string, listener: (event: { data: unknown }) => void) =>
        port2.on(event, (data: unknown) => listener({ data })),
      postMessage: (message: unknown) => port2.postMessage(message),
      start: () => port2.start(),
      close: () => port2.close(),
    };
    hear({ data: "port", ports: [electronPort] });
    return createClient(messagePortPort(port1));
  };
  const first = page();
  expect(await first.call("app.info", {})).toMatchObject({ version: "1.2.3", mode: "desktop" });
  const { session_id, path } = await first.call("session.open", {});
  expect(path?.startsWith(join(dataDir, "sessions"))).toBe(true);
  first.close();
  const second = page();
  expect(await second.call("session.open", {})).toEqual({ session_id, path });
  // What the keychain of the desktop says comes through the parent, as does the word to wipe.
  const status = second.call("secrets.status", {});
  for (const value of [[], { available: false, reason: "none here" }]) {
    const request = await vi.waitUntil(() => said.shift());
    hear({ data: { type: "keychain", id: (request as { id: number }).id, value }, ports: [] });
  }
  expect(await status).toEqual({ ttl_s: 900, kept: [], keychain: { available: false, reason: "none here" } });
  hear({ data: { type: "wipe", reason: "lock" }, ports: [] });
  hear({ data: { type: "wake", reason: "resume" }, ports: [] });
  hear({ data: "anything else", ports: [] });
  hear({ data: "close", ports: [] });
  await vi.waitFor(() => expect(said).toEqual(["closed"]));
  second.close();
  rmSync(dataDir, { recursive: true });
});
