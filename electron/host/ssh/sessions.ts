/**
 * How many commands run on the connections to one node at a time: the others wait in order. sshd refuses the
 * 11th session of a connection (`MaxSessions 10`), so eight are used, and one more is kept for stopping and
 * cleaning up. Where the server allows fewer, that is learned from its refusals.
 */
import type { Queue } from "../transport/types.ts";

const SESSIONS = 8;
/** With fewer sessions than this none is kept free: cleaning up is then only the next in turn. */
const ENOUGH_TO_KEEP_ONE = 3;

/** Permission for one session. */
export interface Place<C> {
  connection: C;
  /** Gives it back; calling it twice does no harm. */
  release(): void;
  /**
   * The server refused the session. True when others of ours had sessions there: then that many is the limit, the
   * place is given back, and the end of one is worth waiting for. False leaves the place as it is.
   */
  refused(): boolean;
}

interface Waiting<C> {
  start(place: Place<C>): void;
}

/** A connection and its sessions. */
class Line<C> {
  used = 0;
  reserveUsed = false;
  /** What the server allows in all, once it has refused one. */
  allowed = SESSIONS + 1;
  readonly connection: C;

  constructor(connection: C) {
    this.connection = connection;
  }

  get keepsOne(): boolean {
    return this.allowed >= ENOUGH_TO_KEEP_ONE;
  }

  get limit(): number {
    return this.keepsOne ? this.allowed - 1 : this.allowed;
  }

  get running(): number {
    return this.used + (this.reserveUsed ? 1 : 0);
  }
}

export class SessionPool<C> {
  private readonly lines: Line<C>[];
  private readonly queue: Waiting<C>[] = [];
  private readonly listeners = new Set<() => void>();

  constructor(connection: C) {
    this.lines = [new Line(connection)];
  }

  get state(): Queue {
    const sum = (of: (line: Line<C>) => number) => this.lines.reduce((total, line) => total + of(line), 0);
    return { running: sum((line) => line.running), waiting: this.queue.length, limit: sum((line) => line.limit) };
  }

  /** Called whenever the number of those that wait changes. */
  onQueue(listener: (queue: Queue) => void): void {
    let waiting = 0;
    this.onChange(() => {
      const { state } = this;
      if (state.waiting === waiting) return;
      waiting = state.waiting;
      listener(state);
    });
  }

  /** Called after every change of `state`. */
  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** One more connection to the same node; the server's limit is known from the first. */
  add(connection: C): void {
    const line = new Line(connection);
    line.allowed = this.lines[0]?.allowed ?? line.allowed;
    this.lines.push(line);
    this.next();
  }

  /** No more sessions on it; those it has go on. */
  remove(connection: C): void {
    const at = this.lines.findIndex((line) => line.connection === connection);
    if (at >= 0) this.lines.splice(at, 1);
    this.changed();
  }

  /** Sessions on that connection. */
  runningOn(connection: C): number {
    return this.lines.find((line) => line.connection === connection)?.running ?? 0;
  }

  /**
   * Resolves when there is a place. `cleanup` may take the reserved one, and does not stand in line. Rejects with
   * the signal's reason.
   */
  async acquire(signal: AbortSignal | undefined, cleanup: boolean): Promise<Place<C>> {
    signal?.throwIfAborted();
    const free = this.queue.length === 0 || cleanup ? this.free() : undefined;
    if (free !== undefined) return this.take(free);
    const keeper = cleanup ? this.lines.find((line) => line.keepsOne && !line.reserveUsed) : undefined;
    if (keeper !== undefined) return this.takeReserve(keeper);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.queue.splice(this.queue.indexOf(entry), 1);
        this.changed();
        reject(signal?.reason);
      };
      const entry: Waiting<C> = {
        start: (place) => {
          signal?.removeEventListener("abort", onAbort);
          resolve(place);
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      if (cleanup) this.queue.unshift(entry);
      else this.queue.push(entry);
      this.changed();
    });
  }

  private free(): Line<C> | undefined {
    return this.lines.find((line) => line.used < line.limit);
  }

  private take(line: Line<C>): Place<C> {
    line.used++;
    return this.place(line, () => line.used--);
  }

  private takeReserve(line: Line<C>): Place<C> {
    line.reserveUsed = true;
    return this.place(line, () => {
      line.reserveUsed = false;
    });
  }

  private place(line: Line<C>, giveBack: () => void): Place<C> {
    let given = false;
    const release = () => {
      if (given) return;
      given = true;
      giveBack();
      this.next();
    };
    this.changed();
    return {
      connection: line.connection,
      release,
      refused: () => {
        const others = line.running - 1;
        if (others === 0) return false;
        line.allowed = Math.min(line.allowed, others);
        release();
        return true;
      },
    };
  }

  private next(): void {
    for (let line = this.free(); line !== undefined; line = this.free()) {
      const waiting = this.queue.shift();
      if (waiting === undefined) break;
      waiting.start(this.take(line));
    }
    this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
