/**
 * How root is reached on a node: found once per connection, with one command in the good case.
 *
 * Tried in this order: already root; `sudo` without a password; `sudo` that asks a person, on a terminal
 * where it insists on one (`requiretty`); `doas`, without and with a password; `sudo` for a few tools
 * only; none. What a person answered is kept in memory for the life of the connection and wiped with it.
 * An answer that was refused is never sent again, and one that may be a one-time code is sent only once.
 */
import type { Privileges, Prompt } from "../../core/journal/events.ts";
import type { PromptAnswer } from "../../shared/contract.ts";
import type { OpenDialogue, RawProcess } from "./execution.ts";
import { askForRoot } from "./root/asked.ts";
import { probe } from "./root/probe.ts";
import { sudoersFor } from "./root/sudoers.ts";
import { failure } from "./root/told.ts";
import { DOAS, needsTerminal, SUDO, sudoSays, type Way, withoutPassword } from "./root/ways.ts";

/** A command that is run before there is a transport to run it, for the record. Holds no secret. */
export interface EarlyCommand {
  text: string;
  shell_line: string;
  host: string;
  user: string;
  /** Whether it asks for root; what it got is in its output. */
  root: boolean;
  record_key: string;
}

export interface EarlyOutcome {
  exit: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** Told of an early command before it runs; what it returns is called once with the outcome. */
export type OnCommand = (command: EarlyCommand) => (outcome: EarlyOutcome) => void;

export interface PrivilegeOptions {
  /** Starts a command as the login user; on a terminal of its own only where `terminals` is true. */
  open(argv: string[], terminal: boolean): Promise<RawProcess>;
  /** Whether `open` can give a command a terminal. */
  terminals?: boolean;
  /** Also asked later, by commands whose question cannot be answered from memory. */
  ask(prompt: Prompt): Promise<PromptAnswer>;
  /** `user@host:port` or `local`, for messages and the prompt. */
  node: string;
  /**
   * True: root is wanted, and not getting it is an error. False: never ask for a password.
   * Undefined: ask when one is needed, and go on without root when there is none.
   */
  sudo: boolean | undefined;
  /** Name the connection logs in with. */
  user: string;
  /** argv put in front of a command to paste it in a shell; empty on this machine. */
  shell_prefix: readonly string[];
  onDetail(detail: string): void;
  onCommand?: OnCommand | undefined;
}

export interface FoundPrivileges {
  kind: Privileges;
  /** As the node itself names it. */
  user: string;
  /** Puts what is needed in front of a command that must run as root; null when root is out of reach. */
  asRoot: ((argv: readonly string[]) => string[]) | null;
  /** What every process started with `asRoot` goes through: tells the streams of a terminal apart. */
  receive: (raw: RawProcess) => RawProcess;
  /** Answers sudo or doas before the command starts; null when they ask nothing. */
  dialogue: OpenDialogue | null;
  /** Commands that are run as root need a terminal. */
  terminal: boolean;
  /** Why there is no root, for a person; empty otherwise. */
  reason: string;
  /** Lines for sudoers that would give what is missing. */
  sudoers?: string;
  /** With `sudo_some`: the tools that sudo runs as root, by name, with the absolute path it knows them by. */
  tools?: Readonly<Record<string, string>>;
  /** Overwrites what a person answered. */
  wipe(): void;
}

/** Finds the way to root. Throws `sudo-refused`, `sudo-password-wrong` or `exec-failed`, phase `privileges`. */
export async function findPrivileges(options: PrivilegeOptions): Promise<FoundPrivileges> {
  const found = await probe(options);
  const { user } = found;
  if (found.uid === 0) return plain("root", user, (argv) => [...argv]);
  if (found.sudo === "yes") return plain("sudo", user, (argv) => SUDO.quiet(argv));
  const why: string[] = [];
  const canAsk = options.sudo !== false;

  const viaSudo = async (): Promise<FoundPrivileges | null> => {
    if (found.sudo === null) {
      why.push("sudo is not installed");
      return null;
    }
    let said = found.sudo;
    let terminal = false;
    if (needsTerminal(said)) {
      if (options.terminals !== true) {
        why.push("sudo wants a terminal (requiretty), which bpfdesk gives it over SSH only");
        return null;
      }
      terminal = true;
      const result = await withoutPassword(options, user, SUDO, "sudo_terminal");
      if ("kind" in result) return result;
      said = result.said;
    }
    const way: Way = { tool: SUDO, terminal, kind: terminal ? "sudo_terminal" : "sudo_password" };
    if (canAsk && /password is required/.test(said) && found.shell !== "never") {
      const result = await askForRoot(options, user, way);
      if (typeof result !== "string") return result;
      why.push(result);
    } else why.push(found.shell === "never" ? "sudoers does not allow /bin/sh" : sudoSays(said));
    return null;
  };
  const viaDoas = async (): Promise<FoundPrivileges | null> => {
    if (found.doas === null) return null;
    if (found.doas === "yes") return plain("doas", user, (argv) => DOAS.quiet(argv));
    if (!/password|Authentication required/i.test(found.doas)) return null;
    if (!canAsk) return null;
    if (options.terminals !== true) {
      why.push("doas wants a terminal to ask for the password, which bpfdesk gives it over SSH only");
      return null;
    }
    const result = await askForRoot(options, user, { tool: DOAS, terminal: true, kind: "doas" });
    if (typeof result !== "string") return result;
    why.push(result);
    return null;
  };

  const root = (await viaSudo()) ?? (await viaDoas());
  if (root !== null) return root;
  const reason = why.join("; ");
  if (options.sudo === true) {
    throw failure(options, {
      code: "sudo-refused",
      message: `${user} gets no root on ${options.node}: ${reason}.`,
      hint: "Connect as root, add the account to sudoers (bpfdesk runs /bin/sh by it), or go on without root.",
    });
  }
  const none = { user, asRoot: null, receive: asItIs, dialogue: null, terminal: false, reason, wipe: () => {} };
  const sudoers = sudoersFor(user, found.bpftool);
  const about = sudoers === null ? none : { ...none, sudoers };
  if (found.tools === null) return { ...about, kind: "none" };
  return { ...about, kind: "sudo_some", tools: found.tools };
}

const asItIs = (raw: RawProcess) => raw;

function plain(kind: Privileges, user: string, asRoot: (argv: readonly string[]) => string[]): FoundPrivileges {
  return { kind, user, asRoot, receive: asItIs, dialogue: null, terminal: false, reason: "", wipe: () => {} };
}
