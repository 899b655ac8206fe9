/**
 * A node over the system's ssh. Commands share the login's connection, at most so many at a time; everything
 * about guarding, root and streams is shared with the other live transports.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { BpfdeskError } from "../../../core/errors.ts";
import type { LinkInfo } from "../../../core/ssh/link.ts";
import { cancelled, type RawProcess } from "../../transport/execution.ts";
import { LiveTransport, type OpenOptions } from "../../transport/live.ts";
import type { FoundPrivileges } from "../../transport/privileges.ts";
import { quoteArgv } from "../../transport/quote.ts";
import { SessionPool } from "../sessions.ts";
import type { Login } from "./login.ts";
import { openSession, SessionRefused } from "./session.ts";

export interface OpenSshOptions {
  ssh: string;
  /** `user@host:port`. */
  host: string;
  user: string;
  /** The node's, then those of the hops before it, the last one first. */
  logins: [Login, ...Login[]];
  sharing: boolean;
  privileges: FoundPrivileges;
  /** `ssh -p 2222 user@host`, as one would type it. */
  ssh_argv: string[];
  link: LinkInfo;
}

/** As for ssh2: a login shell gets the command as one argument, and Linux allows 128 KiB for one. */
const MAX_COMMAND = 128 * 1024 - 64;
const REFUSALS = 5;
const REFUSED_PAUSE_MS = 100;

export class OpenSshTransport extends LiveTransport {
  readonly kind = "ssh";
  readonly link: LinkInfo;
  private readonly pool = new SessionPool();

  private readonly options: OpenSshOptions;

  constructor(options: OpenSshOptions) {
    super(options.host, options.user, options.privileges);
    this.options = options;
    this.link = options.link;
    void options.logins[0].ended.then(async (words) => {
      this.connectionLost(
        new BpfdeskError({
          code: "connection-lost",
          message: `The connection to ${options.host} was lost.`,
          hint: "Check the network and connect again; what ran on the node was stopped there.",
          node: options.host,
          ...(words === "" ? {} : { cause: words }),
        }),
      );
      await endAll(options.logins);
    });
  }

  protected async open(argv: string[], { signal, cleanup, terminal }: OpenOptions): Promise<RawProcess> {
    const { ssh, sharing, logins } = this.options;
    const command = quoteArgv(argv);
    if (Buffer.byteLength(command) > MAX_COMMAND) {
      throw new BpfdeskError({
        code: "command-too-long",
        message: `A command for ${this.host} is longer than a shell takes (128 KiB).`,
        hint: "Send its text by stdin.",
        node: this.host,
      });
    }
    const [login] = logins;
    const session = { ssh, login, host: login.how.resolved.hostname, sharing, command, terminal };
    for (let refused = 0; ; ) {
      const release = await this.pool.acquire(signal, cleanup).catch(() => {
        throw new BpfdeskError(cancelled("A waiting command", this.host));
      });
      const others = this.pool.running - 1;
      try {
        const raw = await openSession(session, signal);
        void raw.ended.then(release);
        return raw;
      } catch (error) {
        release();
        if (signal?.aborted) throw new BpfdeskError(cancelled("A starting command", this.host));
        if (!(error instanceof SessionRefused)) throw this.notStarted(error);
        // The server allows fewer sessions than we use (MaxSessions): wait for one of ours to end.
        if (others > 0) this.pool.refusedAt(others);
        // It frees the place of a session a moment after that has ended for us.
        else if (++refused > REFUSALS) throw this.notStarted(error);
        else await this.pause(REFUSED_PAUSE_MS * refused, signal);
      }
    }
  }

  private async pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    await sleep(ms, undefined, signal ? { signal } : {}).catch(() => {
      throw new BpfdeskError(cancelled("A waiting command", this.host));
    });
  }

  private notStarted(error: unknown): BpfdeskError {
    return new BpfdeskError({
      code: "exec-failed",
      message: `${this.host} did not start a session for the command.`,
      hint: "Its sshd may allow none (MaxSessions 0) or only a forced command.",
      node: this.host,
      cause: error instanceof Error ? error.message : String(error),
    });
  }

  protected shellPrefix(): string[] {
    return this.options.ssh_argv;
  }

  protected async end(): Promise<void> {
    await endAll(this.options.logins);
  }
}

/** The node's first, then the hops': each may say farewell over the one before it. */
export async function endAll(logins: readonly Login[]): Promise<void> {
  for (const login of logins) await login.end();
}
