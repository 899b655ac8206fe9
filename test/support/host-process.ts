/** The built host as a process of its own, with the flags it has in production: for measuring what it takes. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { ServiceOptions } from "../../electron/host/service.ts";
import { type Client, createClient } from "../../electron/shared/rpc/client.ts";
import { createInbox } from "../../electron/shared/rpc/port.ts";
// @ts-expect-error the scripts run before anything is installed and are plain JavaScript
import { serverFlags } from "../../scripts/lib/server-flags.mjs";

export interface HostProcess {
  client: Client;
  /** Largest resident set so far, in MB. */
  peak(): number;
  /** Disconnects every node and ends it. */
  stop(): Promise<void>;
}

export async function startHostProcess(options: ServiceOptions): Promise<HostProcess> {
  const child = fork(resolve(import.meta.dirname, "host-child.mjs"), [JSON.stringify(options)], {
    execArgv: [...serverFlags, "--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const inbox = createInbox();
  const closed = new Promise<void>((settle) => {
    child.on("message", (message: { host: unknown } | { rpc: unknown }) => {
      if ("rpc" in message) inbox.deliver(message.rpc);
      else if (message.host === "closed") settle();
    });
    child.once("exit", () => {
      inbox.closed();
      settle();
    });
  });
  await Promise.race([
    once(child, "message"),
    once(child, "exit").then(() => Promise.reject(new Error("the host ended at its start"))),
  ]);
  child.send({ host: "port" });
  const client = createClient({
    post: (message) => void (child.connected && child.send({ rpc: message })),
    onMessage: inbox.onMessage,
    onClose: inbox.onClose,
    close: inbox.closed,
  });
  return {
    client,
    peak() {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      return Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024);
    },
    async stop() {
      child.send({ host: "close" });
      await closed;
      if (child.exitCode !== null) return;
      const gone = once(child, "exit");
      child.kill();
      await gone;
    },
  };
}
