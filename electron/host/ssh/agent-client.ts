/** ssh2's client of an ssh-agent, whose connection can be ended: an agent that never answers must keep nothing open. */
import type { Duplex } from "node:stream";
import ssh2, { type BaseAgent, createAgent } from "ssh2";

const { OpenSSHAgent } = ssh2; // not among the names Node finds in a CommonJS module

export interface AgentCall {
  agent: BaseAgent;
  /** Ends its connections; what was asked of it fails then. */
  hangUp(): void;
}

/** For one request; another one needs another of these. */
export function callAgent(socket: string): AgentCall {
  const agent = createAgent(socket);
  // Pageant and Cygwin's agent have ways of their own.
  if (!(agent instanceof OpenSSHAgent)) return { agent, hangUp() {} };
  const call = new EndableAgent(socket);
  return { agent: call, hangUp: () => call.hangUp() };
}

class EndableAgent extends OpenSSHAgent {
  private stream: Duplex | null = null;
  private over = false;

  override getStream(done: (error: Error | null | undefined, stream?: Duplex) => void): void {
    super.getStream((error, stream) => {
      this.stream = stream ?? null;
      if (this.over) this.stream?.destroy();
      done(error, stream);
    });
  }

  hangUp(): void {
    this.over = true;
    this.stream?.destroy();
  }
}
