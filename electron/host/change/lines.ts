/** The lines of a running bpfdesk-change, one at a time, as they come. */
import type { Readable } from "node:stream";
import { type ChangeLine, readChangeLine } from "../../core/change/lines.ts";
import { LineSplitter } from "../../core/trace/split-lines.ts";

export interface ChangeLines {
  /** The next one; null when there will be none. What is no line of it is passed over. */
  next(): Promise<ChangeLine | null>;
}

export function changeLines(stdout: Readable): ChangeLines {
  const waiting: ((line: ChangeLine | null) => void)[] = [];
  const come: ChangeLine[] = [];
  let ended = false;

  function put(texts: readonly string[]): void {
    for (const text of texts) {
      const line = readChangeLine(text);
      if (line === null) continue;
      const taker = waiting.shift();
      if (taker) taker(line);
      else come.push(line);
    }
  }
  async function read(): Promise<void> {
    const splitter = new LineSplitter();
    try {
      for await (const bytes of stdout) put(splitter.push(bytes as Uint8Array));
      put(splitter.finish());
    } catch {
      // How it ended is told by the command's exit.
    }
    ended = true;
    for (const taker of waiting.splice(0)) taker(null);
  }
  void read();

  return {
    next() {
      const line = come.shift();
      if (line !== undefined) return Promise.resolve(line);
      if (ended) return Promise.resolve(null);
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
