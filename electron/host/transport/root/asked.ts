/**
 * Root by answers of a person: the search, and the same dialogue in front of every later command.
 *
 * The questions are shown in the node's own words, several rounds of them. A wrong answer ends the
 * attempt; only a person starts another one. Answers that may be one-time codes are asked for again by
 * every command, and the first such question says so, so that a person can go on without root instead.
 */
import type { Prompt } from "../../../core/journal/events.ts";
import { connectionLost, type DialogueWay, type OpenDialogue } from "../execution.ts";
import type { FoundPrivileges, PrivilegeOptions } from "../privileges.ts";
import { Answers, PLAIN, sameEveryTime } from "./answers.ts";
import { type Question, Questions } from "./questions.ts";
import { splitTerminal } from "./terminal.ts";
import { failure, openTold, text } from "./told.ts";
import { asking, newMark, SUDO, sudoSays, type Way, whoAmI } from "./ways.ts";

const MAX_ATTEMPTS = 3;

/** What the questions of one connection have in common. */
interface Asking {
  options: PrivilegeOptions;
  user: string;
  way: Way;
  mark: string;
  prompt: string | null;
  known: Answers;
}

/** Root, or in words why not. Throws `sudo-password-wrong` after {@link MAX_ATTEMPTS}. */
export async function askForRoot(options: PrivilegeOptions, user: string, way: Way): Promise<FoundPrivileges | string> {
  const { name } = way.tool;
  // sudo expands % in its prompt; letters and digits only.
  const prompt = way.tool === SUDO ? `${newMark()}:` : null;
  const asked: Asking = { options, user, way, mark: newMark(), prompt, known: new Answers() };
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; ) {
    const { ok, refused, questions } = await attemptRoot(asked, attempt);
    if (ok) return foundBy(asked, questions);
    for (const { answer } of questions.sent) answer.fill(0);
    if (questions.late !== null) {
      // sudo did not wait for the person. What was never sent may be sent once.
      const { question, answer } = questions.late;
      if (sameEveryTime(question.key)) asked.known.keep(question.key, answer);
      options.onDetail(`${name} did not wait for the answer and is asked again`);
      attempt++;
      continue;
    }
    asked.known.wipe();
    if (refused === "unanswered") return `no password for ${name} was given`;
    if (refused === null && questions.sent.length === 0) return sudoSays(questions.said);
    if (refused === null && !failedLogin(questions.said)) return sudoSays(questions.said);
    options.onDetail(`${name} did not take this password`);
    attempt++;
  }
  throw failure(options, {
    code: "sudo-password-wrong",
    message: `${name} on ${options.node} did not take the password of ${user}, ${MAX_ATTEMPTS} times.`,
    hint: `${name} wants the password of the account on the node. Check it, or connect as a user that needs none.`,
  });
}

/** doas, and a sudo with `passwd_tries=1`, end after a wrong answer instead of asking again. */
const failedLogin = (said: string) =>
  /authentication failed|incorrect (?:password|authentication)|try again/i.test(said);

/** Runs one attempt: each question is answered once. */
async function attemptRoot(asked: Asking, attempt: number) {
  const { options, way, mark, prompt } = asked;
  const argv = asking(way, whoAmI(mark), mark, prompt);
  const record_key = `${way.tool.name}-password`;
  const opened = await openTold(options, argv, { record_key, root: true, terminal: way.terminal });
  const raw = way.terminal ? splitTerminal(opened.raw, mark) : opened.raw;
  raw.stdin.on("error", () => {});
  let refused: "wrong" | "unanswered" | null = null;
  let settled: () => void = () => {};
  const answered = new Promise<void>((resolve) => {
    settled = resolve;
  });
  let waiting = false;
  const questions = new Questions({
    mark,
    prompt,
    known: asked.known,
    write: (bytes) => void raw.stdin.write(bytes),
    async ask(question) {
      waiting = true;
      try {
        return await askPerson(asked, question, attempt);
      } finally {
        waiting = false;
        setImmediate(settled);
      }
    },
    onRefused: (why) => {
      refused = why;
      raw.stdin.end(); // sudo would wait or ask again, but only a person may answer
    },
  });
  raw.stderr.on("data", (bytes: Buffer) => questions.hear(bytes));
  const [stdout, end] = await Promise.all([text(raw.stdout), raw.ended]);
  questions.end(false);
  // A question that is still open is a person's to close; what they answer may be of use.
  if (waiting) await answered;
  // sudo echoes nothing of what it reads; its prompt was taken out above.
  opened.tell({ exit: end.code, signal: end.signal, stdout, stderr: questions.said });
  if (end.lost && refused === null) throw failure(options, connectionLost(way.tool.name, options.node));
  return { ok: stdout.includes(`${mark} 0`), refused: refused as "wrong" | "unanswered" | null, questions };
}

async function askPerson({ options, user, way }: Asking, question: Question, attempt: number): Promise<Buffer | null> {
  const { name } = way.tool;
  const shown: Prompt = { kind: "sudo_password", user, host: options.node, attempt };
  if (question.key !== PLAIN) {
    shown.text = question.text;
    if (!sameEveryTime(question.key)) shown.every_command = true;
  }
  options.onDetail(question.key === PLAIN ? `${name} needs the password of ${user}` : `${name} asks a question`);
  const answer = await options.ask(shown);
  return answer.accept ? Buffer.from(answer.values[0] ?? "") : null;
}

function foundBy(asked: Asking, questions: Questions): FoundPrivileges {
  const { user, way, mark, prompt, known } = asked;
  keepAnswers(known, questions);
  return {
    kind: way.kind,
    user,
    asRoot: (argv) => asking(way, argv, mark, prompt),
    receive: way.terminal ? (raw) => splitTerminal(raw, mark) : (raw) => raw,
    dialogue: laterDialogue(asked),
    terminal: way.terminal,
    reason: "",
    wipe: () => known.wipe(),
  };
}

/** They were right: passwords are kept, codes are not. */
function keepAnswers(known: Answers, { sent }: Questions): void {
  for (const { question, answer } of sent) {
    if (sameEveryTime(question.key)) known.keep(question.key, answer);
    else answer.fill(0);
  }
}

/** Answers a later command from memory, and asks a person what is not there. */
function laterDialogue(asked: Asking): OpenDialogue {
  const { options, way, mark, prompt, known } = asked;
  return (command: DialogueWay) => {
    const questions: Questions = new Questions({
      mark,
      prompt,
      known,
      write: command.write,
      async ask(question) {
        const goOn = command.hold();
        try {
          return await askPerson(asked, question, known.attempt(question.key));
        } finally {
          goOn();
        }
      },
      onTaken: () => keepAnswers(known, questions),
      onRefused(why, question) {
        if (why === "wrong") for (const one of questions.sent) known.forget(one.question.key);
        const what = question.key === PLAIN ? "the password" : `"${question.key}"`;
        command.stop({
          code: "sudo-refused",
          message:
            why === "wrong"
              ? `${way.tool.name} on ${options.node} did not take the answer to ${what} again.`
              : `${way.tool.name} on ${options.node} asks for ${what}, and no answer was given.`,
          hint:
            why === "wrong"
              ? "Try again and give the current one; the one that was refused is not sent again."
              : "Try again, or connect again and refuse the first question to go on without root.",
        });
      },
    });
    return questions;
  };
}
