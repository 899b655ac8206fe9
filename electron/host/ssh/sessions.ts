/**
 * How many commands run on one SSH connection at a time: the others wait in order. sshd refuses the
 * 11th session (`MaxSessions 10`), so eight are used, and one more is kept for stopping and cleaning up.
 */

const SESSIONS = 8;

/** Gives the place back; calling it twice does no harm. */
export type Release = () => void;

export class SessionPool {
  private limit = SESSIONS;
  private used = 0;
  private reserveUsed = false;
  private readonly queue: { start: () => void; signal: AbortSignal | undefined }[] = [];

  /** How many wait. */
  get waiting(): number {
    return this.queue.length;
  }

  get running(): number {
    return this.used + (this.reserveUsed ? 1 : 0);
  }

  /** Resolves when there is a place. `cleanup` may take the reserved one. Rejects with the signal's reason. */
  async acquire(signal: AbortSignal | undefined, cleanup: boolean): Promise<Release> {
    signal?.throwIfAborted();
    if (this.used < this.limit && this.queue.length === 0) return this.take();
    if (cleanup && !this.reserveUsed) {
      this.reserveUsed = true;
      return once(() => {
        this.reserveUsed = false;
      });
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.queue.splice(this.queue.indexOf(entry), 1);
        reject(signal?.reason);
      };
      const entry = {
        signal,
        start: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve(this.take());
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.queue.push(entry);
    });
  }

  /** The server refused one more session than now run: use no more than those. */
  refusedAt(running: number): void {
    this.limit = Math.max(1, Math.min(this.limit, running));
  }

  private take(): Release {
    this.used++;
    return once(() => {
      this.used--;
      while (this.used < this.limit) {
        const next = this.queue.shift();
        if (next === undefined) return;
        next.start();
      }
    });
  }
}

function once(action: () => void): Release {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
