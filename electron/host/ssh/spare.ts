/**
 * A second connection to the same node for when many commands wait: made only when nobody has to be asked
 * for it, and closed when it is not needed any more.
 */
import type { SessionPool } from "./sessions.ts";

export interface SpareOptions<C> {
  pool: SessionPool<C>;
  /** The connection first, then those of the hops before it. Rejects when it would ask a person. */
  another(signal: AbortSignal): Promise<C[]>;
  /** Calls back when that connection is gone. */
  onGone(connection: C, gone: () => void): void;
  close(connections: C[]): Promise<void>;
}

/** More than so many waiting, for so long, are worth a login. */
const WAITING = 2;
const WAITING_MS = 1000;
const IDLE_MS = 30_000;

export class Spare<C> {
  private state: "none" | "wanted" | "opening" | "open" | "never" = "none";
  private timer: NodeJS.Timeout | null = null;
  private connections: C[] = [];
  private readonly abort = new AbortController();
  private opening: Promise<void> = Promise.resolve();
  private readonly options: SpareOptions<C>;

  constructor(options: SpareOptions<C>) {
    this.options = options;
    options.pool.onChange(() => this.look());
  }

  /** Closes what is open; none is opened again. */
  async end(): Promise<void> {
    this.abort.abort();
    await this.opening;
    await this.drop("never");
  }

  private look(): void {
    const { pool } = this.options;
    const crowded = pool.state.waiting > WAITING;
    if (this.state === "none" && crowded) {
      this.state = "wanted";
      this.later(WAITING_MS, () => {
        this.opening = this.open();
      });
    } else if (this.state === "wanted" && !crowded) {
      this.later(null);
      this.state = "none";
    } else if (this.state === "open") {
      const [connection] = this.connections;
      const idle = connection !== undefined && pool.runningOn(connection) === 0;
      if (!idle) this.later(null);
      else if (this.timer === null) this.later(IDLE_MS, () => void this.drop("none"));
    }
  }

  private async open(): Promise<void> {
    this.state = "opening";
    const { pool, another, close, onGone } = this.options;
    const made = await another(this.abort.signal).catch(() => []);
    const [connection] = made;
    if (connection === undefined || this.abort.signal.aborted) {
      // A person would have to be asked, or the server takes no second login: it is not tried again.
      this.state = "never";
      await close(made);
      return;
    }
    this.connections = made;
    this.state = "open";
    onGone(connection, () => void this.drop("never"));
    pool.add(connection);
  }

  private async drop(next: "none" | "never"): Promise<void> {
    this.later(null);
    this.state = this.abort.signal.aborted ? "never" : next;
    const connections = this.connections.splice(0);
    const [connection] = connections;
    if (connection !== undefined) this.options.pool.remove(connection);
    await this.options.close(connections);
  }

  private later(ms: number | null, action: () => void = () => {}): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (ms === null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      action();
    }, ms).unref();
  }
}
