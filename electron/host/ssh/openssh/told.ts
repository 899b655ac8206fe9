/**
 * What `ssh -v` tells of a login, line by line: how far it is, what was agreed on, what was tried. Pure.
 * The server's banner comes between these lines and may look like them, so what was told first stays.
 */
import type { Phase } from "../../../core/errors.ts";
import { weakOf } from "../../../core/ssh/algorithms.ts";
import type { LinkHop } from "../../../core/ssh/link.ts";

type Progress = Extract<Phase, "connecting" | "host_key" | "authenticating" | "ready">;
const ORDER: Progress[] = ["connecting", "host_key", "authenticating", "ready"];

/** Ways that are counted elsewhere: keys one by one, the others by the question. */
const ASKING = ["publickey", "password", "keyboard-interactive"];

const MAX_LINE = 2000;
/** Lines kept for messages. */
const KEPT = 200;

export class Told {
  phase: Progress = "connecting";
  /** The key the server showed. */
  shown: { key_type: string; fingerprint: string } | null = null;
  server: string | null = null;
  /** `publickey`, `password` …: what is being tried. */
  method = "";
  /** Keys offered and ways tried in vain, in words. */
  private readonly vain: string[] = [];
  /** What a person answered last and the server has not judged yet. */
  private pending: string | null = null;
  /** How many keys were offered. */
  keys = 0;
  /** What the server takes. */
  takes: string[] = [];
  private readonly auth: string[] = [];
  private accepted = "";
  private readonly names = new Map<"kex" | "host_key" | "cipher" | "mac" | "compression", string>();
  private strict_kex = false;
  private said: string[] = [];
  private unread: string[] = [];

  /** Takes one line. Returns what is worth showing, or null. */
  read(raw: string): string | null {
    const line = raw.trimEnd().slice(0, MAX_LINE);
    const debug = /^debug\d: (.*)$/.exec(line)?.[1];
    if (debug !== undefined) return this.debug(debug);
    if (this.phase === "authenticating") {
      const success = /^Authenticated (?:to .* )?using "([^"]+)"(?:\.$| with partial success)/.exec(line);
      if (success !== null) {
        this.succeeded(success[1] ?? "");
        return /partial success/.test(line) ? `${success[1]} is not enough, the node wants more` : null;
      }
    }
    if (/^Warning: Permanently added /.test(line)) return line.slice("Warning: ".length);
    if (line !== "" && !line.startsWith("OpenSSH_")) {
      this.said = [...this.said, line].slice(-KEPT);
      this.unread = [...this.unread, line].slice(-KEPT);
    }
    return null;
  }

  /** A person answered; several answers in a row are one try. */
  answered(way: "password" | "keyboard-interactive"): void {
    this.pending = way;
  }

  get tried(): string[] {
    return this.pending === null ? this.vain : [...this.vain, this.pending];
  }

  /** How the login succeeded so far, in order. */
  get took(): readonly string[] {
    return this.auth;
  }

  /** Lines that are no debug lines, oldest first. */
  get words(): readonly string[] {
    return this.said;
  }

  /** Such lines since this was asked last: what a server says before it asks. */
  news(): string {
    const text = this.unread.join("\n");
    this.unread = [];
    return text;
  }

  hop(host: string): LinkHop {
    const name = (of: "kex" | "host_key" | "cipher" | "mac" | "compression") => this.names.get(of) ?? null;
    const negotiated = { kex: name("kex"), host_key: name("host_key"), cipher: name("cipher"), mac: name("mac") };
    // Versions before 9.4 do not tell about strict key exchange unless it is used.
    const weak = weakOf({ ...negotiated, ...(this.strict_kex ? { strict_kex: true } : {}) });
    return { host, server: this.server, ...negotiated, compression: name("compression"), auth: [...this.auth], weak };
  }

  private debug(line: string): string | null {
    const is = (pattern: RegExp) => pattern.exec(line)?.slice(1);
    const version = is(/^Remote protocol version (\S+), remote software version (.*)$/);
    if (version) this.server ??= `SSH-${version[0]}-${version[1]}`.slice(0, 255);
    if (/resetting (send|read) seqnr|strict KEX/.test(line)) this.strict_kex = true;
    this.algorithms(line);
    const key = is(/^Server host (?:key|certificate): (\S+) ([^\s,]+)/);
    if (key && this.shown === null) {
      this.shown = { key_type: key[0] ?? "", fingerprint: key[1] ?? "" };
      this.enter("host_key");
      return `${this.shown.key_type} ${this.shown.fingerprint}`;
    }
    if (/^SSH2_MSG_NEWKEYS received/.test(line) && this.phase === "host_key") this.enter("authenticating");
    if (/^Entering interactive session/.test(line) && this.auth.length > 0) this.enter("ready");
    return this.phase === "authenticating" ? this.authentication(line) : null;
  }

  private algorithms(line: string): void {
    const one = /^kex: (?:algorithm: (\S+)|host key algorithm: (\S+))$/.exec(line);
    if (one?.[1]) this.note("kex", one[1]);
    if (one?.[2]) this.note("host_key", one[2]);
    const way = /^kex: server->client cipher: (\S+) MAC: (\S+) compression: (\S+)/.exec(line);
    if (way === null) return;
    const [, cipher = "", mac = "", compression = ""] = way;
    this.note("cipher", cipher);
    if (mac !== "<implicit>") this.note("mac", mac);
    this.note("compression", compression);
  }

  private authentication(line: string): string | null {
    const is = (pattern: RegExp) => pattern.exec(line)?.[1];
    const takes = is(/^Authentications that can continue: (.*)$/);
    if (takes !== undefined) {
      this.takes = takes.split(",");
      if (this.pending !== null) this.vain.push(this.pending);
      this.pending = null;
    }
    const method = is(/^Next authentication method: (\S+)$/);
    if (method !== undefined) {
      this.method = method;
      if (!ASKING.includes(method)) this.vain.push(method);
      return method === "publickey" ? null : `with ${method}`;
    }
    const offered = is(/^Offering public key: (.*)$/);
    if (offered !== undefined) {
      this.keys++;
      this.vain.push(offered.replace(/^(.*) (\S+ SHA256:\S+).*$/, "$1 ($2)"));
      return `offering ${offered}`;
    }
    const accepted = is(/^Server accepts key: (.*)$/);
    if (accepted !== undefined) this.accepted = /(\S+ SHA256:\S+)/.exec(accepted)?.[1] ?? accepted;
    // Versions before 9.0 name the way here.
    const only = is(/^Authentication succeeded \((\S+)\)/);
    if (only !== undefined) this.succeeded(only);
    return null;
  }

  private succeeded(method: string): void {
    this.pending = null;
    if (method === "publickey") this.vain.pop();
    this.auth.push(method === "publickey" && this.accepted !== "" ? `publickey ${this.accepted}` : method);
  }

  private note(of: "kex" | "host_key" | "cipher" | "mac" | "compression", name: string): void {
    if (!this.names.has(of)) this.names.set(of, name);
  }

  private enter(phase: Progress): void {
    if (ORDER.indexOf(phase) > ORDER.indexOf(this.phase)) this.phase = phase;
  }
}
