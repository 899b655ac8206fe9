/**
 * What the RPC layer needs of its carrier: ordered, reliable messages of plain data and bytes.
 *
 * Does not know requests, errors or flow control; those are `client.ts` and `server.ts`.
 */

export interface Port {
  /** Sends plain data (objects, arrays, strings, numbers, Uint8Array). Ignored once closed. */
  post(message: unknown): void;
  /** Sets the one receiver; messages that came before are delivered to it. */
  onMessage(listener: (message: unknown) => void): void;
  /** Calls the listener once when the other end or the carrier is gone, or `close` was called; at once when it already is. */
  onClose(listener: () => void): void;
  close(): void;
}

/**
 * The bookkeeping every carrier needs: one receiver, messages kept until it is there, close told once.
 * `deliver` and `closed` are called by the carrier.
 */
export function createInbox(): {
  deliver(message: unknown): void;
  closed(): void;
  isClosed(): boolean;
  onMessage(listener: (message: unknown) => void): void;
  onClose(listener: () => void): void;
} {
  let receiver: ((message: unknown) => void) | null = null;
  let waiting: unknown[] = [];
  let closed = false;
  let closeListeners: (() => void)[] = [];
  return {
    deliver(message) {
      if (closed) return;
      if (receiver) receiver(message);
      else waiting.push(message);
    },
    closed() {
      if (closed) return;
      closed = true;
      const listeners = closeListeners;
      closeListeners = [];
      for (const listener of listeners) listener();
    },
    isClosed: () => closed,
    onMessage(listener) {
      receiver = listener;
      const kept = waiting;
      waiting = [];
      for (const message of kept) listener(message);
    },
    onClose(listener) {
      if (closed) listener();
      else closeListeners.push(listener);
    },
  };
}
