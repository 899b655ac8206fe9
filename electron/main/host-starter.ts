/**
 * Starts the host process, hands its ports to the page, and starts it anew when it dies, a few times.
 *
 * The main process only passes ports on; it never sees what goes over them. What the two say to each other
 * themselves is in `shared/parent.ts`.
 */
import type { UtilityProcess, WebContents } from "electron";
import type { PowerWipe, ToHost, WakeReason } from "../shared/parent.ts";
import type { ElectronApi } from "./api.ts";
import { createRestartCap } from "./restart-cap.ts";

/** Time a host gets to disconnect from its nodes when the app quits, in ms. */
const CLOSE_MS = 10_000;

export interface HostStarter {
  /** Gives the page a new port to the host; starts the host when it is not running. */
  handPortTo(contents: WebContents): void;
  /** Tells a running host to overwrite the secrets it holds. */
  wipe(reason: PowerWipe): void;
  /** Tells a running host that the machine or its network is back. */
  wake(reason: WakeReason): void;
  /** Resolves when the host has disconnected every node and ended, or its time is up. */
  close(): Promise<void>;
}

export interface HostOptions {
  /** Path of the host's entry. */
  entry: string;
  /** Passed to the host as it is; no secrets: arguments can be seen by other users. */
  options: Record<string, string>;
  now?: () => number;
  /** Told once when the host died too often to be started again. */
  onGivenUp(code: number): void;
  /** Answers what the host asks of the desktop's keychain; null when a message is something else. */
  answer?(message: unknown): Promise<ToHost> | null;
}

export function createHostStarter(
  { utilityProcess, MessageChannelMain }: Pick<ElectronApi, "utilityProcess" | "MessageChannelMain">,
  { entry, options, onGivenUp, answer = () => null, now = Date.now }: HostOptions,
): HostStarter {
  const cap = createRestartCap(now);
  let host: UtilityProcess | null = null;
  let closing = false;

  function start(): UtilityProcess {
    const started = utilityProcess.fork(entry, [JSON.stringify(options)], {
      serviceName: "bpfdesk host",
      stdio: "inherit",
    });
    started.once("exit", (code) => {
      if (host === started) host = null;
      if (!closing && !cap.mayRestart()) onGivenUp(code);
    });
    started.on("message", (message: unknown) => {
      void answer(message)?.then((reply) => {
        if (host === started) started.postMessage(reply);
      });
    });
    return started;
  }

  const tell = (message: ToHost) => host?.postMessage(message);

  return {
    handPortTo(contents) {
      if (closing || (!host && cap.isGivenUp())) return;
      host ??= start();
      const { port1, port2 } = new MessageChannelMain();
      host.postMessage("port", [port1]);
      contents.postMessage("bpfdesk:port", null, [port2]);
    },

    wipe: (reason) => tell({ type: "wipe", reason }),
    wake: (reason) => tell({ type: "wake", reason }),

    async close() {
      closing = true;
      const ending = host;
      if (!ending) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, CLOSE_MS);
        const done = () => {
          clearTimeout(timer);
          resolve();
        };
        ending.once("exit", done);
        ending.on("message", (message) => {
          if (message === "closed") done();
        });
        ending.postMessage("close");
      });
      ending.kill();
    },
  };
}
