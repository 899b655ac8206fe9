/** Turns what ssh2 says of a connection that did not come about into an error with its phase and what to try. */
import { BpfdeskError } from "../../core/errors.ts";
import type { Authentication } from "./auth.ts";
import type { Handshake } from "./handshake.ts";
import type { Steps } from "./steps.ts";

/** When the node hangs up late, or while a person is being asked. */
export const GRACE =
  "The time it gives a login (LoginGraceTime, two minutes or less) may be over, or the line was cut; connect again.";

interface Circumstances {
  steps: Steps;
  authentication: Authentication;
  handshake: Handshake;
}

export function explainLogin(
  error: Error & { level?: string },
  { steps, authentication, handshake }: Circumstances,
): Error {
  if (error instanceof BpfdeskError) return error;
  const cause = error.message;
  if (steps.current === "authenticating") {
    // After its limit of tries OpenSSH says so and hangs up.
    if (error.level === "client-authentication" || /authentication failures/i.test(cause)) {
      return authentication.refused(cause);
    }
    return steps.error({
      code: "connect-failed",
      message: `${steps.node} ended the connection while logging in.`,
      hint: steps.loginIsOver
        ? GRACE
        : "Its log tells why (journalctl -u ssh). A limit of tries or of time may be over.",
      cause,
    });
  }
  if (/no matching/i.test(cause)) {
    const offer = handshake.lastOffer;
    return steps.error({
      code: "no-common-algorithm",
      message: `${steps.node} and bpfdesk have no algorithm in common${offer === null ? "" : ` (${offer.what})`}.`,
      hint: "The node allows only what is very old or very new; the system's ssh may know it.",
      cause: offer === null ? cause : `${cause}; it offers ${offer.offered}`,
    });
  }
  if (steps.current === "host_key" && steps.loginIsOver) {
    return steps.error({
      code: "connect-failed",
      message: `${steps.node} ended the connection before its host key was accepted.`,
      hint: GRACE,
      cause,
    });
  }
  if (handshake.spokeSsh) {
    return steps.error({
      code: "not-ssh",
      message: `${steps.node} ended the connection while keys were exchanged.`,
      hint: "The line was cut, or the node refuses this address or has too many logins at once (MaxStartups).",
      cause,
    });
  }
  return steps.error({
    code: "not-ssh",
    message: `${steps.node} took the connection but did not speak SSH with us.`,
    hint: "Check the port: another service may listen there, or the line was cut.",
    cause,
  });
}
