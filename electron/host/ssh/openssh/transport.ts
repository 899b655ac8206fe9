/**
 * A node over the system's ssh. Commands share the login's connection, at most so many at a time; everything
 * about guarding, root and streams is shared with the other live transports.
 */
import type { LinkInfo } from "../../../core/ssh/link.ts";
import type { RawProcess } from "../../transport/execution.ts";
import { type Keeping, LiveTransport, type OpenOptions } from "../../transport/live.ts";
import type { FoundPrivileges } from "../../transport/privileges.ts";
import { quoteArgv } from "../../transport/quote.ts";
import type { Queue } from "../../transport/types.ts";
import { SessionPool } from "../sessions.ts";
import { checkLength, startInTurn } from "../start.ts";
import type { Login } from "./login.ts";
import { openSession, SessionRefused } from "./session.ts";

export interface OpenSshOptions extends Keeping {
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

export class OpenSshTransport extends LiveTransport {
  readonly kind = "ssh";
  readonly link: LinkInfo;
  private readonly pool: SessionPool<Login>;

  private readonly options: OpenSshOptions;

  constructor(options: OpenSshOptions) {
    super(options.host, options.user, options.privileges, options);
    this.options = options;
    this.pool = new SessionPool(options.logins[0]);
    this.link = options.link;
    void options.logins[0].ended.then(async (words) => {
      this.connectionLost(words);
      await endAll(options.logins);
    });
  }

  protected async open(argv: string[], { signal, cleanup, terminal }: OpenOptions): Promise<RawProcess> {
    const { ssh, sharing } = this.options;
    const command = quoteArgv(argv);
    checkLength(command, this.host);
    return startInTurn(this.pool, {
      node: this.host,
      signal,
      cleanup,
      open: async ({ connection: login, release }) => {
        const raw = await openSession(
          { ssh, login, host: login.how.resolved.hostname, sharing, command, terminal },
          signal,
        );
        void raw.ended.then(release);
        return raw;
      },
      isRefusal: (error) => error instanceof SessionRefused,
    });
  }

  onQueue(listener: (queue: Queue) => void): void {
    this.pool.onQueue(listener);
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
