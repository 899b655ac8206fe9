/**
 * The order of ways to log in: keys, keyboard-interactive, password, as the configuration allows
 * them. Answers ssh2's question "what next?"; a server that wants several in a row (partial success)
 * is followed. What a person typed is sent once; after a refusal the person is asked again.
 */
import type { AnyAuthMethod, AuthenticationType, NextAuthHandler } from "ssh2";
import { type Identity, type KeyRing, labelOf, shortLabelOf } from "./keys.ts";
import type { ResolvedHost } from "./resolve.ts";
import type { Steps } from "./steps.ts";
import { hostWithPort } from "./target.ts";

const MAX_SERVER_TEXT = 4096;
const MAX_QUESTIONS = 16;

/** What is being tried; `succeeded` is for keys, whose answer ssh2 does not pass on. */
interface Try {
  way: AuthenticationType;
  /** In a list of what was right. */
  label: string;
  /** In a list of what was refused. */
  source: string;
  succeeded: boolean;
}

export class Authentication {
  private trying: Try | null = null;
  private readonly refusedTries: string[] = [];
  private readonly succeededTries: string[] = [];
  private readonly offeredKeys = new Set<Identity>();
  private readonly useless = new Set<AuthenticationType>();
  /** Passwords asked for since the server last said that something was right. */
  private asked = 0;
  private rounds = 0;
  private takes: AuthenticationType[] | null = null;

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
    // After a key ssh2 repeats an older answer; `serverTakes` has told the newer one then.
    if (left !== null && this.trying?.way !== "agent") this.takes = left;
    this.conclude(partial === true);
    this.choose().then(
      (method) => done(method),
      (error: unknown) => this.fail(error),
    );
  };

  /** The ways of the server's last answer, for ssh2 keeps those after a key to itself. */
  serverTakes(ways: AuthenticationType[]): void {
    this.takes = ways;
  }

  /** How the login succeeded, in order. Once it did. */
  succeeded(): string[] {
    return this.trying === null ? this.succeededTries : [...this.succeededTries, this.trying.label];
  }

  /** What was tried, what the node takes, and what could not be offered; `why` is the node's own word. */
  refused(why = ""): Error {
    const tried = counted([...this.refusedTries, ...(this.trying === null ? [] : [this.trying.source])]);
    const right = this.succeededTries.length === 0 ? "" : ` It took ${this.succeededTries.join(", ")}, and wants more.`;
    const takes = this.takes === null || this.takes.length === 0 ? "" : ` It takes ${this.takes.join(", ")}.`;
    const { notes } = this.keys;
    const tooMany = /too many authentication failures/i.test(why);
    const hint =
      tooMany && this.offeredKeys.size > 1
        ? `It gave up after ${this.offeredKeys.size} keys (MaxAuthTries): set IdentitiesOnly yes and an IdentityFile for it in ~/.ssh/config.`
        : tooMany
          ? "It allows no more tries on one connection (MaxAuthTries); connect again."
          : `Check the user name (${this.resolved.user}) and that the node has your public key.${notes.length === 0 ? "" : ` Not offered: ${notes.join("; ")}.`}`;
    return this.steps.error({
      code: "auth-failed",
      message: `${this.steps.node} let nobody in; tried: ${tried === "" ? "nothing, there is no key" : tried}.${right}${takes}`,
      hint,
      ...(why === "" ? {} : { cause: why }),
    });
  }

  /** The server answered what was tried, and not with success as a whole. */
  private conclude(partial: boolean): void {
    const done = this.trying;
    this.trying = null;
    if (done === null || done.way === "none") return;
    if (done.way === "agent" ? done.succeeded : partial) {
      this.succeededTries.push(done.label);
      this.asked = 0;
      this.useless.clear();
      this.steps.detail(`${done.label} was right; the node wants more: ${(this.takes ?? []).join(", ")}`);
    } else this.refusedTries.push(done.source);
  }

  private async choose(): Promise<AnyAuthMethod> {
    const username = this.resolved.user;
    // As OpenSSH: only an answer tells which ways there are, and this question counts as no try.
    if (this.takes === null) {
      this.trying = { way: "none", label: "none", source: "none", succeeded: false };
      return { type: "none", username };
    }
    for (const way of this.resolved.auth_ways) {
      if (!this.takes.includes(way) || this.useless.has(way)) continue;
      if (way === "publickey") {
        const key = this.keys.identities.find((one) => !this.offeredKeys.has(one));
        if (key !== undefined) return this.publicKey(username, key);
        continue;
      }
      if (this.asked >= this.resolved.password_prompts) throw this.refused();
      this.asked++;
      return way === "password" ? await this.password(username) : this.keyboardInteractive(username);
    }
    throw this.refused();
  }

  /** One key at a time: ssh2 would go on with the next key when the server wants something else after one. */
  private publicKey(username: string, key: Identity): AnyAuthMethod {
    this.offeredKeys.add(key);
    const source = `${key.from} (${labelOf(key)})`;
    const trying: Try = { way: "agent", label: `publickey ${shortLabelOf(key)}`, source, succeeded: false };
    this.trying = trying;
    this.steps.detail(`as ${username} with ${source}`);
    const agent = this.keys.agentOf(key, () => {
      trying.succeeded = true;
    });
    return { type: "agent", username, agent };
  }

  private async password(username: string): Promise<AnyAuthMethod> {
    this.steps.detail(`as ${username} with a password`);
    // With its port: behind one address there may be several machines, and what is kept for one is not for another.
    const host = hostWithPort(this.resolved.hostname, this.resolved.port);
    const answer = await this.steps.ask({ kind: "password", user: username, host, attempt: this.asked });
    if (!answer.accept) throw this.notAnswered();
    this.trying = { way: "password", label: "password", source: "password", succeeded: false };
    return { type: "password", username, password: answer.values[0] ?? "" };
  }

  private keyboardInteractive(username: string): AnyAuthMethod {
    this.steps.detail(`as ${username}, answering the node's questions`);
    const label = "keyboard-interactive";
    this.trying = { way: label, label, source: label, succeeded: false };
    // Refused without a question, it would be refused again.
    this.useless.add("keyboard-interactive");
    return {
      type: "keyboard-interactive",
      username,
      prompt: (name, instructions, _language, prompts, finish) => {
        this.useless.delete("keyboard-interactive");
        this.rounds++;
        this.steps.restart();
        this.steps
          .ask({
            kind: "keyboard_interactive",
            host: this.resolved.hostname,
            user: username,
            round: this.rounds,
            name: name.slice(0, MAX_SERVER_TEXT),
            instructions: instructions.slice(0, MAX_SERVER_TEXT),
            prompts: prompts.slice(0, MAX_QUESTIONS).map(({ prompt, echo }) => ({
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

  private notAnswered(): Error {
    return this.steps.error({
      code: "cancelled",
      message: `Logging in to ${this.steps.node} was cancelled: no password was given.`,
      hint: "",
    });
  }
}

/** `a, b (2 times)` in the order of their first try. */
function counted(labels: string[]): string {
  const times = new Map<string, number>();
  for (const label of labels) times.set(label, (times.get(label) ?? 0) + 1);
  return [...times].map(([label, count]) => (count === 1 ? label : `${label} (${count} times)`)).join(", ");
}
