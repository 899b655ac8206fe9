/** Opens the TCP connection to a node and explains why it could not. */
import * as net from "node:net";
import type { Steps } from "./steps.ts";

const MEANING: Record<string, [what: string, hint: string]> = {
  ENOTFOUND: ["its name is not known", "Check the spelling, the VPN, and HostName in ~/.ssh/config."],
  EAI_AGAIN: ["its name could not be looked up", "The name service does not answer; check the network and the VPN."],
  ECONNREFUSED: ["nothing listens on that port", "Check the port; sshd may be down or listen elsewhere."],
  EHOSTUNREACH: ["there is no route to it", "Check the address, the network and the VPN."],
  ENETUNREACH: ["there is no route to its network", "Check the network and the VPN."],
  ETIMEDOUT: ["it does not answer", "Check the address, and that no firewall drops the packets."],
  ECONNRESET: ["it reset the connection", "A firewall or a limit on the node may refuse this address."],
};

/** Rejects with `connect-failed`, or as soon as the phase's time is over or the signal comes. */
export async function dial(host: string, port: number, steps: Steps): Promise<net.Socket> {
  const socket = net.connect({ host, port, noDelay: true });
  const connected = new Promise<net.Socket>((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      const first = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;
      const [what, hint] = MEANING[first.code ?? ""] ?? ["the connection failed", "Try ssh in a terminal."];
      reject(
        steps.error({
          code: "connect-failed",
          message: `${steps.node} cannot be reached at ${host} port ${port}: ${what}.`,
          hint,
          cause: first.message,
        }),
      );
    });
  });
  try {
    return await steps.during(connected);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
