/**
 * A `Port` over a MessagePort of a page, a worker or Node. Data travels by structured clone.
 *
 * Electron's own MessagePortMain has another interface; its adapter is in `host/process.ts`.
 */
import { createInbox, type Port } from "./port.ts";

/** The part of a MessagePort that is used; those of the DOM and of Node both have it. */
export interface MessagePortLike {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: object) => void): void;
  addEventListener(type: "close", listener: () => void): void;
  start(): void;
  close(): void;
}

export function messagePortPort(port: MessagePortLike): Port {
  const inbox = createInbox();
  port.addEventListener("message", (event) => inbox.deliver("data" in event ? event.data : null));
  port.addEventListener("close", inbox.closed);
  port.start();
  return {
    post(message) {
      if (!inbox.isClosed()) port.postMessage(message);
    },
    onMessage: inbox.onMessage,
    onClose: inbox.onClose,
    close() {
      port.close();
      inbox.closed();
    },
  };
}
