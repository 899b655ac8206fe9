/**
 * Decides whether to trust the key a server shows: known_hosts first, then a person.
 *
 * ssh2 asks again at every key exchange of a connection and before the signature is checked, so the
 * answer is remembered for the connection, and known_hosts is written by `remember`, which the
 * caller calls after the handshake only.
 */
import type { BpfdeskError, ChangedHostKey } from "../../core/errors.ts";
import { checkHostKey, fingerprint, type HostKeyState, type KnownHost, matchesName } from "./known-hosts.ts";
import { appendKnownHost } from "./known-hosts-file.ts";
import type { ResolvedHost } from "./resolve.ts";
import type { Steps } from "./steps.ts";
import { hostWithPort } from "./target.ts";
import { keyTypeOf } from "./wire.ts";

export class HostKeyCheck {
  private accepted: string | null = null;
  /** What an earlier connection to the host trusted; not asked about again. */
  private readonly before: string | null;
  private toWrite: { key_type: string; key: string } | null = null;
  private readonly names: string[];

  private readonly resolved: ResolvedHost;
  private readonly entries: KnownHost[];
  private readonly steps: Steps;

  constructor(resolved: ResolvedHost, entries: KnownHost[], steps: Steps, before: string | null = null) {
    this.before = before;
    this.resolved = resolved;
    this.entries = entries;
    this.steps = steps;
    const { host_key_alias, hostname, port } = resolved;
    const names = host_key_alias === null ? [hostWithPort(hostname, port), hostname] : [host_key_alias];
    this.names = [...new Set(names)];
  }

  /** Types of the keys that are known for the host: to be offered first, so that a known host looks known. */
  knownTypes(): string[] {
    const own = this.entries.filter((entry) => entry.marker === "" && this.names.some((n) => matchesName(entry, n)));
    const types = own.map((entry) => entry.key_type);
    return [...new Set(this.before === null ? types : [keyTypeOf(Buffer.from(this.before, "base64"))])];
  }

  /** Base64 of the key that was trusted; empty before one was. */
  trusted(): string {
    return this.accepted ?? "";
  }

  /** Is this the key that was trusted earlier on this connection? */
  accepts(blob: Buffer): boolean {
    return this.accepted !== null && blob.toString("base64") === this.accepted;
  }

  /** Resolves when the key is trusted; rejects with a BpfdeskError when it is not. */
  async verify(blob: Buffer): Promise<void> {
    const key = blob.toString("base64");
    const key_type = keyTypeOf(blob);
    const shown = `${key_type} ${fingerprint(key)}`;
    if (this.accepted !== null) {
      throw this.steps.error({
        code: "host-key-changed",
        message: `${this.steps.node} showed another host key in the middle of the connection: ${shown}.`,
        hint: "Do not go on: something stands between this machine and the node.",
      });
    }
    const state = checkHostKey(this.entries, this.names, key_type, key);
    if (state.state === "new" && this.before !== null) {
      if (key !== this.before) throw this.anotherThanBefore(shown);
      this.steps.detail(`${shown}, trusted before`);
    } else if (state.state === "known") this.steps.detail(`${shown}, known (${place(state.entry)})`);
    else if (state.state === "new") await this.decideNew(state, key_type, key);
    else throw this.refused(state, key_type, key);
    this.accepted = key;
  }

  /** What speaks against a key that OpenSSH has refused, or null. Asks nobody. */
  judge(blob: Buffer): BpfdeskError | null {
    const key = blob.toString("base64");
    const key_type = keyTypeOf(blob);
    const state = checkHostKey(this.entries, this.names, key_type, key);
    if (state.state === "changed" || state.state === "revoked") return this.refused(state, key_type, key);
    if (state.state !== "new" || state.known_types.length === 0) return null;
    return this.anotherType(state.known_types, key_type, key);
  }

  /** Writes a newly accepted key to the first user file. A failure is told, not fatal: the key was accepted. */
  async remember(): Promise<void> {
    const [file] = this.resolved.user_known_hosts;
    const [name = ""] = this.names;
    if (this.toWrite === null || file === undefined) return;
    const { key_type, key } = this.toWrite;
    this.toWrite = null;
    try {
      await appendKnownHost(file, name, key_type, key, { hash: this.resolved.hash_known_hosts });
      this.steps.detail(`host key written to ${file}`);
    } catch (error) {
      this.steps.detail(`the host key could not be written to ${file}: ${String(error)}`);
    }
  }

  private async decideNew(
    state: Extract<HostKeyState, { state: "new" }>,
    key_type: string,
    key: string,
  ): Promise<void> {
    const mode = this.resolved.strict_host_key_checking;
    const shown = `${key_type} ${fingerprint(key)}`;
    const note = state.certificate_authority
      ? "; its certificate authority is known, but certificates are not used"
      : "";
    if (mode === "yes") {
      throw this.steps.error({
        code: "host-key-unknown",
        message: `The host key of ${this.steps.node} is not known (${shown}), and StrictHostKeyChecking is yes${note}.`,
        hint: "Compare the fingerprint with the node's own and add the key to known_hosts.",
      });
    }
    if (mode === "ask") {
      this.steps.detail(`${shown}, not known${note}`);
      const answer = await this.steps.ask({
        kind: "host_key_new",
        host: this.resolved.hostname,
        port: this.resolved.port,
        key_type,
        fingerprint: fingerprint(key),
        known_types: state.known_types,
      });
      const expected = answer.values[0]?.trim() ?? "";
      if (!answer.accept) {
        throw this.steps.error({
          code: "host-key-rejected",
          message: `The host key of ${this.steps.node} was not accepted (${shown}).`,
          hint: "Compare it with the output of ssh-keygen -lf on the node.",
        });
      }
      if (expected !== "" && expected.replace(/=+$/, "") !== fingerprint(key)) {
        throw this.steps.error({
          code: "host-key-mismatch",
          message: `${this.steps.node} showed ${shown}, but ${expected.slice(0, 100)} was expected.`,
          hint: "Do not go on: this is not the node you meant, or something stands between.",
        });
      }
    } else {
      // As ssh: without a person to ask, a host that is known shows no key of another type.
      if (state.known_types.length > 0) throw this.anotherType(state.known_types, key_type, key);
      const treated = mode === "no" ? " (treated as accept-new: a changed key is refused)" : "";
      this.steps.detail(`${shown}, new, accepted because StrictHostKeyChecking is ${mode}${treated}${note}`);
    }
    this.toWrite = { key_type, key };
  }

  private anotherType(known_types: string[], key_type: string, key: string): BpfdeskError {
    const [name = ""] = this.names;
    return this.steps.error({
      code: "host-key-changed",
      message:
        `${this.steps.node} showed a key of a type it is not known by: ${key_type} ${fingerprint(key)}; ` +
        `known is ${known_types.join(", ")}. ssh takes that for a changed key.`,
      hint: "Someone may be listening in, or the node has a new key. When you know it has, replace what is known.",
      host_key: this.changed(name, key_type, key),
    });
  }

  private anotherThanBefore(shown: string): BpfdeskError {
    return this.steps.error({
      code: "host-key-changed",
      message: `${this.steps.node} showed another host key than on the connection that stands: ${shown}.`,
      hint: "Several machines may answer at that address, or something stands between.",
    });
  }

  private refused(
    state: Extract<HostKeyState, { state: "changed" | "revoked" }>,
    key_type: string,
    key: string,
  ): BpfdeskError {
    const { entry } = state;
    const [name = ""] = this.names;
    if (state.state === "revoked") {
      return this.steps.error({
        code: "host-key-revoked",
        message: `${this.steps.node} showed a key that is marked as revoked in ${place(entry)}: ${key_type} ${fingerprint(key)}.`,
        hint: "Do not go on. Ask whoever revoked the key for the node's new one.",
      });
    }
    return this.steps.error({
      code: "host-key-changed",
      message:
        `The host key of ${this.steps.node} has changed: known is ${key_type} ${fingerprint(entry.key)} ` +
        `(${place(entry)}), it showed ${fingerprint(key)}.`,
      hint:
        "Someone may be listening in, or the node was installed anew. When you know it was, remove the old key: " +
        `ssh-keygen -f "${entry.file}" -R "${name}"`,
      host_key: this.changed(name, key_type, key),
    });
  }

  /** Every key the host is known by, so that a person can judge, and replace what is out of date. */
  private changed(name: string, key_type: string, key: string): ChangedHostKey {
    const known = this.entries
      .filter((entry) => entry.marker === "" && matchesName(entry, name))
      .map((entry) => ({
        file: entry.file,
        line: entry.line,
        key_type: entry.key_type,
        fingerprint: fingerprint(entry.key),
        ...(this.resolved.user_known_hosts.includes(entry.file) ? {} : { global: true }),
      }));
    return { name, key_type, fingerprint: fingerprint(key), key, known };
  }
}

function place(entry: KnownHost): string {
  return `${entry.file}:${entry.line}`;
}
