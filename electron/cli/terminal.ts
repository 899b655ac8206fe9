/**
 * Talking to a person: lines on stderr, questions on the controlling terminal whatever is redirected.
 * stdout belongs to results. Text that came from a node is made visible before it is printed.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { ReadStream } from "node:tty";
import { visibleText } from "../core/text/visible.ts";

export interface Terminal {
  /** Is there a person who could answer. */
  readonly interactive: boolean;
  /** One line on stderr; control characters shown, not obeyed. */
  say(line: string): void;
  /**
   * Asks; the answer is not shown while typed when `secret`. Null when there is no answer: end of
   * file, Ctrl-C (which also reaches this process as SIGINT), or the signal.
   */
  ask(question: string, options: { secret: boolean; signal: AbortSignal }): Promise<string | null>;
}

const TTY = "/dev/tty";

export function openTerminal(): Terminal {
  return {
    interactive: hasTty(),
    say: (line) => void process.stderr.write(`${visibleText(line, true)}\n`),
    ask,
  };
}

function ask(question: string, { secret, signal }: { secret: boolean; signal: AbortSignal }): Promise<string | null> {
  const out = openSync(TTY, "w");
  const input = new ReadStream(openSync(TTY, "r"));
  let muted = false;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!muted) writeSync(out, chunk);
      done();
    },
  });
  const lines = createInterface({ input, output, terminal: true, historySize: 0 });
  return new Promise((resolve) => {
    const close = () => lines.close();
    const finish = (answer: string | null) => {
      signal.removeEventListener("abort", close);
      lines.close();
      input.destroy();
      if (secret || answer === null) writeSync(out, "\n");
      closeSync(out);
      resolve(answer);
    };
    let answered = false;
    lines.on("SIGINT", () => {
      close();
      process.kill(process.pid, "SIGINT");
    });
    lines.once("close", () => {
      if (!answered) finish(null);
    });
    if (signal.aborted) return close();
    signal.addEventListener("abort", close, { once: true });
    lines.question(visibleText(question, true), (answer) => {
      answered = true;
      finish(answer);
    });
    // The question itself was written at once; what is typed from here on would be echoed by readline.
    muted = secret;
  });
}

function hasTty(): boolean {
  try {
    closeSync(openSync(TTY, "r+"));
    return true;
  } catch {
    return false;
  }
}
