/**
 * Questions of one node to a person: asked as events, answered by RPC.
 *
 * One at a time. An answer goes straight to whoever asked; the journal only learns that there was one.
 */
import { BpfdeskError } from "../../core/errors.ts";
import type { Prompt } from "../../core/journal/events.ts";
import type { PromptAnswer } from "../../shared/contract.ts";
import type { Journal } from "../journal/journal.ts";

export interface Prompter {
  /** Resolves with the answer (which may be a refusal); rejects with `cancelled` when the signal is aborted. */
  ask(prompt: Prompt, signal: AbortSignal): Promise<PromptAnswer>;
  /** Throws `no-such-prompt` when that question is not open any more. */
  answer(prompt_id: string, answer: PromptAnswer): void;
}

export function createPrompter(journal: Journal, node: string): Prompter {
  let turn: Promise<unknown> = Promise.resolve();
  let open: { prompt_id: string; resolve(answer: PromptAnswer): void } | null = null;
  let count = 0;

  async function askNow(prompt: Prompt, signal: AbortSignal): Promise<PromptAnswer> {
    if (signal.aborted) throw cancelled(node);
    const prompt_id = `${node}.${journal.last_seq}.q${++count}`;
    const close = (outcome: "answered" | "refused" | "cancelled") => {
      open = null;
      journal.append([{ type: "connection.prompt_closed", node, prompt_id, outcome }]);
    };
    let abort = () => {};
    const answered = new Promise<PromptAnswer>((resolve, reject) => {
      // A record that cannot be written is told by its readers; whoever asked must not wait for that.
      abort = () => {
        try {
          close("cancelled");
        } catch {
          // told elsewhere
        }
        reject(cancelled(node));
      };
      open = {
        prompt_id,
        resolve(answer) {
          try {
            close(answer.accept ? "answered" : "refused");
            resolve(answer);
          } catch (error) {
            reject(error);
            throw error;
          }
        },
      };
    });
    answered.catch(() => {}); // nobody waits for it when it could not be asked
    signal.addEventListener("abort", abort, { once: true });
    try {
      // An answer can only come after this event was delivered, so the question is open before it is asked.
      journal.append([{ type: "connection.prompt", node, prompt_id, prompt }]);
      return await answered;
    } catch (error) {
      open = null;
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  return {
    ask(prompt, signal) {
      const answer = turn.then(() => askNow(prompt, signal));
      turn = answer.catch(() => {});
      return answer;
    },
    answer(prompt_id, answer) {
      if (open?.prompt_id === prompt_id) return open.resolve(answer);
      throw new BpfdeskError({
        code: "no-such-prompt",
        message: "That question is not open any more.",
        hint: "It was answered elsewhere, or the connection ended.",
        node,
      });
    },
  };
}

/** The failure that a person wished for. */
export function cancelled(node: string): BpfdeskError {
  return new BpfdeskError({ code: "cancelled", message: "Cancelled.", hint: "Start it again when you like.", node });
}
