/**
 * Tells how many commands wait for a place on a connection: only while somebody waits, and once more when
 * nobody does, at most twice a second.
 */
import type { Queue } from "../transport/types.ts";

const INTERVAL_MS = 500;

export interface QueueTeller {
  changed(queue: Queue): void;
  /** The connection is over; nothing is told any more. */
  end(): void;
}

export function createQueueTeller(tell: (queue: Queue) => void): QueueTeller {
  let latest: Queue = { running: 0, waiting: 0, limit: 0 };
  let told: Queue = latest;
  let timer: NodeJS.Timeout | null = null;
  let ended = false;

  function look(): void {
    timer = null;
    const nothingNew = latest.waiting === told.waiting && latest.limit === told.limit;
    if (ended || nothingNew) return;
    told = latest;
    tell(latest);
    timer = setTimeout(look, INTERVAL_MS);
  }
  return {
    changed(queue) {
      // Without anybody waiting the number of running commands is nobody's news.
      latest = queue.waiting === 0 ? { ...queue, limit: told.limit } : queue;
      if (timer === null) look();
    },
    end() {
      ended = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
