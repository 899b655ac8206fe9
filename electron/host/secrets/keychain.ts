/**
 * The desktop's keychain as the host sees it: over the port to the app's main process, or not at all.
 *
 * It is a convenience: whatever goes wrong with it, a person is asked instead. Nothing here rejects or
 * waits for ever; a keychain that has to be unlocked first may take as long as a person needs for that.
 */
import type { KeychainAnswers, KeychainAsk, KeychainReply, KeychainRequest, SecretKey } from "../../shared/parent.ts";

export interface Keychain {
  /** `reason`: why it is not there, or what went wrong last; empty otherwise. */
  status(): Promise<KeychainAnswers["status"]>;
  /** The caller overwrites it after use. */
  read(key: SecretKey): Promise<Uint8Array | null>;
  /** False when it could not be saved. */
  save(key: SecretKey, secret: Uint8Array): Promise<boolean>;
  forget(key: SecretKey): Promise<void>;
  list(): Promise<SecretKey[]>;
  wipe(): Promise<void>;
}

export function noKeychain(reason: string): Keychain {
  return {
    status: async () => ({ available: false, reason }),
    read: async () => null,
    save: async () => false,
    forget: async () => {},
    list: async () => [],
    wipe: async () => {},
  };
}

export interface ParentKeychain extends Keychain {
  /** To be called with every reply of the parent. */
  onReply(reply: KeychainReply): void;
}

/** A person may have to unlock the keychain in a dialog of the desktop. */
const ANSWER_MS = 60_000;
/** No question of a node waits for a keychain that only might be of use. */
const STATUS_MS = 2_000;

export function parentKeychain(post: (request: KeychainRequest) => void, answer_ms = ANSWER_MS): ParentKeychain {
  const waiting = new Map<number, (reply: KeychainReply | null) => void>();
  let count = 0;
  let trouble = "";
  const limitOf = ({ verb }: KeychainAsk) => (verb === "status" ? Math.min(STATUS_MS, answer_ms) : answer_ms);

  /** The answer, or null with `trouble` set. */
  async function ask<V extends KeychainAsk["verb"]>(
    request: KeychainAsk & { verb: V },
  ): Promise<{ value: KeychainAnswers[V] } | null> {
    const id = ++count;
    const reply = await new Promise<KeychainReply | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), limitOf(request));
      waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      post({ type: "keychain", id, ask: request });
    });
    waiting.delete(id);
    if (reply && "value" in reply) {
      if (request.verb !== "status") trouble = "";
      return { value: reply.value as KeychainAnswers[V] };
    }
    trouble = reply ? reply.error : `The desktop's keychain did not answer within ${limitOf(request) / 1000} s.`;
    return null;
  }

  return {
    onReply: (reply) => waiting.get(reply.id)?.(reply),
    async status() {
      const found = await ask({ verb: "status" });
      if (!found) return { available: false, reason: trouble };
      return found.value.available ? { available: true, reason: trouble } : found.value;
    },
    read: async (key) => (await ask({ verb: "read", key }))?.value ?? null,
    async save(key, secret) {
      // A copy of its own: bytes that are posted may be a window on a larger buffer.
      const bytes = new Uint8Array(secret);
      const saved = await ask({ verb: "save", key, secret: bytes });
      bytes.fill(0);
      return saved !== null;
    },
    async forget(key) {
      await ask({ verb: "forget", key });
    },
    list: async () => (await ask({ verb: "list" }))?.value ?? [],
    async wipe() {
      await ask({ verb: "wipe" });
    },
  };
}
