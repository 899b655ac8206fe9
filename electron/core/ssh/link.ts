/** How a connection to a node is made, for a person to see: which program makes it, over which hosts, how strong it is. */

export interface LinkInfo {
  /** `ssh2`: bpfdesk's own connection. `openssh`: the system's ssh program. */
  backend: "ssh2" | "openssh";
  /** Why this one, in words. */
  why: string;
  /** The hosts logged in to, in order; the last is the node. */
  hops: LinkHop[];
}

export interface LinkHop {
  /** `user@host:port`. */
  host: string;
  /** The server's version line; null when not known. */
  server: string | null;
  /** As negotiated, by their SSH names; null when not known. */
  kex: string | null;
  host_key: string | null;
  cipher: string | null;
  mac: string | null;
  compression: string | null;
  /** How the login succeeded, in order: `publickey ED25519 SHA256:…`, `password`. */
  auth: string[];
  /** What is weak about it; empty when nothing is. */
  weak: { what: string; why: string }[];
}
