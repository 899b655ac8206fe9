/**
 * The stdin of a guarded process: the announced bytes in pieces, then one line for each thing the host
 * has to say. Nothing is said while bytes are still to come, as they say enough.
 *
 * Pieces wait for room on the line. Without that one upload would fill every buffer on the way, and what
 * is said to other commands would wait behind it for longer than their lease.
 */
import type { Writable } from "node:stream";
import { INTERRUPT, RENEW, wordFor } from "./guard.ts";

const PIECE = 32 << 10;

export interface InletOptions {
  stdin: Writable;
  bytes: Uint8Array | string | undefined;
  /** Resolves when the line takes more; for a stdin that takes everything at once. */
  room?: (() => Promise<void>) | undefined;
}

export class Inlet {
  private state: "waiting" | "feeding" | "talking" | "ended" = "waiting";
  /** To be said once the bytes are sent. */
  private waitingToBeSaid: string[] = [];
  private readonly options: InletOptions;

  constructor(options: InletOptions) {
    this.options = options;
    options.stdin.on("error", () => {}); // a command that ended early does not read its input
  }

  /** Before the command starts: answers to what stands in front of it. */
  answer(bytes: Buffer): void {
    if (this.state === "waiting") this.options.stdin.write(bytes);
  }

  /** Sends the announced bytes. Without effect the second time. */
  feed(): void {
    if (this.state !== "waiting") return;
    this.state = "feeding";
    void this.pieces().then(() => {
      if (this.state !== "feeding") return;
      this.state = "talking";
      for (const line of this.waitingToBeSaid.splice(0)) this.say(line);
    });
  }

  renew(): void {
    if (this.state === "talking") this.say(RENEW);
  }

  interrupt(): void {
    this.sayInTime(INTERRUPT);
  }

  /** A line for a command whose stdin was left open. */
  word(word: string): void {
    this.sayInTime(wordFor(word));
  }

  /** Bytes that were not sent are not sent any more. */
  end(): void {
    if (this.state === "ended") return;
    this.state = "ended";
    this.options.stdin.end();
  }

  private sayInTime(line: string): void {
    if (this.state === "talking") this.say(line);
    else this.waitingToBeSaid.push(line);
  }

  /** Nothing piles up on a line that takes nothing: what waits to be sent says as much. */
  private say(line: string): void {
    const { stdin } = this.options;
    if (stdin.writable && (stdin.writableLength === 0 || line !== RENEW)) stdin.write(line);
  }

  private async pieces(): Promise<void> {
    const { bytes = "", room, stdin } = this.options;
    const all = Buffer.from(bytes);
    for (let from = 0; from < all.length; from += PIECE) {
      await room?.();
      if (this.state !== "feeding" || !stdin.writable) return;
      // Called when it was taken; never when the way there is gone.
      await new Promise<void>((resolve) => stdin.write(all.subarray(from, from + PIECE), () => resolve()));
    }
  }
}
