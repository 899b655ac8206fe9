/**
 * The order of ways to log in: keys, keyboard-interactive, password. Answers ssh2's question "what
 * next?"; a server that wants several in a row (partial success) is followed.
 */
import type { AnyAuthMethod, AuthenticationType, NextAuthHandler } from "ssh2";
import type { KeyRing } from "./keys.ts";
import type { ResolvedHost } from "./resolve.ts";
import type { Steps } from "./steps.ts";

/** As OpenSSH's NumberOfPasswordPrompts, over both ways that ask. */
const MAX_PASSWORDS = 3;
const MAX_SERVER_TEXT = 4096;

export class Authentication {
  private keysTried = false;
  private asked = 0;
  private wrong = new Map<string, number>();
  private serverTakes: string[] = [];

  private readonly resolved: ResolvedHost;
  private readonly keys: KeyRing;
  private readonly steps: Steps;
  private readonly fail: (error: unknown) => void;

  constructor(resolved: ResolvedHost, keys: KeyRing, steps: Steps, fail: (error: unknown) => void) {
    this.resolved = resolved;
    this.keys = keys;
    this.steps = steps;
    this.fail = fail;
  }

  /** ssh2's authHandler. */
  readonly next = (left: AuthenticationType[] | null, partial: boolean | null, done: NextAuthHandler): void => {
    this.steps.restart();
    if (left !== null) this.serverTakes = left;
    if (partial === true) this.steps.detail(`the node wants more: ${left?.join(", ")}`);
    this.choose(left).then(
      (method) => done(method),
      (error: unknown) => this.fail(error),
    );
  };

  /** What was tried, what the node takes, and what could not be offered; `why` is the node's own word. */
  refused(why = ""): Error {
    const tried = [
      ...(this.keysTried ? this.keys.offered : []),
      ...[...this.wrong].map(([way, times]) => (times === 1 ? way : `${way} (${times} times)`)),
    ];
    const takes = this.serverTakes.length === 0 ? "" : ` It takes ${this.serverTakes.join(", ")}.`;
    const { notes } = this.keys;
    const tooMany = /too many authentication failures/i.test(why);
    return this.steps.error({
      code: "auth-failed",
      message: `${this.steps.node} let nobody in; tried: ${tried.length === 0 ? "nothing, there is no key" : tried.join(", ")}.${takes}`,
      hint: tooMany
        ? "It gave up after too many keys: set IdentitiesOnly yes and an IdentityFile for it in ~/.ssh/config."
        : `Check the user name (${this.resolved.user}) and that the node has your public key.${notes.length === 0 ? "" : ` Not offered: ${notes.join("; ")}.`}`,
      ...(why === "" ? {} : { cause: why }),
    });
  }

  private async choose(left: AuthenticationType[] | null): Promise<AnyAuthMethod> {
    const username = this.resolved.user;
    const offers = (way: AuthenticationType) => left === null || left.includes(way);
    if (!this.keysTried && this.keys.offered.length > 0 && offers("publickey")) {
      this.keysTried = true;
      this.steps.detail(`as ${username} with ${this.keys.offered.length} keys`);
      return { type: "agent", username, agent: this.keys };
    }
    // Only an answer tells which ways there are.
    if (left === null) return { type: "none", username };
    if (this.asked >= MAX_PASSWORDS) throw this.refused();
    if (offers("keyboard-interactive")) return this.keyboardInteractive(username);
    if (!offers("password")) throw this.refused();
    this.asked++;
    this.steps.detail(`as ${username} with a password`);
    const answer = await this.steps.ask({
      kind: "password",
      user: username,
      host: this.resolved.hostname,
      attempt: this.asked,
    });
    if (!answer.accept) throw this.notAnswered();
    this.count("password");
    return { type: "password", username, password: answer.values[0] ?? "" };
  }

  private keyboardInteractive(username: string): AnyAuthMethod {
    this.asked++;
    this.steps.detail(`as ${username}, answering the node's questions`);
    this.count("keyboard-interactive");
    return {
      type: "keyboard-interactive",
      username,
      prompt: (name, instructions, _language, prompts, finish) => {
        this.steps
          .ask({
            kind: "keyboard_interactive",
            host: this.resolved.hostname,
            name: name.slice(0, MAX_SERVER_TEXT),
            instructions: instructions.slice(0, MAX_SERVER_TEXT),
            prompts: prompts.slice(0, 16).map(({ prompt, echo }) => ({
              text: prompt.slice(0, MAX_SERVER_TEXT),
              echo: echo === true,
            })),
          })
          .then(
            (answer) => {
              if (!answer.accept) this.fail(this.notAnswered());
              else finish(prompts.map((_, index) => answer.values[index] ?? ""));
            },
            (error: unknown) => this.fail(error),
          );
      },
    };
  }

  private count(way: string): void {
    this.wrong.set(way, (this.wrong.get(way) ?? 0) + 1);
  }

  private notAnswered(): Error {
    return this.steps.error({
      code: "cancelled",
      message: `Logging in to ${this.steps.node} was cancelled: no password was given.`,
      hint: "",
    });
  }
}
