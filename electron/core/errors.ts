/**
 * Errors as data: what failed, on which node, at which step, what to do.
 * They cross the RPC boundary and the journal as they are; `cause` never holds a secret.
 */

/** Steps of a connection, in order; also the step an error names. */
export const PHASES = [
  "resolving",
  "connecting",
  "host_key",
  "authenticating",
  "privileges",
  "collecting",
  "ready",
  "closing",
] as const;
export type Phase = (typeof PHASES)[number];

export interface ErrorData {
  /** Stable id, e.g. `host-key-changed`, `auth-failed`, `sudo-refused`, `section-timeout`, `cancelled`. */
  code: string;
  /** What happened, naming the node. One sentence. */
  message: string;
  /** What to try next; empty only when there is nothing to try. */
  hint: string;
  phase?: Phase;
  node?: string;
  /** Technical detail of the failure below, already free of secrets. */
  cause?: string;
  /** With `host-key-changed`: what replacing the known key needs. Public keys only. */
  host_key?: ChangedHostKey;
}

/** A host that showed another key than the one it is known by. */
export interface ChangedHostKey {
  /** As it stands in known_hosts: `host` or `[host]:port`. */
  name: string;
  key_type: string;
  fingerprint: string;
  /** The new key, base64. */
  key: string;
  /** `global`: in a file of the whole machine, not of the user. */
  known: { file: string; line: number; key_type: string; fingerprint: string; global?: boolean }[];
}

/** The one error class that leaves host code. */
export class BpfdeskError extends Error {
  readonly data: ErrorData;
  constructor(data: ErrorData) {
    super(data.message);
    this.name = "BpfdeskError";
    this.data = data;
  }
}
