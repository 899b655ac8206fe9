/**
 * What the live transports share: commands as root or not, uploads, the line to paste. Subclasses
 * only know how to start a process (`open`) and how their connection ends.
 */
import { createHash, randomBytes } from "node:crypto";
import { BpfdeskError } from "../../core/errors.ts";
import type { Privileges } from "../../core/journal/events.ts";
import { type RawProcess, superviseExecution } from "./execution.ts";
import { guardArgv } from "./guard.ts";
import type { FoundPrivileges } from "./privileges.ts";
import { quoteArgv } from "./quote.ts";
import { Renewals } from "./renewals.ts";
import { onTerminal } from "./root/told.ts";
import { newTag, randomId } from "./tag.ts";
import { firstText } from "./text.ts";
import type { ExecRequest, Execution, NodeTransport } from "./types.ts";

/** The guard on the node stops a command this much later than the host would. */
const GUARD_GRACE_S = 15;
const UPLOAD_TIMEOUT_MS = 120_000;
/** Characters of an upload's answer that are looked at. */
const ANSWER = 4096;
/** So long after the node last heard of us nothing of a command runs there any more. */
const LEASE_S = 15;
/** Of that this much at most is for stopping: TERM, then KILL, and a busy node. */
const STOPPING_S = 2;
/** The node hears of us so many times before it stops a command. */
const RENEWALS = 3;

/** noclobber opens with O_EXCL: a file or link that was there first is refused, and left alone. */
const UPLOAD = `umask 077; set -C
exec 4> "$1" || exit 1
cat >&4 || { r=$?; rm -f "$1"; exit $r; }
exec 4>&-
chmod "$2" "$1" && sha256sum < "$1"`;

/** What a person types in front of a command to be root. */
const TYPED: Record<Privileges, string[]> = {
  root: [],
  none: [],
  sudo: ["sudo", "-n", "--"],
  sudo_password: ["sudo", "--"],
  sudo_terminal: ["sudo", "--"],
  sudo_some: [],
  doas: ["doas", "--"],
};

/** A person who pastes the line is asked there, and that takes a terminal. */
const MAY_ASK: ReadonlySet<Privileges> = new Set(["sudo_password", "sudo_terminal", "doas"]);

export interface OpenOptions {
  signal: AbortSignal | undefined;
  /** May use what is kept free for stopping things. */
  cleanup: boolean;
  /** On a terminal of its own; its stderr comes with its stdout then. */
  terminal: boolean;
}

/** What all commands of a connection have in common. */
export interface Keeping {
  /** Whose they are; one of an installation nobody knows when absent. */
  tag?: string | undefined;
  /** How long a command goes on at most when the node hears nothing of us; 15 s when absent. */
  lease_s?: number | undefined;
}

export abstract class LiveTransport implements NodeTransport {
  abstract readonly kind: "ssh" | "local";
  protected closed = false;
  private lostListener: ((error: Error) => void) | null = null;
  private lost: Error | null = null;

  readonly host: string;
  readonly user: string;
  readonly tag: string;
  private readonly found: FoundPrivileges;
  /** The guard stops a command when it hears nothing for so long. */
  private readonly silence_s: number;
  private readonly renewals: Renewals;

  constructor(host: string, user: string, found: FoundPrivileges, keeping: Keeping = {}) {
    this.host = host;
    this.user = user;
    this.found = found;
    this.tag = keeping.tag ?? newTag(randomId());
    const lease_s = keeping.lease_s ?? LEASE_S;
    this.silence_s = Math.ceil(lease_s - Math.min(STOPPING_S, lease_s / 3));
    this.renewals = new Renewals((this.silence_s * 1000) / RENEWALS);
  }

  get privileges(): Privileges {
    return this.found.kind;
  }

  /** Why there is no root, for a person; empty otherwise. */
  get rootRefused(): string {
    return this.found.reason;
  }

  get sudoers(): string | undefined {
    return this.found.sudoers;
  }

  /** With `sudo_some`: what sudo runs as root, by name, with absolute paths. */
  get rootTools(): Readonly<Record<string, string>> | undefined {
    return this.found.tools;
  }

  /** Starts a process as the login user. */
  protected abstract open(argv: string[], options: OpenOptions): Promise<RawProcess>;
  protected abstract shellPrefix(): string[];
  protected abstract end(): Promise<void>;

  async exec(request: ExecRequest): Promise<Execution> {
    const [program = ""] = request.argv;
    const tool = this.toolArgv(request);
    if (this.closed || this.lost !== null) throw notConnected(this.host);
    const token = `bpfdesk-${randomBytes(12).toString("hex")}`;
    const guarded = guardArgv(tool ?? request.argv, {
      token,
      tag: this.tag,
      stdin_bytes: request.stdin === undefined ? null : Buffer.byteLength(request.stdin),
      limit_s: request.timeout_ms / 1000 + GUARD_GRACE_S,
      lease_s: this.silence_s,
    });
    const argv = request.root && tool === null ? this.rootArgv(guarded, token) : guarded;
    const raw = await this.open(argv, {
      signal: request.signal,
      cleanup: request.cleanup === true,
      terminal: request.root && this.found.terminal,
    });
    const execution = superviseExecution(request.root ? this.found.receive(raw) : raw, {
      node: this.host,
      token,
      stdin: request.stdin,
      timeout_ms: request.timeout_ms,
      signal: request.signal,
      dialogue: request.root ? this.found.dialogue : null,
      program,
    });
    this.renewals.keep(execution);
    return execution;
  }

  async upload(bytes: Uint8Array, path: string, mode: number, signal?: AbortSignal): Promise<void> {
    const execution = await this.exec({
      argv: ["/bin/sh", "-c", UPLOAD, "sh", path, mode.toString(8)],
      root: this.found.asRoot !== null,
      stdin: bytes,
      timeout_ms: UPLOAD_TIMEOUT_MS,
      record_key: `upload:${path}`,
      ...(signal === undefined ? {} : { signal }),
    });
    const [stdout, stderr, exit] = await Promise.all([
      firstText(execution.stdout, ANSWER),
      firstText(execution.stderr, ANSWER),
      execution.exited,
    ]);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    if (exit.code === 0 && stdout.startsWith(sha256)) return;
    throw new BpfdeskError({
      code: "upload-failed",
      message:
        exit.code === 0
          ? `${path} on ${this.host} is not what was sent.`
          : `${path} could not be written on ${this.host}.`,
      hint: "Check the free space and the mount options of that folder.",
      node: this.host,
      cause: (exit.code === 0 ? `sha256 there: ${stdout.slice(0, 64)}` : stderr.trim()).slice(0, 1000),
    });
  }

  shellLine(request: Pick<ExecRequest, "argv" | "root">): string {
    const { kind } = this.found;
    const become = request.root ? TYPED[kind] : [];
    const command = quoteArgv(this.toolArgv(request) ?? [...become, ...request.argv]);
    const asks = request.root && MAY_ASK.has(kind);
    const prefix = asks ? onTerminal(this.shellPrefix()) : this.shellPrefix();
    return prefix.length === 0 ? command : quoteArgv([...prefix, command]);
  }

  forgetSecrets(): void {
    this.found.wipe();
  }

  onLost(listener: (error: Error) => void): void {
    this.lostListener = listener;
    if (this.lost !== null && !this.closed) listener(this.lost);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.end();
    this.found.wipe();
  }

  /** To be called by a subclass whose connection went away; `why` in the words of whoever noticed, or empty. */
  protected connectionLost(why: string): void {
    this.found.wipe();
    if (this.closed || this.lost !== null) return;
    this.lost = new BpfdeskError({
      code: "connection-lost",
      message: `The connection to ${this.host} was lost.`,
      hint: "Check the network and connect again; what ran on the node was stopped there.",
      node: this.host,
      ...(why === "" ? {} : { cause: why }),
    });
    this.lostListener?.(this.lost);
  }

  /** With `sudo_some` the tools that sudo allows are called by it, as the user otherwise. */
  private toolArgv({ argv, root }: Pick<ExecRequest, "argv" | "root">): string[] | null {
    const [program = "", ...args] = argv;
    const path = root ? this.found.tools?.[program] : undefined;
    return path === undefined ? null : ["sudo", "-n", "--", path, ...args];
  }

  private rootArgv(argv: string[], token: string): string[] {
    const { asRoot, kind } = this.found;
    if (asRoot !== null && kind === "root") return asRoot(argv);
    // What gives root carries the tag as well: it may wait for a password when the line is lost.
    if (asRoot !== null) return ["env", `BPFDESK_TAG=${this.tag}`, `BPFDESK_RUN=${token}`, ...asRoot(argv)];
    throw new BpfdeskError({
      code: "no-root",
      message: `Root is needed on ${this.host}, but ${this.user} has none: ${this.found.reason}.`,
      hint: "Connect as root or as a user with sudo.",
      node: this.host,
    });
  }
}

function notConnected(node: string): BpfdeskError {
  return new BpfdeskError({
    code: "connection-closed",
    message: `There is no connection to ${node} any more.`,
    hint: "Connect again.",
    node,
  });
}
