/**
 * A node over one SSH connection. Commands are sessions of it, at most so many at a time; everything
 * about guarding, root and streams is shared with the local transport.
 */
import { once } from "node:events";
import type { ClientChannel, PseudoTtyOptions } from "ssh2";
import { BpfdeskError } from "../../core/errors.ts";
import type { LinkInfo } from "../../core/ssh/link.ts";
import { connectionLost, type RawProcess } from "../transport/execution.ts";
import { type Keeping, LiveTransport, type OpenOptions } from "../transport/live.ts";
import type { FoundPrivileges } from "../transport/privileges.ts";
import { quoteArgv } from "../transport/quote.ts";
import type { Queue } from "../transport/types.ts";
import type { Connection } from "./client.ts";
import { SessionPool } from "./sessions.ts";
import { Spare } from "./spare.ts";
import { checkLength, startInTurn } from "./start.ts";

export interface SshTransportOptions extends Keeping {
  /** `user@host:port`. */
  host: string;
  user: string;
  /** The node's, then those of the hops before it, the last one first. */
  connections: Connection[];
  privileges: FoundPrivileges;
  /** `ssh -p 2222 user@host`, as one would type it. */
  ssh_argv: string[];
  /** How the connection is made, for a person to see. */
  link?: LinkInfo;
  /** Makes another connection over the same hops without asking anybody; rejects when that takes a person. */
  another?: (signal: AbortSignal) => Promise<Connection[]>;
  /** Locks the keys that were unlocked with a passphrase. */
  lockKeys?: () => void;
}

const CLOSE_TIMEOUT_MS = 2000;

export class SshTransport extends LiveTransport {
  readonly kind = "ssh";
  readonly link?: LinkInfo;
  private readonly pool: SessionPool<Connection>;
  private readonly spare: Spare<Connection> | null;

  private readonly options: SshTransportOptions;

  constructor(options: SshTransportOptions) {
    super(options.host, options.user, options.privileges, options);
    this.options = options;
    if (options.link !== undefined) this.link = options.link;
    const [connection] = options.connections;
    if (connection === undefined) throw new Error("no connection");
    this.pool = new SessionPool(connection);
    this.spare = options.another === undefined ? null : this.spareBy(options.another);
    const { client } = connection;
    let reason = "";
    client.on("error", (error: Error) => {
      reason = error.message;
    });
    client.on("close", () => {
      for (const hop of options.connections) hop.client.end();
      void this.spare?.end();
      this.connectionLost(reason);
    });
  }

  protected async open(argv: string[], { signal, cleanup, terminal }: OpenOptions): Promise<RawProcess> {
    const command = quoteArgv(argv);
    checkLength(command, this.host);
    return startInTurn(this.pool, {
      node: this.host,
      signal,
      cleanup,
      open: ({ connection, release }) => openSession(connection, command, this.host, release, terminal),
      isRefusal: (error) => error instanceof Error && /channel open failure/i.test(error.message),
    });
  }

  onQueue(listener: (queue: Queue) => void): void {
    this.pool.onQueue(listener);
  }

  override forgetSecrets(): void {
    super.forgetSecrets();
    this.options.lockKeys?.();
  }

  protected shellPrefix(): string[] {
    return this.options.ssh_argv;
  }

  protected async end(): Promise<void> {
    await Promise.all([this.spare?.end(), closeAll(this.options.connections)]);
  }

  private spareBy(another: (signal: AbortSignal) => Promise<Connection[]>): Spare<Connection> {
    return new Spare({
      pool: this.pool,
      another,
      onGone: ({ client }, gone) => void client.once("close", gone),
      close: closeAll,
    });
  }
}

/** Of ssh2's channel, not in its types: `open`, then `eof`, then `closed`. */
interface ChannelState {
  incoming: { state: string };
}

/** Nothing is echoed, translated, or taken for a signal (RFC 4254, section 8). */
const RAW_TERMINAL: PseudoTtyOptions = {
  rows: 24,
  cols: 80,
  term: "dumb",
  modes: {
    ISIG: 0,
    ICANON: 0,
    ECHO: 0,
    IEXTEN: 0,
    OPOST: 0,
    ONLCR: 0,
    ICRNL: 0,
    INLCR: 0,
    IGNCR: 0,
    ISTRIP: 0,
    IXON: 0,
    IXOFF: 0,
    IXANY: 0,
    CS8: 1,
  },
};

/** Starts a command as a session of its own. `release` is called when the session is closed. */
export async function openSession(
  connection: Connection,
  command: string,
  node: string,
  release: () => void = () => {},
  terminal = false,
): Promise<RawProcess> {
  const { client, stream } = connection;
  let exit: { code: number | null; signal: string | null } | null = null;
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    // ssh2 forgets the callback when the connection is lost before the answer.
    const onClose = () => reject(new BpfdeskError(connectionLost("a command", node)));
    client.once("close", onClose);
    try {
      client.exec(command, terminal ? { pty: RAW_TERMINAL } : {}, (error, opened) => {
        client.removeListener("close", onClose);
        if (error) return reject(error);
        // Here and not after the wait: a command can have ended in the very bytes that told of its start.
        opened.on("exit", (code: number | null, signal?: string) => {
          exit = { code, signal: signal ?? null };
        });
        resolve(opened);
      });
    } catch {
      onClose(); // not connected any more
    }
  });
  // The exit code overtakes output that still waits on the node for its window: only the channel's own
  // end says that everything came. In front of ssh2's listener, which marks every channel as ended.
  let cut = false;
  const onLost = () => {
    cut = (channel as unknown as ChannelState).incoming.state === "open";
  };
  stream.prependListener("close", onLost);
  let giveUp = () => {};
  const ended = new Promise<{ code: number | null; signal: string | null; lost: boolean }>((resolve) => {
    giveUp = () => resolve({ code: null, signal: null, lost: true });
    channel.on("close", () => {
      stream.removeListener("close", onLost);
      release();
      resolve({ ...(exit ?? { code: null, signal: null }), lost: cut || exit === null });
    });
  });
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    // Channels do not wait for the line; whoever has much to say must.
    room: async () => {
      if (stream.writableNeedDrain) await Promise.race([once(stream, "drain").catch(() => {}), ended]);
    },
    ended,
    terminate: () => channel.signal("TERM"),
    abandon: () => {
      channel.close();
      channel.resume();
      channel.stderr.resume();
      // On a line where nothing moves the node's own close never comes.
      giveUp();
    },
  };
}

/** Ends connections in order (the node's, then the hops') and waits until they are closed. */
async function closeAll(connections: Connection[]): Promise<void> {
  for (const { client, stream } of connections) {
    const closed = once(client, "close", { signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) }).catch(() => {
      // It does not answer. ssh2's own destroy does nothing after end().
      stream.destroy();
    });
    client.end();
    await closed;
  }
}
