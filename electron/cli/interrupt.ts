/**
 * Ctrl-C, a termination signal and a lost parent become one abort, so that the node is left clean.
 * Whoever insists gets out at once.
 */
import { EXIT } from "./exit.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Interrupt {
  signal: AbortSignal;
  /** Takes the handlers away. */
  release(): void;
}

/** `say` is called once, when the first signal has come. */
export function catchInterrupts(say: (line: string) => void): Interrupt {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) return false;
    say("Stopping and leaving the node clean; interrupt again to leave at once.");
    controller.abort();
    return true;
  };
  const onSignal = () => {
    if (!stop()) process.exit(EXIT.error);
  };
  const onOrphaned = () => void stop();
  for (const name of SIGNALS) process.on(name, onSignal);
  process.once("disconnect", onOrphaned);
  // Listening for its end must not keep this process alive.
  process.channel?.unref();
  return {
    signal: controller.signal,
    release() {
      for (const name of SIGNALS) process.removeListener(name, onSignal);
      process.removeListener("disconnect", onOrphaned);
    },
  };
}
