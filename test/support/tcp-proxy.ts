/**
 * A loopback TCP proxy that makes a good line bad: delay, limited rate, a stall, a cut.
 * It carries bytes only and knows nothing of what is in them.
 */
import { once } from "node:events";
import * as net from "node:net";

export interface ProxyOptions {
  target: { host: string; port: number };
  /** Added to the round trip: half of it in each direction. */
  delay_ms?: number;
  /** Bytes a second in each direction. */
  rate?: number;
  /** Cut every connection once the server has sent this many bytes over it. */
  cut_after_bytes?: number;
  /** A connection carries nothing any more, and stays open, once the server has sent this many bytes over it. */
  stall_after_bytes?: number;
}

export interface TcpProxy {
  host: string;
  port: number;
  /** Bytes the servers have sent through, all connections together. */
  bytesFromServer(): number;
  connections(): number;
  /** Resets every connection, as a lost line does. */
  cut(): void;
  /** Resets every connection and, until it is turned off, every new one: a server that is not there. */
  down(on?: boolean): void;
  /** The connections that are there carry nothing any more and stay open; new ones are as before. */
  freeze(): void;
  /** From now on (or again) the bytes stay where they are, with the connections open. */
  stall(on?: boolean): void;
  stop(): Promise<void>;
}

/** Bytes held back before the sender is paused: more than a line of 100 ms and 300 Mbit/s holds. */
const WINDOW = 4 << 20;

/** Starts a proxy on a free port of 127.0.0.1. */
export async function startProxy(options: ProxyOptions): Promise<TcpProxy> {
  const pairs = new Set<{ sockets: net.Socket[]; lines: Line[] }>();
  let fromServer = 0;
  let stalled = false;
  let isDown = false;

  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    if (isDown) {
      client.resetAndDestroy();
      return;
    }
    const upstream = net.connect({ ...options.target, allowHalfOpen: true, noDelay: true });
    let sent = 0;
    const halfDelay = (options.delay_ms ?? 0) / 2;
    const there = new Line(client, upstream, halfDelay, options.rate);
    const back = new Line(upstream, client, halfDelay, options.rate, (bytes) => {
      sent += bytes;
      fromServer += bytes;
      if (options.cut_after_bytes !== undefined && sent >= options.cut_after_bytes) reset();
      if (options.stall_after_bytes !== undefined && sent >= options.stall_after_bytes) {
        for (const line of pair.lines) line.stall(true);
      }
    });
    const pair = { sockets: [client, upstream], lines: [there, back] };
    const reset = () => {
      for (const socket of pair.sockets) socket.resetAndDestroy();
    };
    pairs.add(pair);
    for (const line of pair.lines) line.stall(stalled);
    for (const socket of pair.sockets) {
      socket.on("error", reset);
      socket.on("close", () => {
        // What is on its way to this socket is lost; what came from it is still delivered.
        (socket === client ? back : there).close();
        if (pair.sockets.every((one) => one.destroyed)) pairs.delete(pair);
        // A half that is gone for good takes the other with it; an orderly end was passed on already.
        else if (!socket.readableEnded) reset();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;

  const cut = () => {
    for (const pair of pairs) for (const socket of pair.sockets) socket.resetAndDestroy();
  };
  return {
    host: "127.0.0.1",
    port,
    bytesFromServer: () => fromServer,
    connections: () => pairs.size,
    cut,
    down(on = true) {
      isDown = on;
      if (on) cut();
    },
    freeze() {
      for (const pair of pairs) for (const line of pair.lines) line.stall(true);
    },
    stall(on = true) {
      stalled = on;
      for (const pair of pairs) for (const line of pair.lines) line.stall(on);
    },
    async stop() {
      const closed = once(server, "close");
      server.close();
      cut();
      await closed;
    },
  };
}

/** One direction: chunks wait for their time, in order; an end of the stream waits like a chunk. */
class Line {
  private queue: { bytes: Buffer | null; due: number }[] = [];
  private held = 0;
  private lastDue = 0;
  private timer: NodeJS.Timeout | null = null;
  private stalled = false;

  private readonly from: net.Socket;
  private readonly to: net.Socket;
  private readonly delay_ms: number;
  private readonly rate: number | undefined;
  private readonly onSent: (bytes: number) => void;

  constructor(
    from: net.Socket,
    to: net.Socket,
    delay_ms: number,
    rate: number | undefined,
    onSent: (bytes: number) => void = () => {},
  ) {
    this.from = from;
    this.to = to;
    this.delay_ms = delay_ms;
    this.rate = rate;
    this.onSent = onSent;
    from.on("data", (bytes: Buffer) => this.push(bytes));
    from.on("end", () => this.push(null));
    to.on("drain", () => this.flow());
  }

  stall(on: boolean): void {
    this.stalled = on;
    this.flow();
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.queue = [];
  }

  private push(bytes: Buffer | null): void {
    const length = bytes?.length ?? 0;
    const start = Math.max(performance.now(), this.lastDue - this.delay_ms);
    const sending_ms = this.rate === undefined ? 0 : (length / this.rate) * 1000;
    this.lastDue = start + sending_ms + this.delay_ms;
    this.queue.push({ bytes, due: this.lastDue });
    this.held += length;
    if (this.held > WINDOW) this.from.pause();
    this.flow();
  }

  private flow(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    while (!this.stalled && !this.to.destroyed && !this.to.writableNeedDrain) {
      const next = this.queue[0];
      if (next === undefined) break;
      const wait = next.due - performance.now();
      if (wait > 0) {
        this.timer = setTimeout(() => this.flow(), Math.ceil(wait));
        break;
      }
      this.queue.shift();
      if (next.bytes === null) this.to.end();
      else {
        this.held -= next.bytes.length;
        this.to.write(next.bytes);
        this.onSent(next.bytes.length);
      }
    }
    if (this.held <= WINDOW && this.from.isPaused()) this.from.resume();
  }
}
