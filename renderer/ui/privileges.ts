/** Who one is on a node and how root was reached there, as a person reads it. */
import type { Privileges } from "../../electron/core/journal/events.ts";

/** A whole statement, e.g. for a tooltip. */
export const ROOT_BY: Record<Privileges, string> = {
  root: "logged in as root",
  sudo: "root by sudo, without a password",
  sudo_password: "root by sudo, with the password you gave",
  sudo_terminal: "root by sudo on a terminal of its own (requiretty)",
  sudo_some: "not root; sudo allows some tools",
  doas: "root by doas",
  none: "not root",
};

/** Two or three words for a bar. */
export const ROOT_SHORT: Record<Privileges, string> = {
  root: "root",
  sudo: "root by sudo",
  sudo_password: "root by sudo",
  sudo_terminal: "root by sudo",
  sudo_some: "some tools as root",
  doas: "root by doas",
  none: "not root",
};

/** `user@host`; over SSH the host's name says the user already. */
export function userAtHost({ user, host }: { user: string; host: string }): string {
  return host.startsWith(`${user}@`) ? host : `${user}@${host}`;
}
