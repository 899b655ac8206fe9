/**
 * Turns: how many of many nodes are at work at once. A turn is taken before connecting and given back at the
 * first picture or failure. Knows nothing of nodes.
 */

export interface Turn {
  /** Resolves when it is this one's turn, in the order asked; rejects with the signal's reason. Once had, at once. */
  take(signal: AbortSignal): Promise<void>;
  /** A person is waited for: the others go on meanwhile. */
  pause(): void;
  /** The person answered: goes on at once, above the limit if need be, because a login does not wait. */
  resume(): void;
  /** The person answered: goes on when there is a place, before those that have not begun. Rejects as `take`. */
  again(signal: AbortSignal): Promise<void>;
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
    const wait = (signal: AbortSignal, first: boolean) => {
      if (signal.aborted) {
        become("done");
        return Promise.reject(signal.reason);
      }
      become("waiting");
      return new Promise<void>((resolve, reject) => {
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
        if (first) queue.unshift(start);
        else queue.push(start);
        next();
      });
    };
    return {
      take: (signal) => (state === "new" ? wait(signal, false) : Promise.resolve()),
      again: (signal) => (state === "paused" ? wait(signal, true) : Promise.resolve()),
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
