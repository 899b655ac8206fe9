/**
 * A `Port` over a WebSocket of a page or of the `ws` library. Data travels as MessagePack.
 *
 * What the page sends before the socket is open is kept and sent then. A message that is not
 * MessagePack closes the socket: the other side is not bpfdesk.
 */
import { createInbox, type Port } from "./port.ts";
import { decodeMessage, encodeMessage } from "./websocket-codec.ts";

/** The part of a WebSocket that is used; those of the DOM and of `ws` both have it. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
  addEventListener(type: "message", listener: (event: object) => void): void;
  addEventListener(type: "open", listener: () => void): void;
  addEventListener(type: "close", listener: () => void): void;
  addEventListener(type: "error", listener: () => void): void;
}

const CONNECTING = 0;
const OPEN = 1;

export function websocketPort(socket: WebSocketLike): Port {
  const inbox = createInbox();
  let early: Uint8Array<ArrayBuffer>[] = [];
  socket.binaryType = "arraybuffer";
  socket.addEventListener("open", () => {
    const kept = early;
    early = [];
    for (const data of kept) socket.send(data);
  });
  socket.addEventListener("message", (event) => {
    if (!("data" in event && event.data instanceof ArrayBuffer)) return close();
    let message: unknown;
    try {
      message = decodeMessage(new Uint8Array(event.data));
    } catch {
      return close();
    }
    inbox.deliver(message);
  });
  socket.addEventListener("close", inbox.closed);
  // An error is always followed by close; without a listener the ws library would throw it.
  socket.addEventListener("error", () => {});

  function close() {
    socket.close();
    inbox.closed();
  }
  return {
    post(message) {
      if (inbox.isClosed()) return;
      if (socket.readyState === OPEN) socket.send(encodeMessage(message));
      else if (socket.readyState === CONNECTING) early.push(encodeMessage(message));
    },
    onMessage: inbox.onMessage,
    onClose: inbox.onClose,
    close,
  };
}
