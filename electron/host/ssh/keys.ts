/**
 * All keys that may log in, as one agent for ssh2: those of the running ssh-agent and those in files.
 *
 * A file's private part is read only when the server has accepted the public one, so a passphrase is
 * asked for only when it is of use. Security keys and user certificates cannot be used by ssh2; they
 * are named, so that a refusal does not look like a mystery.
 */
import * as fs from "node:fs/promises";
import ssh2, { BaseAgent, createAgent, type ParsedKey, type SignCallback, type SigningRequestOptions } from "ssh2";
import { fingerprint } from "./known-hosts.ts";
import type { Steps } from "./steps.ts";

export interface KeySource {
  agent: string | null;
  /** Given for this connection: tried first, and it must exist. */
  identity_file: string | null;
  identity_files: string[];
  identities_only: boolean;
  certificate_files: string[];
}

const { parseKey } = ssh2.utils; // not among the names Node finds in a CommonJS module

interface Identity {
  /** Where it is from, for messages: `agent` or the file. */
  from: string;
  key: ParsedKey;
  sign(data: Buffer, options: SigningRequestOptions): Promise<Buffer>;
}

const MAX_PASSPHRASES = 3;
const MAX_KEY_FILE = 64 << 10;

/** Loads public parts only. Rejects with `identity-file` when the given file cannot be used at all. */
export async function loadKeys(source: KeySource, steps: Steps): Promise<KeyRing> {
  const notes: string[] = [];
  const files =
    source.identity_file === null ? source.identity_files : [source.identity_file, ...source.identity_files];
  const fromFiles: Identity[] = [];
  for (const file of new Set(files)) {
    const loaded = await loadFile(file, steps);
    if (loaded === null) continue;
    if (typeof loaded !== "string") fromFiles.push(loaded);
    else if (file !== source.identity_file) notes.push(`${file}: ${loaded}`);
    else throw identityFile(steps, file, loaded);
  }
  const given = source.identity_file;
  if (given !== null && !fromFiles.some((one) => one.from === given)) throw identityFile(steps, given, "no such file");
  for (const file of source.certificate_files) notes.push(`${file}: user certificates are not supported`);

  const fromAgent = source.agent === null ? [] : await loadAgent(source.agent, notes);
  const configured = (one: Identity) => fromFiles.some((file) => sameKey(file, one));
  // As OpenSSH: keys that were named come first, so that the server's limit of tries is not used up.
  const first = fromFiles.filter((one) => one.from === given);
  const ordered = [
    ...first,
    ...fromAgent.filter(configured),
    ...(source.identities_only ? [] : fromAgent.filter((one) => !configured(one))),
    ...fromFiles,
  ];
  const unique: Identity[] = [];
  for (const one of ordered) {
    const agentsOwn = fromAgent.find((other) => sameKey(other, one));
    if (!unique.some((other) => sameKey(other, one))) unique.push(agentsOwn ?? one);
  }
  return new KeyRing(unique, notes, steps);
}

/** The agent ssh2 talks to. */
export class KeyRing extends BaseAgent<ParsedKey> {
  private readonly identities: Identity[];
  /** What could not be offered and why. */
  readonly notes: string[];
  private readonly steps: Steps;

  constructor(identities: Identity[], notes: string[], steps: Steps) {
    super();
    this.identities = identities;
    this.notes = notes;
    this.steps = steps;
  }

  /** What is offered, in order, e.g. `agent (ssh-ed25519 SHA256:…)`. */
  get offered(): string[] {
    return this.identities.map((one) => `${one.from} (${one.key.type} ${keyFingerprint(one.key)})`);
  }

  getIdentities(done: (error: Error | undefined, keys?: ParsedKey[]) => void): void {
    done(
      undefined,
      this.identities.map((one) => one.key),
    );
  }

  sign(key: ParsedKey, data: Buffer, options: SigningRequestOptions | SignCallback, callback?: SignCallback): void {
    const done = typeof options === "function" ? options : (callback ?? (() => {}));
    const request = typeof options === "function" ? {} : options;
    const identity = this.identities.find((one) => one.key.getPublicSSH().equals(key.getPublicSSH()));
    if (identity === undefined) {
      done(new Error("unknown key"));
      return;
    }
    this.steps.detail(`the node takes ${identity.from} (${identity.key.type})`);
    identity.sign(data, request).then(
      (signature) => done(undefined, signature),
      (error: Error) => {
        this.notes.push(`${identity.from}: ${error.message}`);
        done(error);
      },
    );
  }
}

async function loadAgent(socket: string, notes: string[]): Promise<Identity[]> {
  const agent = createAgent(socket);
  return new Promise((resolve) => {
    agent.getIdentities((error, keys) => {
      if (error) notes.push(`agent: ${error.message}`);
      const parsed = (keys ?? []).flatMap((key) => {
        // The declared type knows a form that OpenSSH's agent never gives.
        const one = parseKey(key as ParsedKey);
        return one instanceof Error ? [] : [one];
      });
      resolve(
        parsed.map((key) => ({
          from: "agent",
          key,
          sign: (data, options) =>
            new Promise((signed, failed) => {
              agent.sign(key, data, options, (problem, signature) => {
                if (problem) failed(problem);
                else if (signature === undefined) failed(new Error("the agent gave no signature"));
                else signed(Buffer.isBuffer(signature) ? signature : Buffer.from(signature));
              });
            }),
        })),
      );
    });
  });
}

/** The identity in a file; null when there is no such file; why it cannot be used otherwise. */
async function loadFile(file: string, steps: Steps): Promise<Identity | string | null> {
  let text: string;
  try {
    const stat = await fs.stat(file);
    if (!stat.isFile() || stat.size > MAX_KEY_FILE) return "not a key file";
    text = await fs.readFile(file, "utf8");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? null : String(error);
  }
  const open = parseKey(text);
  if (!(open instanceof Error) && open.isPrivateKey()) {
    return { from: file, key: open, sign: async (data, options) => signWith(open, data, options) };
  }
  const publicText = openSshPublicPart(text) ?? (await fs.readFile(`${file}.pub`, "utf8").catch(() => null));
  const type = publicText?.split(" ", 1)[0] ?? "";
  if (/^sk-/.test(type)) return "security keys (FIDO) are not supported";
  const key = publicText === null ? null : parseKey(publicText);
  if (key === null || key instanceof Error) {
    const encrypted = /ENCRYPTED/.test(text);
    return encrypted ? `encrypted, and its public part is missing (ssh-keygen -y -f ${file})` : "not a private key";
  }
  let unlocked: ParsedKey | null = null;
  return {
    from: file,
    key,
    async sign(data, options) {
      unlocked ??= await unlock(file, text, steps);
      return signWith(unlocked, data, options);
    },
  };
}

async function unlock(file: string, text: string, steps: Steps): Promise<ParsedKey> {
  for (let attempt = 1; attempt <= MAX_PASSPHRASES; attempt++) {
    const answer = await steps.ask({ kind: "passphrase", file, attempt });
    if (!answer.accept) throw new Error("no passphrase given");
    const key = parseKey(text, answer.values[0] ?? "");
    if (!(key instanceof Error)) return key;
  }
  throw new Error(`wrong passphrase, ${MAX_PASSPHRASES} times`);
}

function signWith(key: ParsedKey, data: Buffer, options: SigningRequestOptions): Buffer {
  const signature: Buffer | Error = key.sign(data, options.hash);
  if (signature instanceof Error) throw signature;
  return signature;
}

/** `type base64` out of an openssh-key-v1 file, whose public part is never encrypted. */
function openSshPublicPart(text: string): string | null {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)-----END/.exec(text)?.[1];
  if (body === undefined) return null;
  const bytes = Buffer.from(body, "base64");
  if (bytes.toString("latin1", 0, 15) !== "openssh-key-v1\0") return null;
  try {
    let at = 15;
    const next = () => {
      const length = bytes.readUInt32BE(at);
      const piece = bytes.subarray(at + 4, at + 4 + length);
      at += 4 + length;
      return piece;
    };
    for (let skip = 0; skip < 3; skip++) next(); // cipher, kdf, kdf options
    at += 4; // number of keys, always one
    const blob = next();
    const type = blob.toString("latin1", 4, 4 + blob.readUInt32BE(0));
    return `${type} ${blob.toString("base64")}`;
  } catch {
    return null;
  }
}

function identityFile(steps: Steps, file: string, why: string): Error {
  return steps.error({
    code: "identity-file",
    message: `The key file ${file} for ${steps.node} cannot be used: ${why}.`,
    hint: "Choose a private key that OpenSSH or ssh-keygen made.",
  });
}

function sameKey(a: Identity, b: Identity): boolean {
  return a.key.getPublicSSH().equals(b.key.getPublicSSH());
}

function keyFingerprint(key: ParsedKey): string {
  return fingerprint(key.getPublicSSH().toString("base64"));
}
