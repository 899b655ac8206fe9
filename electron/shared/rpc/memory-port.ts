/**
 * Two joined ports in one process, for the CLI and for tests.
 *
 * Messages are cloned and arrive in a later microtask, as they would from another process.
 */
import { createInbox, type Port } from "./port.ts";

export function memoryPorts(): [Port, Port] {
  const inboxes = [createInbox(), createInbox()] as const;
  const close = () => {
    for (const inbox of inboxes) inbox.closed();
  };
  const port = (own: (typeof inboxes)[number], other: (typeof inboxes)[number]): Port => ({
    post(message) {
      const copy = structuredClone(message);
      if (!own.isClosed()) queueMicrotask(() => other.deliver(copy));
    },
    onMessage: own.onMessage,
    onClose: own.onClose,
    close,
  });
  return [port(inboxes[0], inboxes[1]), port(inboxes[1], inboxes[0])];
}
