/** Waiting for something to be in the journal. */
import type { JournalEvent } from "../../core/journal/events.ts";
import type { Journal } from "../journal/journal.ts";

/** The wait was ended from outside. */
export class Interrupted extends Error {
  constructor() {
    super("interrupted");
    this.name = "Interrupted";
  }
}

/** What `pick` makes of the first event after `after_seq` of which it makes anything. Rejects with {@link Interrupted}. */
export async function firstNews<T>(
  journal: Journal,
  after_seq: number,
  signal: AbortSignal,
  pick: (event: JournalEvent) => T | undefined,
): Promise<T> {
  for await (const batch of journal.subscribe(after_seq, signal)) {
    for (const event of batch) {
      const found = pick(event);
      if (found !== undefined) return found;
    }
  }
  throw new Interrupted();
}
