/**
 * How root is reached on a node: found once per connection, with one command in the good case.
 *
 * Tried in this order: already root, `sudo` without a password, `sudo` with a password that a person
 * gives. The password is kept in memory for the life of the connection and wiped with it; it is
 * written to sudo's stdin only, and only when exactly the agreed prompt appeared.
 */
import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import { BpfdeskError, type ErrorData } from "../../core/errors.ts";
import type { Privileges, Prompt } from "../../core/journal/events.ts";
import type { PromptAnswer } from "../../shared/contract.ts";
import { connectionLost, type RawProcess, type SudoAnswer } from "./execution.ts";
import { quoteArgv } from "./quote.ts";

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
  /** Starts a command as the login user. */
  open(argv: string[]): Promise<RawProcess>;
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
  sudo: SudoAnswer | null;
  /** Commands that are run as root need a terminal. */
  terminal: boolean;
  /** Why there is no root, for a person; empty otherwise. */
  reason: string;
  /** Overwrites the password. */
  wipe(): void;
}

const MAX_PASSWORDS = 3;
/** Characters of an answer that are looked at. */
const KEPT = 1 << 20;

/** $1 marks the answer, because login profiles print too. sudo's own text goes between the marks. */
const PROBE = `PATH=$PATH:/usr/local/bin:/usr/bin:/bin LC_ALL=C; export PATH LC_ALL
u=$(id -u)
if [ "$u" = 0 ]; then s=root r=
elif ! command -v sudo >/dev/null 2>&1; then s=missing r=
else r=$(sudo -n -- /bin/sh -c 'echo "$1 $(id -u)"' sh "$1" 2>&1 </dev/null)
case $r in *"$1 0"*) s=sudo r=;; *) s=refused;; esac; fi
echo "$1 $s $(id -un)"; echo "$r"; echo "$1 end"`;

/** Finds the way to root. Throws `sudo-refused`, `sudo-password-wrong` or `exec-failed`, phase `privileges`. */
export async function findPrivileges(options: PrivilegeOptions): Promise<FoundPrivileges> {
  const token = `bpfdesk-${randomBytes(12).toString("hex")}`;
  const argv = ["/bin/sh", "-c", PROBE, "bpfdesk", token];
  const { raw, tell } = await openTold(options, argv, "privileges");
  const [stdout, stderr, end] = await Promise.all([text(raw.stdout), text(raw.stderr), raw.ended]);
  tell({ exit: end.code, signal: end.signal, stdout, stderr });
  if (end.lost) throw failure(options, connectionLost("the search for root", options.node));
  const answer = new RegExp(`${token} (\\w+) (.*)\\n([^]*?)\\n?${token} end`).exec(stdout);
  if (answer === null) {
    const said = (stderr.trim() || stdout.trim()).slice(0, 2000);
    throw failure(options, {
      code: "exec-failed",
      message: `${options.node} let the user in but runs no commands.`,
      hint: "The account needs a login shell that runs commands (not nologin, not a forced command).",
      ...(said === "" ? {} : { cause: said }),
    });
  }
  const [, state = "", user = "", said = ""] = answer;
  if (state === "root") {
    return { kind: "root", user, asRoot: (argv) => [...argv], sudo: null, terminal: false, reason: "", wipe: () => {} };
  }
  if (state === "sudo") {
    const asRoot = (argv: readonly string[]) => ["sudo", "-n", "--", ...argv];
    return { kind: "sudo", user, asRoot, sudo: null, terminal: false, reason: "", wipe: () => {} };
  }
  if (state === "refused" && /password is required/.test(said) && options.sudo !== false) {
    return withPassword(options, user);
  }
  return withoutRoot(options, user, state === "missing" ? "sudo is not installed" : sudoSays(said));
}

async function withPassword(options: PrivilegeOptions, user: string): Promise<FoundPrivileges> {
  for (let attempt = 1; attempt <= MAX_PASSWORDS; attempt++) {
    options.onDetail(`sudo needs the password of ${user}`);
    const answer = await options.ask({ kind: "sudo_password", user, host: options.node, attempt });
    if (!answer.accept) return withoutRoot(options, user, "no password for sudo was given");
    const password = Buffer.from(answer.values[0] ?? "");
    // sudo expands % in its prompt; letters and digits only.
    const sudo: SudoAnswer = { prompt: `bpfdesk-${randomBytes(12).toString("hex")}:`, password };
    const result = await tryPassword(options, sudo);
    if (result.ok) {
      // -k: sudo keeps no valid ticket that another process could use.
      const asRoot = (argv: readonly string[]) => [
        "env",
        "LC_ALL=C",
        "sudo",
        "-k",
        "-S",
        "-p",
        sudo.prompt,
        "--",
        ...argv,
      ];
      return {
        kind: "sudo_password",
        user,
        asRoot,
        sudo,
        terminal: false,
        reason: "",
        wipe: () => void password.fill(0),
      };
    }
    password.fill(0);
    if (!result.wrong) return withoutRoot(options, user, sudoSays(result.said));
    options.onDetail("sudo did not take this password");
  }
  throw failure(options, {
    code: "sudo-password-wrong",
    message: `sudo on ${options.node} did not take the password of ${user}, ${MAX_PASSWORDS} times.`,
    hint: "sudo wants the password of the account on the node. Check it, or connect as a user with NOPASSWD.",
  });
}

async function tryPassword(
  options: PrivilegeOptions,
  sudo: SudoAnswer,
): Promise<{ ok: boolean; wrong: boolean; said: string }> {
  const token = `bpfdesk-${randomBytes(12).toString("hex")}`;
  const shell = ["/bin/sh", "-c", 'echo "$1 $(id -u)"', "sh", token];
  const argv = ["env", "LC_ALL=C", "sudo", "-k", "-S", "-p", sudo.prompt, "--", ...shell];
  const { raw, tell } = await openTold(options, argv, "sudo-password");
  raw.stdin.on("error", () => {});
  let said = "";
  let prompts = 0;
  raw.stderr.on("data", (bytes: Buffer) => {
    said += bytes.toString("latin1");
    while (said.includes(sudo.prompt)) {
      said = said.replace(sudo.prompt, "");
      prompts++;
      if (prompts === 1) raw.stdin.write(Buffer.concat([sudo.password, Buffer.from("\n")]));
      else raw.stdin.end(); // refused: sudo would ask again, but only a person may answer
    }
    said = said.slice(-8192);
  });
  const [stdout, end] = await Promise.all([text(raw.stdout), raw.ended]);
  // sudo echoes nothing of what it reads; its prompt was taken out above.
  tell({ exit: end.code, signal: end.signal, stdout, stderr: said });
  if (end.lost) throw failure(options, connectionLost("sudo", options.node));
  return { ok: stdout.includes(`${token} 0`), wrong: prompts > 1, said };
}

/** Opens a command and tells of it; one that cannot be opened has ended too. */
async function openTold(options: PrivilegeOptions, argv: string[], record_key: string) {
  const text = quoteArgv(argv);
  const shell_line = options.shell_prefix.length === 0 ? text : quoteArgv([...options.shell_prefix, text]);
  const command = { text, shell_line, host: options.node, user: options.user, root: record_key !== "privileges" };
  const tell = options.onCommand?.({ ...command, record_key }) ?? (() => {});
  try {
    return { raw: await options.open(argv), tell };
  } catch (error) {
    tell({ exit: null, signal: null, stdout: "", stderr: "" });
    throw error;
  }
}

function withoutRoot(options: PrivilegeOptions, user: string, reason: string): FoundPrivileges {
  if (options.sudo === true) {
    throw failure(options, {
      code: "sudo-refused",
      message: `${user} gets no root on ${options.node}: ${reason}.`,
      hint: "Connect as root, add the account to sudoers (bpfdesk runs /bin/sh by it), or go on without root.",
    });
  }
  return { kind: "none", user, asRoot: null, sudo: null, terminal: false, reason, wipe: () => {} };
}

/** What sudo's refusal means; its own words when they are not known. */
function sudoSays(said: string): string {
  if (/must have a tty/.test(said)) return "sudo wants a terminal (requiretty)";
  if (/password is required/.test(said)) return "sudo needs a password";
  if (/not in the sudoers|may not run|not allowed/.test(said)) return "sudoers does not allow it";
  const line = said.trim().split("\n", 1)[0]?.slice(0, 200);
  return line === undefined || line === "" ? "sudo refused without a reason" : `sudo says: ${line}`;
}

function failure(options: PrivilegeOptions, error: ErrorData): BpfdeskError {
  return new BpfdeskError({ ...error, phase: "privileges", node: options.node });
}

/** The end of a stream: what a login profile floods it with comes before the answer. */
async function text(stream: Readable): Promise<string> {
  let all = "";
  for await (const bytes of stream) {
    all += (bytes as Buffer).toString("utf8");
    if (all.length > 2 * KEPT) all = all.slice(-KEPT);
  }
  return all;
}
