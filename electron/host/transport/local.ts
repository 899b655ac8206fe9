/**
 * This machine as a node: the same guard and the same sudo as over SSH, without the line between.
 * No shell is involved in starting a command.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as os from "node:os";
import { BpfdeskError, type Phase } from "../../core/errors.ts";
import type { Prompt } from "../../core/journal/events.ts";
import type { PromptAnswer } from "../../shared/contract.ts";
import { cancelled, type RawProcess } from "./execution.ts";
import { LiveTransport } from "./live.ts";
import { type FoundPrivileges, findPrivileges, type OnCommand } from "./privileges.ts";
import type { NodeTransport } from "./types.ts";

export interface ConnectLocalOptions {
  onPhase(phase: Phase, detail: string): void;
  ask(prompt: Prompt): Promise<PromptAnswer>;
  signal: AbortSignal;
  /** As in `connectSsh`: true = root or an error, false = never ask, undefined = ask when needed. */
  sudo?: boolean;
  /** Told of what is run before the transport exists. */
  onCommand?: OnCommand;
  /** `$BPFDESK_TAG` of every command. */
  tag?: string;
}

/** Whether this machine can be a node, and why not. */
export function localAvailable(): { available: boolean; reason: string } {
  if (process.platform === "linux") return { available: true, reason: "" };
  return { available: false, reason: "eBPF programs of this kind exist on Linux only; connect to a node over SSH." };
}

/** Opens this machine. Rejects with `not-linux`, `cancelled`, `sudo-refused` or `sudo-password-wrong`. */
export async function connectLocal(options: ConnectLocalOptions): Promise<NodeTransport> {
  const { available, reason } = localAvailable();
  if (!available) {
    throw new BpfdeskError({
      code: "not-linux",
      message: "This machine is not a Linux node.",
      hint: reason,
      phase: "resolving",
      node: "local",
    });
  }
  options.onPhase("privileges", `as ${os.userInfo().username}`);
  const children = new Set<RawProcess>();
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      for (const child of children) child.abandon();
      reject(new BpfdeskError({ ...cancelled("Opening this machine", "local"), phase: "privileges" }));
    };
  });
  options.signal.addEventListener("abort", onAbort, { once: true });
  if (options.signal.aborted) onAbort();
  const search = findPrivileges({
    open: (argv) => openChild(argv, children),
    ask: options.ask,
    node: "local",
    sudo: options.sudo,
    user: os.userInfo().username,
    shell_prefix: [],
    onDetail: (detail) => options.onPhase("privileges", detail),
    onCommand: options.onCommand,
  });
  try {
    return new LocalTransport(await Promise.race([aborted, search]), children, options.tag);
  } finally {
    search.catch(() => {}); // loses the race against a cancel
    options.signal.removeEventListener("abort", onAbort);
  }
}

class LocalTransport extends LiveTransport {
  readonly kind = "local";

  private readonly children: Set<RawProcess>;

  constructor(found: FoundPrivileges, children: Set<RawProcess>, tag: string | undefined) {
    super("local", found.user, found, { tag });
    this.children = children;
  }

  protected open(argv: string[]): Promise<RawProcess> {
    return openChild(argv, this.children);
  }

  protected shellPrefix(): string[] {
    return [];
  }

  protected async end(): Promise<void> {
    for (const child of this.children) child.stdin.end();
    await Promise.all([...this.children].map((child) => child.ended));
  }
}

async function openChild(argv: readonly string[], children: Set<RawProcess>): Promise<RawProcess> {
  const [command = "", ...args] = argv;
  // `detached` gives it a session of its own, as sshd does: a Ctrl-C in a terminal is not for it.
  const child = spawn(command, args, { stdio: "pipe", detached: true, env: commandEnvironment() });
  const ended = new Promise<{ code: number | null; signal: string | null; lost: boolean }>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, lost: false }));
  });
  await Promise.race([
    once(child, "spawn"),
    once(child, "error").then(([error]) => {
      throw new BpfdeskError({
        code: "exec-failed",
        message: `This machine could not start ${command}.`,
        hint: "A POSIX shell and its usual tools are needed.",
        node: "local",
        cause: String(error),
      });
    }),
  ]);
  const raw: RawProcess = {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended,
    // The whole group, as sshd does: the guard's first shell waits for the others.
    terminate: () => signalGroup(child.pid, "SIGTERM"),
    abandon: () => {
      child.kill("SIGKILL");
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    },
  };
  children.add(raw);
  void ended.then(() => children.delete(raw));
  return raw;
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It ended meanwhile, or is root's: the end of its input reaches it.
  }
}

/** Only what commands need: the rest of this process's environment is nobody's business. */
function commandEnvironment(): NodeJS.ProcessEnv {
  const { PATH = "/usr/local/bin:/usr/bin:/bin", HOME, USER, LOGNAME, KUBECONFIG } = process.env;
  const chosen = { PATH, HOME, USER, LOGNAME, KUBECONFIG };
  return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
}
