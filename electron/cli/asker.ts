/**
 * One person, several nodes: questions come one at a time, each says which node it is of, and a key file's
 * passphrase is asked for once for all of them.
 */
import type { Prompt } from "../core/journal/events.ts";
import type { PromptAnswer } from "../shared/contract.ts";
import { type AnswerPolicy, answerPrompt } from "./answer.ts";
import type { Terminal } from "./terminal.ts";

export type Asker = (prompt: Prompt, name: string, signal: AbortSignal) => Promise<PromptAnswer>;

/** For one node, whose questions need no name. */
export function plainAsker(terminal: Terminal, policy: AnswerPolicy): Asker {
  return (prompt, _name, signal) => answerPrompt(prompt, terminal, policy, signal);
}

/** For several. What is typed lives in this process's memory only. */
export function sharedAsker(terminal: Terminal, policy: AnswerPolicy): Asker {
  let turn: Promise<unknown> = Promise.resolve();
  const passphrases = new Map<string, PromptAnswer>();

  return (prompt, name, signal) => {
    const shared = prompt.kind === "passphrase" ? `${prompt.attempt} ${prompt.file}` : null;
    const asked = turn.then(async () => {
      if (signal.aborted) return { accept: false, values: [] };
      const known = shared === null ? undefined : passphrases.get(shared);
      if (known) return known;
      const answer = await answerPrompt(prompt, namedTerminal(terminal, name), policy, signal);
      if (shared !== null && answer.accept) passphrases.set(shared, answer);
      return answer;
    });
    turn = asked.catch(() => {});
    return asked;
  };
}

/** The same terminal, with the node's name before everything that is said. */
export function namedTerminal(terminal: Terminal, name: string): Terminal {
  return {
    interactive: terminal.interactive,
    say: (line) => terminal.say(`${name}: ${line}`),
    ask: (question, options) => terminal.ask(`${name}: ${question}`, options),
  };
}
