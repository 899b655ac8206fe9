/**
 * Our end of ssh's questions: waits at the pipe of the private folder, passes each question on, and writes
 * the answer to the helper that waits for it. Knows nothing of what is asked.
 */
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import type { PrivateFolder } from "./folder.ts";

export interface RawQuestion {
  text: string;
  /** What ssh says of it: `none` is a notice that wants no answer, `confirm` wants yes or no. */
  hint: string;
  /** The ssh that asks: it hears of nothing else while it waits. */
  pid: number;
}

const MAX_QUESTION = 64 << 10;
/** ssh takes no longer ones; a pipe holds it at once. */
const MAX_ANSWER = 4096;

/** `answer`: the text, or null to refuse. Returns what ends it. */
export function listenToQuestions(
  folder: PrivateFolder,
  answer: (question: RawQuestion) => Promise<string | null>,
): () => void {
  // Open for writing too, so that there is no end of file between two questions.
  const fd = fs.openSync(path.join(folder.path, "ask"), fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
  const pipe = new net.Socket({ fd, readable: true, writable: false });
  pipe.on("error", () => {}); // it ends with the folder
  let rest = "";
  pipe.on("data", (bytes: Buffer) => {
    const lines = (rest + bytes.toString("latin1")).split("\n");
    rest = lines.pop() ?? "";
    for (const id of lines) if (/^\d+$/.test(id)) void take(folder.path, id, answer);
  });
  return () => pipe.destroy();
}

async function take(
  folder: string,
  id: string,
  answer: (question: RawQuestion) => Promise<string | null>,
): Promise<void> {
  let given: string | null = null;
  try {
    const whole = fs.readFileSync(path.join(folder, `q.${id}`), "utf8").slice(0, MAX_QUESTION);
    const [, pid = "", hint = "", text = ""] = /^(\d+) ([^\n]*)\n(.*)$/s.exec(whole) ?? [];
    given = await answer({ hint, text, pid: Number(pid) });
  } catch {
    // not answered: a refusal
  }
  const bytes = Buffer.from(given === null ? "n\n" : `y\n${given.split("\n", 1)[0]?.slice(0, MAX_ANSWER)}\n`);
  try {
    const pipe = fs.openSync(path.join(folder, `a.${id}`), fs.constants.O_WRONLY | fs.constants.O_NONBLOCK);
    try {
      fs.writeSync(pipe, bytes);
    } finally {
      fs.closeSync(pipe);
    }
  } catch {
    // ssh has ended meanwhile and does not wait any more
  }
  bytes.fill(0);
}
