/**
 * What a server said while the connection was made: its version, what was agreed on, what it offers.
 * ssh2 tells part of it by its `debug` lines only.
 */
import type { NegotiatedAlgorithms } from "ssh2";
import { weakOf } from "../../core/ssh/algorithms.ts";
import type { LinkHop } from "../../core/ssh/link.ts";

const MAX_TEXT = 1000;

export class Handshake {
  negotiated: NegotiatedAlgorithms | null = null;
  private strict = false;
  private server: string | null = null;
  private readonly offers = new Map<string, string>();
  private last = "";

  /** Takes one debug line. Returns the ways to log in when it names those that are left. */
  read(line: string): string[] | null {
    if (this.negotiated === null) {
      const ident = /^Remote ident: (['"`])(.*)\1$/s.exec(line);
      if (ident !== null) this.server = (ident[2] ?? "").slice(0, 255);
      if (line === "Handshake: strict KEX mode enabled") this.strict = true;
      const offer = /^Handshake: \(remote\) ([^:]+): (.*)$/s.exec(line);
      if (offer !== null) {
        this.last = offer[1] ?? "";
        this.offers.set(this.last, (offer[2] ?? "").slice(0, MAX_TEXT));
      }
      return null;
    }
    const failure = /^Inbound: Received USERAUTH_FAILURE \((.*)\)$/s.exec(line);
    return failure === null ? null : (failure[1] ?? "").split(",").filter((way) => way !== "");
  }

  /** What was compared last and what the server offers of it, e.g. `KEX method`. */
  get lastOffer(): { what: string; offered: string } | null {
    return this.last === "" ? null : { what: this.last, offered: this.offers.get(this.last) ?? "" };
  }

  get spokeSsh(): boolean {
    return this.server !== null;
  }

  /** `auth`: how the login succeeded, in order. */
  hop(host: string, auth: string[]): LinkHop {
    const { kex = null, serverHostKey = null, cs, sc } = this.negotiated ?? {};
    const both = (one: string | undefined, other: string | undefined) =>
      one === undefined || one === "" ? null : one === other || !other ? one : `${one}, ${other}`;
    const names = {
      kex,
      host_key: serverHostKey,
      cipher: both(cs?.cipher, sc?.cipher),
      mac: both(cs?.mac, sc?.mac),
    };
    return {
      host,
      server: this.server,
      ...names,
      compression: both(cs?.compress, sc?.compress),
      auth,
      weak: weakOf({ ...names, strict_kex: this.strict }),
    };
  }
}
