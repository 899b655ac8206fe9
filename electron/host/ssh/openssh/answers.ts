/**
 * Answers ssh's questions by asking a person: which kind each is, what the person is shown, and what ssh
 * is told then. Throws when the person does not answer what the login cannot go on without.
 *
 * A ProxyCommand may be an ssh of its own and asks the same way, so whose question it is is taken from the
 * question: an answer meant for one host must not go to another.
 */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { setImmediate as othersTurn } from "node:timers/promises";
import { type KnownHost, matchesName } from "../known-hosts.ts";
import type { ResolvedHost } from "../resolve.ts";
import type { Steps } from "../steps.ts";
import { hostWithPort } from "../target.ts";
import type { RawQuestion } from "./askpass.ts";
import { readQuestion, type SshQuestion } from "./questions.ts";
import type { Told } from "./told.ts";

/** For a touch of a security key, which has a limit of its own. */
const TOUCH_MS = 60_000;

interface Login {
  user: string;
  host: string;
}

type Interactive = Extract<SshQuestion, { kind: "interactive" | "confirm" | "other" }>;

export class Answers {
  private readonly attempts = new Map<string, number>();
  private rounds = 0;

  private readonly resolved: ResolvedHost;
  private readonly steps: Steps;
  private readonly told: Told;
  private readonly known: readonly KnownHost[];

  constructor(resolved: ResolvedHost, known: readonly KnownHost[], steps: Steps, told: Told) {
    this.resolved = resolved;
    this.known = known;
    this.steps = steps;
    this.told = told;
  }

  /** The text for ssh, or null for no. */
  async to(raw: RawQuestion): Promise<string | null> {
    // What ssh told before it asked may still be in its pipe.
    await othersTurn();
    const question = readQuestion(raw, this.told.method === "keyboard-interactive");
    switch (question.kind) {
      case "host_key":
        return this.hostKey(question);
      case "passphrase":
        return this.passphrase(question.file);
      case "password":
        return this.password(question);
      case "notice":
        this.steps.enter(this.steps.current, question.text.trim(), TOUCH_MS);
        return null;
      default:
        return this.shown(question);
    }
  }

  private async hostKey(asked: Extract<SshQuestion, { kind: "host_key" }>): Promise<string> {
    const { fingerprint } = asked;
    const { shown } = this.told;
    const key_type = shown?.fingerprint === fingerprint ? shown.key_type : asked.key_type;
    const own = this.names.includes(asked.name.toLowerCase());
    const node = own ? this.steps.node : asked.name;
    const answer = await this.steps.ask({
      kind: "host_key_new",
      ...(own ? { host: this.resolved.hostname, port: this.resolved.port } : hostAndPort(asked.name)),
      key_type,
      fingerprint,
      known_types: this.knownTypes(asked.name),
    });
    if (!answer.accept) {
      throw this.steps.error({
        code: "host-key-rejected",
        message: `The host key of ${node} was not accepted (${key_type} ${fingerprint}).`,
        hint: "Compare it with the output of ssh-keygen -lf on the node.",
      });
    }
    const expected = answer.values[0]?.trim() ?? "";
    if (expected !== "" && expected.replace(/=+$/, "") !== fingerprint) {
      throw this.steps.error({
        code: "host-key-mismatch",
        message: `${node} showed ${key_type} ${fingerprint}, but ${expected.slice(0, 100)} was expected.`,
        hint: "Do not go on: this is not the node you meant, or something stands between.",
      });
    }
    // ssh itself makes ~/.ssh only; a file that cannot be written is a warning of its own.
    const [file] = this.resolved.user_known_hosts;
    if (file !== undefined) await fs.mkdir(path.dirname(file), { recursive: true, mode: 0o700 }).catch(() => {});
    // Rather than `yes`: ssh compares it with the key it has.
    return fingerprint;
  }

  private async passphrase(shown: string): Promise<string | null> {
    const file = this.resolved.identity_files.find((one) => isShownAs(one, shown, 100)) ?? shown;
    const attempt = this.attempt(`passphrase ${file}`);
    const answer = await this.steps.ask({ kind: "passphrase", file, attempt });
    return answer.accept ? (answer.values[0] ?? "") : null;
  }

  private async password(asked: Login): Promise<string> {
    const attempt = this.attempt(`password ${asked.user}@${asked.host}`);
    const login = this.loginOf(asked);
    const host = login === asked ? asked.host : hostWithPort(login.host, this.resolved.port);
    const answer = await this.steps.ask({ kind: "password", user: login.user, host, attempt });
    if (!answer.accept) throw this.notAnswered();
    this.told.answered("password");
    return answer.values[0] ?? "";
  }

  /** As it is; one question at a time, because ssh asks them so. */
  private async shown(question: Interactive): Promise<string | null> {
    const interactive = question.kind === "interactive";
    const said = this.told.news();
    const answer = await this.steps.ask({
      kind: "keyboard_interactive",
      ...this.loginOf(interactive ? question.from : null),
      ...(interactive ? { round: ++this.rounds } : {}),
      name: "",
      instructions: (interactive ? said : `The system's ssh asks:\n${said}`).trim().slice(-4096),
      prompts: [{ text: question.text, echo: question.kind === "other" && question.echo }],
    });
    if (interactive && !answer.accept) throw this.notAnswered();
    if (interactive) this.told.answered("keyboard-interactive");
    return answer.accept ? (answer.values[0] ?? "") : null;
  }

  private attempt(of: string): number {
    const attempt = (this.attempts.get(of) ?? 0) + 1;
    this.attempts.set(of, attempt);
    return attempt;
  }

  private get names(): string[] {
    const { alias, hostname, port, host_key_alias } = this.resolved;
    const names = [host_key_alias ?? hostWithPort(hostname, port), hostname, alias];
    return names.map((name) => name.toLowerCase());
  }

  /** Of the node, by the names it has elsewhere, when it is the one who asks. */
  private loginOf(asked: Login | null): Login {
    const { user, hostname } = this.resolved;
    const own =
      asked === null ||
      (isShownAs(user, asked.user, 30) && this.names.some((name) => isShownAs(name, asked.host.toLowerCase(), 128)));
    return own ? { user, host: hostname } : asked;
  }

  private knownTypes(name: string): string[] {
    const own = this.known.filter((entry) => entry.marker === "" && matchesName(entry, name));
    return [...new Set(own.map((entry) => entry.key_type))];
  }

  private notAnswered(): Error {
    return this.steps.error({
      code: "cancelled",
      message: `Logging in to ${this.steps.node} was cancelled: a question was not answered.`,
      hint: "",
    });
  }
}

/** ssh cuts names at so many bytes. A shorter one that only begins alike is another's: node-1 is not node-12. */
function isShownAs(name: string, shown: string, limit: number): boolean {
  return name === shown || (Buffer.byteLength(shown) === limit && name.startsWith(shown));
}

function hostAndPort(name: string): { host: string; port: number } {
  const parts = /^\[(.+)\]:(\d+)$/.exec(name);
  return parts === null ? { host: name, port: 22 } : { host: parts[1] ?? name, port: Number(parts[2]) };
}
