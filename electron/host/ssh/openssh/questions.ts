/** What ssh asks through its helper, by OpenSSH's own words (readpass.c, sshconnect.c, sshconnect2.c). Pure. */
import type { RawQuestion } from "./askpass.ts";

export type SshQuestion =
  /** `name`: `host` or `[host]:port`, as known_hosts has it. */
  | { kind: "host_key"; name: string; key_type: string; fingerprint: string }
  | { kind: "passphrase"; file: string }
  | { kind: "password"; user: string; host: string }
  /** The server's own question, without the `(user@host) ` that newer versions put before it; null where it was not there. */
  | { kind: "interactive"; text: string; from: { user: string; host: string } | null }
  /** Wants no answer: "Confirm user presence for key …". */
  | { kind: "notice"; text: string }
  /** Wants yes or no. */
  | { kind: "confirm"; text: string }
  /** Anything else: the PIN of a key or a smart card, a new password. */
  | { kind: "other"; text: string; echo: boolean };

const MAX_TEXT = 4096;

/** `interactive`: the login is at keyboard-interactive, so what is not known is the server's question. */
export function readQuestion({ text, hint }: RawQuestion, interactive: boolean): SshQuestion {
  const shown = text.slice(0, MAX_TEXT);
  if (hint === "none") return { kind: "notice", text: shown };
  if (hint === "confirm") return { kind: "confirm", text: shown };
  const server = /^\(([^()\s]+)@([^()\s]+)\) (.*)$/s.exec(shown);
  if (server !== null) {
    const [, user = "", host = "", asked = ""] = server;
    return { kind: "interactive", text: asked, from: { user, host } };
  }
  const own = /\(yes\/no|^Please type 'yes'|^Enter PIN for |(?:old|new|Retype .*) password: $/.test(shown);
  // Before 8.5 nothing stands before a server's question, and it may look like one of ssh's own, which ask earlier.
  if (interactive && (!own || shown.includes("key fingerprint is"))) {
    return { kind: "interactive", text: shown, from: null };
  }
  const host = /^The authenticity of host '(\S+)(?: \([^)]*\))?' can't be established\.$/m.exec(shown);
  const key = /^(\S+) key fingerprint is (\S+?)\.?$/m.exec(shown);
  if (host !== null && key !== null) {
    return { kind: "host_key", name: host[1] ?? "", key_type: key[1] ?? "", fingerprint: key[2] ?? "" };
  }
  const passphrase = /^Enter passphrase for (?:key )?'?(.*?)'?: $/s.exec(shown);
  if (passphrase !== null) return { kind: "passphrase", file: passphrase[1] ?? "" };
  const password = /^(\S+)@(\S+)'s password: $/.exec(shown);
  if (password !== null) return { kind: "password", user: password[1] ?? "", host: password[2] ?? "" };
  return { kind: "other", text: shown, echo: /\(yes\/no|^Please type 'yes'/.test(shown) };
}
