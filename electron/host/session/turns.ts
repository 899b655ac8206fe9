/**
 * Turns: how many of many nodes are at work at once. A turn is taken before connecting and given back at the
 * first picture or failure. Knows nothing of nodes.
 */

export interface Turn {
  /** Resolves when it is this one's turn, in the order asked; rejects with the signal's reason. Once had, at once. */
  take(signal: AbortSignal): Promise<void>;
  /** A person is waited for: the others go on meanwhile. */
  pause(): void;
  /** The person answered: goes on at once, above the limit if need be, so that no answer comes too late. */
  resume(): void;
  /** Done with it for good. */
  release(): void;
}

type State = "new" | "waiting" | "working" | "paused" | "done";

/** `limit` turns at once. */
export function createTurns(limit: number): () => Turn {
  let working = 0;
  const queue: (() => void)[] = [];

  function next(): void {
    while (working < limit) {
      const start = queue.shift();
      if (!start) return;
      start();
    }
  }

  return () => {
    let state: State = "new";
    const become = (now: State) => {
      if (state === "working") working -= 1;
      if (now === "working") working += 1;
      state = now;
    };
    return {
      take(signal) {
        if (state !== "new") return Promise.resolve();
        if (signal.aborted) {
          state = "done";
          return Promise.reject(signal.reason);
        }
        state = "waiting";
        return new Promise((resolve, reject) => {
          const start = () => {
            signal.removeEventListener("abort", leave);
            become("working");
            resolve();
          };
          const leave = () => {
            queue.splice(queue.indexOf(start), 1);
            become("done");
            reject(signal.reason);
          };
          signal.addEventListener("abort", leave, { once: true });
          queue.push(start);
          next();
        });
      },
      pause() {
        if (state !== "working") return;
        become("paused");
        next();
      },
      resume() {
        if (state === "paused") become("working");
      },
      release() {
        // One that waits leaves by its signal.
        if (state !== "waiting") become("done");
        next();
      },
    };
  };
}
