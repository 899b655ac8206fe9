/** Renews the leases of all commands of a connection for as long as they run; one timer, which keeps no process alive. */
import type { Supervised } from "./execution.ts";

export class Renewals {
  private readonly running = new Set<Supervised>();
  private timer: NodeJS.Timeout | null = null;
  private readonly interval_ms: number;

  constructor(interval_ms: number) {
    this.interval_ms = interval_ms;
  }

  keep(execution: Supervised): void {
    this.running.add(execution);
    this.timer ??= setInterval(() => {
      for (const one of this.running) one.renew();
    }, this.interval_ms).unref();
    const ended = () => {
      this.running.delete(execution);
      if (this.running.size > 0 || this.timer === null) return;
      clearInterval(this.timer);
      this.timer = null;
    };
    execution.exited.then(ended, ended);
  }
}
