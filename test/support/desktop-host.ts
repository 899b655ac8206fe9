/**
 * The built host as the desktop app starts it, with the parent played by the test: for what it prints, what
 * it says to its parent, and how it ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as path from "node:path";
import type { ServiceOptions } from "../../electron/host/service.ts";
import { openSavedSecrets } from "../../electron/main/keychain.ts";
import { type Client, createClient } from "../../electron/shared/rpc/client.ts";
import { createInbox } from "../../electron/shared/rpc/port.ts";
import { FakeKeychain } from "../unit/electron-fake.ts";

const root = path.resolve(import.meta.dirname, "../..");

export interface DesktopHost {
  child: ChildProcess;
  client: Client;
  /** What it printed on both streams so far. */
  printed(): string;
  /** What it said to its parent so far, beside what it asked the keychain. */
  said: unknown[];
  /** Says something to it as its parent. */
  tell(message: unknown): void;
  /** Makes it run into a bug that chokes on this text. */
  crash(text: string): void;
  /** Resolves when it is gone and its output was read. */
  ended: Promise<{ code: number | null; signal: string | null }>;
}

/** Needs the build; `dir` is its home and working folder. What is saved is in the data folder, as in the app. */
export async function startDesktopHost(
  dir: string,
  options: Pick<ServiceOptions, "dataDir" | "known_hosts">,
  env: NodeJS.ProcessEnv = {},
): Promise<DesktopHost> {
  const keychain = new FakeKeychain();
  const saved = openSavedSecrets({ safeStorage: keychain.api }, path.join(options.dataDir, "saved-secrets.json"));
  const service = { resourcesDir: path.join(root, "resources"), mode: "desktop", version: "0.0.0", ...options };
  const argv = [path.join(import.meta.dirname, "host-child.mjs"), JSON.stringify(service)];
  const child = spawn(process.execPath, argv, {
    cwd: dir,
    env: { PATH: process.env.PATH, HOME: dir, ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    serialization: "advanced",
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  // That a host is gone is told by `ended`, not by the message that no longer reaches it.
  const send = (message: object) => void child.send(message, () => {});
  const said: unknown[] = [];
  const inbox = createInbox();
  child.on("message", (message: { host: unknown } | { rpc: unknown }) => {
    if ("rpc" in message) inbox.deliver(message.rpc);
    else {
      const answer = saved.answer(message.host);
      if (answer) void answer.then((reply) => send({ host: reply }));
      else said.push(message.host);
    }
  });
  const ended = once(child, "close").then(([code, signal]) => {
    inbox.closed();
    return { code: code as number | null, signal: signal as string | null };
  });
  await Promise.race([once(child, "message"), ended]);
  if (said[0] !== "started") throw new Error(`the host did not start:\n${printed}`);
  send({ host: "port" });
  return {
    child,
    client: createClient({
      post: (message) => send({ rpc: message }),
      onMessage: inbox.onMessage,
      onClose: inbox.onClose,
      close: inbox.closed,
    }),
    printed: () => printed,
    said,
    tell: (message) => send({ host: message }),
    crash: (text) => send({ crash: text }),
    ended,
  };
}
