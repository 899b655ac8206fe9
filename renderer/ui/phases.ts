/** The steps of a connection as a person reads them. */
import type { Phase } from "../../electron/core/errors.ts";

export const PHASE_NAMES: Record<Phase, string> = {
  resolving: "Resolving",
  connecting: "Connecting",
  host_key: "Host key",
  authenticating: "Authenticating",
  privileges: "Privileges",
  collecting: "Collecting",
  ready: "Ready",
  closing: "Closing",
};

/** The steps that lead to a picture, in order. */
export const STEPS: readonly Phase[] = [
  "resolving",
  "connecting",
  "host_key",
  "authenticating",
  "privileges",
  "collecting",
];
