/**
 * The reading side of one stream: a queue of at most a window of items between a port and a loop.
 *
 * Tells the producer in halves of a window how much was read, so that a slow loop holds it back.
 */
import { WINDOW } from "./frames.ts";

/** What the port side feeds in. */
export interface Feed<Item> {
  push(item: Item): void;
  end(): void;
  fail(error: Error): void;
}

/** What the reader tells the port side. */
export interface Upstream {
  /** The loop has taken `n` more items. */
  consumed(n: number): void;
  /** The loop has left; nothing more is wanted. */
  stop(): void;
}

/** An iterator that calls `open` at its first read. */
export function createStreamReader<Item>(open: (feed: Feed<Item>) => Upstream): AsyncIterableIterator<Item> {
  type Step = IteratorResult<Item, undefined>;
  const finished: Step = { value: undefined, done: true };
  let upstream: Upstream | null = null;
  let queue: Item[] = [];
  let waiters: { resolve(step: Step): void; reject(error: Error): void }[] = [];
  let ended = false;
  let failure: Error | null = null;
  let unacknowledged = 0;

  const taken = () => {
    unacknowledged += 1;
    if (unacknowledged < WINDOW / 2) return;
    upstream?.consumed(unacknowledged);
    unacknowledged = 0;
  };
  const finish = (error: Error | null) => {
    if (ended) return;
    ended = true;
    const waiting = waiters;
    waiters = [];
    for (const [at, waiter] of waiting.entries()) {
      if (error && at === 0) waiter.reject(error);
      else waiter.resolve(finished);
    }
    if (waiting.length === 0) failure = error;
  };
  const feed: Feed<Item> = {
    push(item) {
      if (ended) return;
      const waiter = waiters.shift();
      if (!waiter) {
        queue.push(item);
        return;
      }
      taken();
      waiter.resolve({ value: item, done: false });
    },
    end: () => finish(null),
    fail: (error) => finish(error),
  };

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next() {
      upstream ??= open(feed);
      const [item] = queue;
      if (queue.length > 0) {
        queue.shift();
        taken();
        return Promise.resolve<Step>({ value: item as Item, done: false });
      }
      if (failure) {
        const error = failure;
        failure = null;
        return Promise.reject(error);
      }
      if (ended) return Promise.resolve(finished);
      return new Promise<Step>((resolve, reject) => waiters.push({ resolve, reject }));
    },
    return() {
      queue = [];
      failure = null;
      if (!ended) {
        finish(null);
        upstream?.stop();
      }
      return Promise.resolve(finished);
    },
  };
}
