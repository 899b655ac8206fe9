/**
 * Secrets a person chose to keep for a while: in this process's memory, by what they belong to, each with
 * an end. Overwritten when it comes, on forgetting, and all at once on lock, suspend and quit.
 *
 * Only what is kept here as bytes can be overwritten. The text a page sent and the text a library wants
 * are JavaScript strings, which live until the garbage collector takes them; see docs/design/0005.
 */
import { type PowerWipe, type SecretKey, secretId } from "../../shared/parent.ts";
import { type Keychain, noKeychain } from "./keychain.ts";

export type WipeReason = PowerWipe | "quit" | "asked";

export interface SecretStore {
  /** The desktop's keychain, where secrets outlive this process. */
  readonly keychain: Keychain;
  /** A copy, which the caller overwrites after use; null when there is none or its time is over. */
  get(key: SecretKey): Buffer | null;
  /** Keeps a copy until `ttl_s` from now; nothing when that is 0. The caller overwrites its own. */
  put(key: SecretKey, secret: Uint8Array): void;
  forget(key: SecretKey): void;
  /** Overwrites everything, then tells the listeners. The keychain is not touched. */
  wipe(reason: WipeReason): void;
  /** Told of every wipe, so that secrets in use are overwritten too. Returns how to stop being told. */
  onWipe(listener: (reason: WipeReason) => void): () => void;
  /** What is kept and until when, epoch ms; never values. */
  kept(): { key: SecretKey; until: number }[];
  /** How long a secret is kept, in seconds; 0: no longer than the connection it was given for. */
  ttl_s(): number;
  /** What is kept already ends no later than it would with the new time. */
  setTtl(ttl_s: number): void;
  /** A saved secret that may have been refused is not used again until a person has given it anew. */
  doubt(key: SecretKey, doubtful: boolean): void;
  isDoubted(key: SecretKey): boolean;
}

export interface SecretStoreOptions {
  /** 15 minutes by default. */
  ttl_s?: number;
  keychain?: Keychain;
  /** Epoch ms. */
  now?: () => number;
}

interface Entry {
  key: SecretKey;
  bytes: Buffer;
  until: number;
  timer: NodeJS.Timeout;
}

const DEFAULT_TTL_S = 15 * 60;
const NO_DESKTOP = "Only the desktop app reaches the desktop's keychain.";

export function createSecretStore(options: SecretStoreOptions = {}): SecretStore {
  const { keychain = noKeychain(NO_DESKTOP), now = Date.now } = options;
  const entries = new Map<string, Entry>();
  const doubted = new Set<string>();
  const listeners = new Set<(reason: WipeReason) => void>();
  let ttl = options.ttl_s ?? DEFAULT_TTL_S;

  function drop(id: string): void {
    const entry = entries.get(id);
    if (!entry) return;
    clearTimeout(entry.timer);
    entry.bytes.fill(0);
    entries.delete(id);
  }

  /** The timer runs by a clock that may stand still in suspend; the time of day is looked at as well. */
  function current(id: string): Entry | null {
    const entry = entries.get(id);
    if (entry && entry.until <= now()) drop(id);
    return entries.get(id) ?? null;
  }

  function hold(id: string, key: SecretKey, bytes: Buffer, ms: number): void {
    const timer = setTimeout(() => drop(id), ms);
    timer.unref();
    entries.set(id, { key, bytes, until: now() + ms, timer });
  }

  return {
    keychain,
    get(key) {
      const entry = current(secretId(key));
      return entry ? ownCopy(entry.bytes) : null;
    },
    put(key, secret) {
      const id = secretId(key);
      drop(id);
      if (ttl > 0) hold(id, key, ownCopy(secret), ttl * 1000);
    },
    forget: (key) => drop(secretId(key)),
    wipe(reason) {
      for (const id of [...entries.keys()]) drop(id);
      for (const listener of [...listeners]) listener(reason);
    },
    onWipe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    kept: () =>
      [...entries.keys()]
        .map(current)
        .filter((entry) => entry !== null)
        .map(({ key, until }) => ({ key, until })),
    ttl_s: () => ttl,
    setTtl(ttl_s) {
      ttl = ttl_s;
      for (const id of [...entries.keys()]) {
        const entry = current(id);
        if (!entry || entry.until <= now() + ttl_s * 1000) continue;
        if (ttl_s === 0) drop(id);
        else {
          clearTimeout(entry.timer);
          hold(id, entry.key, entry.bytes, ttl_s * 1000);
        }
      }
    },
    doubt(key, doubtful) {
      if (doubtful) doubted.add(secretId(key));
      else doubted.delete(secretId(key));
    },
    isDoubted: (key) => doubted.has(secretId(key)),
  };
}

/** Bytes of its own, not a part of the pool that Node cuts small buffers from. */
export function ownCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.alloc(bytes.length);
  copy.set(bytes);
  return copy;
}
