/** Asks an ssh-agent which types of keys it holds, certificates and security keys included, which ssh2 drops. */
import * as net from "node:net";
import { keyTypeOf, Reader } from "./wire.ts";

/** draft-ietf-sshm-ssh-agent: SSH_AGENTC_REQUEST_IDENTITIES and SSH_AGENT_IDENTITIES_ANSWER. */
const REQUEST = Buffer.from([0, 0, 0, 1, 11]);
const ANSWER = 12;
const MAX_ANSWER = 256 << 10;
const LIMIT_MS = 3000;

/** Types such as `ssh-ed25519-cert-v01@openssh.com`; null when no agent answers. */
export async function agentKeyTypes(socket: string, signal: AbortSignal): Promise<string[] | null> {
  const answer = await ask(socket, signal);
  return answer === null ? null : keyTypesIn(answer);
}

/** Of the body of an answer. */
export function keyTypesIn(body: Buffer): string[] | null {
  try {
    if (body.readUInt8(0) !== ANSWER) return null;
    const types: string[] = [];
    const fields = new Reader(body, 1);
    for (let left = fields.uint32(); left > 0; left--) {
      types.push(keyTypeOf(fields.string()));
      fields.string(); // the comment
    }
    return types;
  } catch {
    return null; // shorter than it says
  }
}

function ask(socket: string, signal: AbortSignal): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const agent = net.connect(socket);
    const done = (answer: Buffer | null) => {
      agent.destroy();
      signal.removeEventListener("abort", onAbort);
      resolve(answer);
    };
    const onAbort = () => done(null);
    signal.addEventListener("abort", onAbort, { once: true });
    let all = Buffer.alloc(0);
    agent.setTimeout(LIMIT_MS, () => done(null));
    agent.on("error", () => done(null));
    agent.on("close", () => done(null));
    agent.on("connect", () => agent.write(REQUEST));
    agent.on("data", (bytes: Buffer) => {
      all = Buffer.concat([all, bytes]);
      if (all.length < 4) return;
      const length = all.readUInt32BE(0);
      if (length > MAX_ANSWER) done(null);
      else if (all.length >= 4 + length) done(all.subarray(4, 4 + length));
    });
  });
}
