/**
 * What sudo or doas says before a command starts, read as questions, each answered at most once.
 *
 * sudo's plain password question is known for certain: it is the random prompt that `sudo -p` was given.
 * PAM's other questions keep their own words. They have no mark, so they are known by what a question
 * does: it ends without an end of line, and nothing follows.
 */
import { StringDecoder } from "node:string_decoder";
import { visibleText } from "../../../core/text/visible.ts";
import type { Dialogue } from "../execution.ts";
import { type Answers, PLAIN } from "./answers.ts";

/** Silence after words without an end of line for so long is a question, in ms. */
const QUIET_MS = 500;
/** A question that has an answer in memory is recognised by its words. */
const KNOWN_QUIET_MS = 50;
const KEPT = 8192;
const SHOWN = 2000;

export interface Question {
  /** {@link PLAIN}, or the line that waits for an answer. */
  key: string;
  /** What is to be shown: everything said since the last answer. Empty for the plain question. */
  text: string;
}

export interface QuestionsOptions {
  /** A line that ends the login profile's noise. */
  mark: string;
  /** What `sudo -p` was given; null for doas. */
  prompt: string | null;
  known: Answers;
  write(bytes: Buffer): void;
  /** Asks a person; null is a refusal. */
  ask(question: Question): Promise<Buffer | null>;
  /** The same question came again, so that an answer was wrong; or a person refused to answer. */
  onRefused(why: "wrong" | "unanswered", question: Question): void;
  /** The answers that were sent led to the command. */
  onTaken?(): void;
}

export class Questions implements Dialogue {
  /** Answers sent, in order. */
  readonly sent: { question: Question; answer: Buffer }[] = [];
  /** An answer that came too late to be sent. */
  late: { question: Question; answer: Buffer } | null = null;
  private readonly decoder = new StringDecoder("utf8");
  private readonly options: QuestionsOptions;
  private begun = false;
  private over = false;
  private waiting = false;
  /** All that was said since the mark; `open` since the last answer. */
  private all = "";
  private open = "";
  private timer: NodeJS.Timeout | undefined;

  constructor(options: QuestionsOptions) {
    this.options = options;
  }

  /** For messages: what was said, without sudo's prompt. */
  get said(): string {
    return this.clean(this.all);
  }

  clean(said: string): string {
    const { mark, prompt } = this.options;
    const at = said.lastIndexOf(mark);
    const rest = at < 0 ? said : said.slice(at + mark.length).replace(/^\r?\n/, "");
    return prompt === null ? rest : rest.replaceAll(prompt, "");
  }

  hear(bytes: Buffer): void {
    if (this.over) return;
    this.take(this.decoder.write(bytes));
    clearTimeout(this.timer);
    if (!this.begun || this.waiting) return;
    const { prompt, known } = this.options;
    if (prompt !== null && this.open.includes(prompt)) {
      this.question({ key: PLAIN, text: "" });
      return;
    }
    const key = lastLine(this.open);
    if (key === "") return;
    const quiet = known.get(key) === undefined ? QUIET_MS : KNOWN_QUIET_MS;
    this.timer = setTimeout(() => this.question({ key, text: shown(this.open) }), quiet);
  }

  end(started: boolean): void {
    if (started && !this.over) this.options.onTaken?.();
    this.over = true;
    clearTimeout(this.timer);
  }

  private take(text: string): void {
    this.all = (this.all + text).slice(-KEPT);
    if (this.begun) {
      this.open = (this.open + text).slice(-KEPT);
      return;
    }
    const at = this.all.search(new RegExp(`${this.options.mark}\\r?\\n`));
    if (at < 0) return;
    this.begun = true;
    this.all = this.all.slice(at + this.options.mark.length).replace(/^\r?\n/, "");
    this.open = this.all;
  }

  private question(question: Question): void {
    const { known, ask, onRefused } = this.options;
    this.waiting = true;
    if (this.sent.some((one) => one.question.key === question.key)) {
      this.end(false);
      onRefused("wrong", question);
      return;
    }
    const answer = known.get(question.key);
    if (answer !== undefined) {
      this.answer(question, answer);
      return;
    }
    void ask(question).then(
      (given) => {
        if (given === null) {
          this.end(false);
          onRefused("unanswered", question);
        } else this.answer(question, given);
      },
      () => {
        // Cancelled: whoever cancelled ends the command.
        this.end(false);
        onRefused("unanswered", question);
      },
    );
  }

  private answer(question: Question, answer: Buffer): void {
    this.waiting = false;
    if (this.over) {
      this.late = { question, answer };
      return;
    }
    this.open = "";
    this.sent.push({ question, answer });
    this.options.write(Buffer.concat([answer, Buffer.from("\n")]));
  }
}

function lastLine(text: string): string {
  return text.slice(Math.max(text.lastIndexOf("\n"), text.lastIndexOf("\r")) + 1).trim();
}

function shown(text: string): string {
  return visibleText(text.replaceAll("\r", "\n").trim(), true).slice(-SHOWN);
}
