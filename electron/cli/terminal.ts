/**
 * Talking to a person on a terminal: lines on stderr and questions on the controlling terminal.
 * stdout belongs to results. Text that came from a node is made visible before it is printed.
 */
import { closeSync, openSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { ReadStream } from "node:tty";
import { visibleText } from "../core/text/visible.ts";

export interface Terminal {
  /** Is there a person who could answer. */
  readonly interactive: boolean;
  /** One line on stderr; control characters shown, not obeyed. */
  say(line: string): void;
  /** Asks; the answer is not shown while typed when `secret`. Rejects when the signal is aborted. */
  ask(question: string, options: { secret: boolean; signal?: AbortSignal }): Promise<string>;
}

/** A terminal on /dev/tty, so that redirected stdin and stdout do not matter. */
export function openTerminal(): Terminal {
  const interactive = hasTty();
  const say = (line: string) => void process.stderr.write(`${visibleText(line, true)}\n`);
  return {
    interactive,
    say,
    async ask(question, { secret, signal }) {
      const fd = openSync("/dev/tty", "r+");
      const input = new ReadStream(fd);
      let muted = false;
      const output = new Writable({
        write(chunk, _encoding, done) {
          if (muted) done();
          else process.stderr.write(chunk, () => done());
        },
      });
      const lines = createInterface({ input, output, terminal: true });
      try {
        const answer = lines.question(visibleText(question, true), signal ? { signal } : {});
        // The question itself was written at once; what is typed from here on is echoed by readline.
        muted = secret;
        return await answer;
      } finally {
        lines.close();
        input.destroy();
        if (secret) process.stderr.write("\n");
      }
    },
  };
}

function hasTty(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r+"));
    return true;
  } catch {
    return false;
  }
}
