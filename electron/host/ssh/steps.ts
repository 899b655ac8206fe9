/**
 * What every step of a connection needs: the time it may take, the questions it may ask, and how it
 * is cancelled. Time does not run while a person is answering.
 */
import { BpfdeskError, type ErrorData, type Phase } from "../../core/errors.ts";
import type { Prompt } from "../../core/journal/events.ts";
import type { PromptAnswer } from "../../shared/contract.ts";

export interface StepsOptions {
  /** For messages: `user@host:port`. */
  node: string;
  onPhase(phase: Phase, detail: string): void;
  ask(prompt: Prompt): Promise<PromptAnswer>;
  signal: AbortSignal;
  /** The node that is meant, when these are the steps of a hop before it. */
  on_the_way_to?: string;
}

/** OpenSSH's LoginGraceTime unless the server was told otherwise, which it does not tell. */
const LOGIN_GRACE_MS = 120_000;

export class Steps {
  readonly signal: AbortSignal;
  private phase: Phase = "resolving";
  private timer: NodeJS.Timeout | null = null;
  private limit_ms = 0;
  private asking = 0;
  private login_ends_ms: number | null = null;
  private readonly ended = new AbortController();
  private failWith: (error: BpfdeskError) => void = () => {};
  /** Rejects when the time of a step is over or the connection is cancelled; never resolves. */
  private readonly failed: Promise<never>;

  private readonly options: StepsOptions;

  constructor(options: StepsOptions) {
    this.options = options;
    this.signal = options.signal;
    this.failed = new Promise<never>((_, reject) => {
      this.failWith = reject;
    });
    this.failed.catch(() => {}); // waited for only while a step runs
    const onAbort = () => this.failWith(this.cancelled());
    if (options.signal.aborted) onAbort();
    options.signal.addEventListener("abort", onAbort, { signal: this.ended.signal });
  }

  get node(): string {
    return this.options.node;
  }

  /** Aborted when the steps have ended: whatever still waits for somebody is given up. */
  get over(): AbortSignal {
    return this.ended.signal;
  }

  get current(): Phase {
    return this.phase;
  }

  /** Begins a phase; its time starts anew. */
  enter(phase: Phase, detail: string, limit_ms: number): void {
    this.phase = phase;
    this.limit_ms = limit_ms;
    this.restart();
    this.options.onPhase(phase, detail);
  }

  /** Something new within the phase, for the person to see. */
  detail(text: string): void {
    this.options.onPhase(this.phase, text);
  }

  /** The other side made progress: the time of this phase starts anew. */
  restart(): void {
    this.stop();
    if (this.asking > 0 || this.limit_ms === 0 || this.ended.signal.aborted) return;
    this.timer = setTimeout(() => {
      this.failWith(
        this.error({
          code: "connect-timeout",
          message: `${this.node} did not answer within ${this.limit_ms / 1000} s while ${DOING[this.phase] ?? this.phase}.`,
          hint: HINTS[this.phase] ?? "Try again.",
        }),
      );
    }, this.limit_ms);
  }

  /** The other side's own clock for logging in starts, and the person is told how long it runs. */
  loginBegins(): void {
    this.login_ends_ms = performance.now() + LOGIN_GRACE_MS;
  }

  /**
   * May the time be over that the server gives a login? When it usually is; and, because hardened servers give
   * less, also while a person is being asked.
   */
  get loginIsOver(): boolean {
    if (this.login_ends_ms === null) return false;
    return this.asking > 0 || performance.now() >= this.login_ends_ms - 1000;
  }

  /** Asks a person. The clock stands still meanwhile. Rejects when cancelled. */
  ask(prompt: Prompt): Promise<PromptAnswer> {
    return this.patiently(this.options.ask({ ...prompt, ...this.circumstances() }));
  }

  /** Waits for what a person has to do. The clock stands still meanwhile. Rejects when cancelled. */
  async patiently<T>(work: Promise<T>): Promise<T> {
    this.asking++;
    this.stop();
    try {
      return await this.during(work);
    } finally {
      this.asking--;
      this.restart();
    }
  }

  /** Waits for `work`, or rejects as soon as the time is over or the connection is cancelled. */
  async during<T>(work: Promise<T>): Promise<T> {
    work.catch(() => {}); // may lose the race and fail later
    return Promise.race([work, this.failed]);
  }

  error(data: ErrorData): BpfdeskError {
    return new BpfdeskError({ ...data, phase: this.phase, node: this.node });
  }

  cancelled(): BpfdeskError {
    const message = `Connecting to ${this.node} was cancelled while ${DOING[this.phase] ?? this.phase}.`;
    return this.error({ code: "cancelled", message, hint: "" });
  }

  /** Ends all timers and listeners; nothing fails any more. */
  end(): void {
    this.ended.abort();
    this.stop();
  }

  private circumstances(): Pick<Prompt, "on_the_way_to" | "expires_s"> {
    const { on_the_way_to } = this.options;
    const loggingIn = this.phase === "host_key" || this.phase === "authenticating";
    const left_ms = loggingIn && this.login_ends_ms !== null ? this.login_ends_ms - performance.now() : null;
    return {
      ...(on_the_way_to === undefined ? {} : { on_the_way_to }),
      ...(left_ms === null ? {} : { expires_s: Math.max(0, Math.floor(left_ms / 1000)) }),
    };
  }

  private stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}

const DOING: Partial<Record<Phase, string>> = {
  resolving: "its configuration was resolved",
  connecting: "connecting",
  host_key: "its host key was checked",
  authenticating: "logging in",
  privileges: "looking for root",
};

const HINTS: Partial<Record<Phase, string>> = {
  connecting: "Check the address, the port, and that no firewall drops the packets.",
  authenticating: "The node may be overloaded or wait for its name service; try again.",
  privileges: "The login shell or sudo hangs; try ssh in a terminal.",
};
