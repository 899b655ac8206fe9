/**
 * All keys that may log in, in the order they are offered: those of the running ssh-agent and those in
 * files. ssh2 is given each as an agent of its own.
 *
 * A file's private part is opened only when the server has accepted the public one, so a passphrase is
 * asked for only when it is of use, and once. Security keys and user certificates cannot be used by
 * ssh2; they are named, so that a refusal does not look like a mystery.
 */
import ssh2, { BaseAgent, type ParsedKey, type SignCallback, type SigningRequestOptions } from "ssh2";
import { BpfdeskError } from "../../core/errors.ts";
import { callAgent } from "./agent-client.ts";
import { type KeyFile, readKeyFile } from "./key-file.ts";
import { fingerprint } from "./known-hosts.ts";
import type { Signer } from "./signing.ts";
import type { Steps } from "./steps.ts";
import { keyTypeOf } from "./wire.ts";

export interface KeySource {
  agent: string | null;
  /** Given for this connection: tried first, and it must exist. */
  identity_file: string | null;
  identity_files: string[];
  identities_only: boolean;
  certificate_files: string[];
}

export interface Identity {
  /** Where it is from, for messages: `agent` or the file. */
  from: string;
  /** The public key as it goes over the wire. */
  blob: Buffer;
  /** `hash` for RSA only. */
  sign(data: Buffer, hash: SigningRequestOptions["hash"], steps: Steps): Promise<Buffer>;
  /** Locks it again, when it was unlocked with a passphrase. */
  lock?(): void;
}

const { parseKey } = ssh2.utils;
const MAX_PASSPHRASES = 3;
const AGENT_LIMIT_MS = 5000;

/** `ssh-ed25519 SHA256:…`. */
export function labelOf(identity: Identity): string {
  return `${keyTypeOf(identity.blob)} ${fingerprint(identity.blob.toString("base64"))}`;
}

/** `ED25519 SHA256:…`, as ssh-keygen names them. */
export function shortLabelOf(identity: Identity): string {
  const type = keyTypeOf(identity.blob);
  const short = type.startsWith("ecdsa-") ? "ECDSA" : type.replace(/^ssh-/, "").toUpperCase();
  return `${short} ${fingerprint(identity.blob.toString("base64"))}`;
}

/** Loads public parts only. Rejects with `identity-file` when the given file cannot be used at all. */
export async function loadKeys(source: KeySource, steps: Steps): Promise<KeyRing> {
  const notes: string[] = [];
  const given = source.identity_file;
  const fromFiles: Identity[] = [];
  /** Public keys without a private part: they only say which of the agent's keys to take. */
  const named: Buffer[] = [];
  for (const file of new Set(given === null ? source.identity_files : [given, ...source.identity_files])) {
    const found = await readKeyFile(file);
    if (found.state === "public") named.push(found.blob);
    if (found.state === "private") {
      const identity = await fromFile(file, found, file === given ? steps : null);
      if (identity === null)
        notes.push(`${file}: encrypted, and its public part is missing (ssh-keygen -y -f ${file})`);
      else fromFiles.push(identity);
    } else if (found.state !== "public" && file === given) {
      throw identityFile(steps, file, found.state === "missing" ? "no such file" : found.why);
    } else if (found.state === "unusable") notes.push(`${file}: ${found.why}`);
  }
  for (const file of source.certificate_files) notes.push(`${file}: user certificates are not supported`);

  const fromAgent = source.agent === null ? [] : await loadAgent(source.agent, notes);
  const configured = (one: Identity) =>
    fromFiles.some((file) => file.blob.equals(one.blob)) || named.some((blob) => blob.equals(one.blob));
  // As OpenSSH: keys that were named come first, so that the server's limit of tries is not used up.
  const ordered = [
    ...fromFiles.filter((one) => one.from === given),
    ...fromAgent.filter(configured),
    ...(source.identities_only ? [] : fromAgent.filter((one) => !configured(one))),
    ...fromFiles,
  ];
  const unique: Identity[] = [];
  for (const one of ordered) {
    if (unique.some((other) => other.blob.equals(one.blob))) continue;
    unique.push(fromAgent.find((other) => other.blob.equals(one.blob)) ?? one);
  }
  return new KeyRing(unique, notes, steps);
}

export class KeyRing {
  readonly identities: readonly Identity[];
  /** What could not be offered and why. */
  readonly notes: string[];
  private readonly steps: Steps;

  constructor(identities: Identity[], notes: string[], steps: Steps) {
    this.identities = identities;
    this.notes = notes;
    this.steps = steps;
  }

  /** The same keys, unlocked as far as they are, for another login with steps of its own. */
  for(steps: Steps): KeyRing {
    return new KeyRing([...this.identities], [], steps);
  }

  /** What needed a passphrase needs it again. */
  lock(): void {
    for (const identity of this.identities) identity.lock?.();
  }

  /** The agent ssh2 talks to, with this key alone; `onSigned` tells that the node took it. */
  agentOf(identity: Identity, onSigned: () => void): BaseAgent<ParsedKey> {
    const { steps, notes } = this;
    const key = parseKey(`${keyTypeOf(identity.blob)} ${identity.blob.toString("base64")}`);
    return new (class extends BaseAgent<ParsedKey> {
      getIdentities(done: (error: Error | undefined, keys?: ParsedKey[]) => void): void {
        if (key instanceof Error) {
          notes.push(`${identity.from}: ${keyTypeOf(identity.blob)} keys are not supported`);
          done(undefined, []);
        } else done(undefined, [key]);
      }

      sign(_: ParsedKey, data: Buffer, options: SigningRequestOptions | SignCallback, callback?: SignCallback): void {
        const done = typeof options === "function" ? options : (callback ?? (() => {}));
        const { hash } = typeof options === "function" ? {} : options;
        steps.detail(`the node takes ${identity.from} (${keyTypeOf(identity.blob)})`);
        identity.sign(data, hash, steps).then(
          (signature) => {
            onSigned();
            done(undefined, signature);
          },
          (error: Error) => {
            notes.push(`${identity.from}: ${error.message}`);
            done(error);
          },
        );
      }
    })();
  }
}

async function loadAgent(socket: string, notes: string[]): Promise<Identity[]> {
  const { agent, hangUp } = callAgent(socket);
  return new Promise((resolve) => {
    const silent = setTimeout(() => {
      notes.push(`agent: no answer within ${AGENT_LIMIT_MS / 1000} s`);
      resolve([]);
      hangUp();
    }, AGENT_LIMIT_MS);
    agent.getIdentities((error, keys) => {
      clearTimeout(silent);
      if (error) notes.push(`agent: ${error.message}`);
      const identities = (keys ?? []).flatMap((key): Identity[] => {
        // The declared type knows a form that OpenSSH's agent never gives.
        const one = parseKey(key as ParsedKey);
        if (one instanceof Error) {
          notes.push("agent: a key of a kind that is not supported");
          return [];
        }
        // The agent may ask its owner first (ssh-add -c).
        const sign: Identity["sign"] = (data, hash, steps) => {
          const asked = callAgent(socket);
          steps.over.addEventListener("abort", asked.hangUp, { once: true });
          const signature = new Promise<Buffer>((signed, failed) => {
            asked.agent.sign(one, data, hash === undefined ? {} : { hash }, (problem, signature) => {
              if (problem) failed(problem);
              else if (signature === undefined) failed(new Error("the agent gave no signature"));
              else signed(Buffer.isBuffer(signature) ? signature : Buffer.from(signature));
            });
          });
          return steps.patiently(signature);
        };
        return [{ from: "agent", blob: one.getPublicSSH(), sign }];
      });
      resolve(identities);
    });
  });
}

/** `asking` opens a file at once whose public part cannot be known otherwise; null when there is no such person. */
async function fromFile(
  file: string,
  found: Extract<KeyFile, { state: "private" }>,
  asking: Steps | null,
): Promise<Identity | null> {
  let signer: Signer | null = null;
  let opening: Promise<Signer> | null = null;
  if (found.blob === null) {
    if (asking === null) return null;
    signer = await unlock(file, found, asking).catch((error: Error) => {
      throw error instanceof BpfdeskError ? error : identityFile(asking, file, error.message);
    });
  }
  const blob = found.blob ?? signer?.blob;
  if (blob === undefined) return null;
  return {
    from: file,
    blob,
    async sign(data, hash, steps) {
      if (signer !== null) return signer.sign(data, hash);
      opening ??= unlock(file, found, steps).finally(() => {
        opening = null;
      });
      signer = await opening;
      return signer.sign(data, hash);
    },
    lock() {
      if (found.encrypted) signer = null;
    },
  };
}

async function unlock(file: string, found: Extract<KeyFile, { state: "private" }>, steps: Steps): Promise<Signer> {
  if (!found.encrypted) {
    const signer = await found.unlock("");
    if (signer === null) throw new Error("damaged");
    return signer;
  }
  for (let attempt = 1; attempt <= MAX_PASSPHRASES; attempt++) {
    const answer = await steps.ask({ kind: "passphrase", file, attempt });
    if (!answer.accept) throw new Error("no passphrase given");
    const signer = await found.unlock(answer.values[0] ?? "");
    if (signer !== null) return signer;
  }
  throw new Error(`wrong passphrase, ${MAX_PASSPHRASES} times`);
}

function identityFile(steps: Steps, file: string, why: string): Error {
  return steps.error({
    code: "identity-file",
    message: `The key file ${file} for ${steps.node} cannot be used: ${why}.`,
    hint: "Choose a private key that OpenSSH, ssh-keygen or PuTTY made.",
  });
}
