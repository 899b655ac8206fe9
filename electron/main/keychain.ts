/**
 * Secrets a person chose to save, encrypted with the desktop's keychain (Electron's safeStorage), in one
 * file of the app's folder that only its owner can read.
 *
 * Refused where the keychain is not real: Chromium's `basic_text` encrypts with a key everybody knows. Each
 * secret is sealed together with what it belongs to, so that an entry moved to another host is not used.
 * One operation on the file at a time; errors hold no secret.
 */
import { randomBytes } from "node:crypto";
import { chmod, open, readFile, rename, rm } from "node:fs/promises";
import {
  type KeychainAnswers,
  type KeychainAsk,
  keychainRequest,
  type SecretKey,
  secretId,
  secretKey,
} from "../shared/parent.ts";
import type { ElectronApi } from "./api.ts";

export interface SavedSecrets {
  /** Answers a message of the host; null when it is none for the keychain. Never rejects. */
  answer(message: unknown): Promise<{ type: "keychain"; id: number; value: unknown } | KeychainFailure> | null;
}
type KeychainFailure = { type: "keychain"; id: number; error: string };

interface Entry {
  key: SecretKey;
  /** Encrypted, base64. */
  sealed: string;
}

const FORMAT = 1;
const MAX_ENTRIES = 1000;

export function openSavedSecrets(
  { safeStorage }: Pick<ElectronApi, "safeStorage">,
  file: string,
  platform: NodeJS.Platform = process.platform,
): SavedSecrets {
  let turn: Promise<unknown> = Promise.resolve();

  async function status(): Promise<KeychainAnswers["status"]> {
    const reason = await whyNot();
    return { available: reason === "", reason };
  }

  /** Why nothing can be saved, in words; empty when it can. */
  async function whyNot(): Promise<string> {
    if (platform === "linux") {
      const backend = safeStorage.getSelectedStorageBackend();
      if (backend === "basic_text" || backend === "unknown") {
        return `This desktop has no keychain bpfdesk can use (${backend}): install and unlock GNOME Keyring or KWallet.`;
      }
    }
    return (await safeStorage.isAsyncEncryptionAvailable())
      ? ""
      : "The desktop's keychain is there but cannot be used now: unlock it and try again.";
  }

  async function mustBeReal(): Promise<void> {
    const reason = await whyNot();
    if (reason !== "") throw new Refused(reason);
  }

  async function entries(): Promise<Entry[]> {
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    });
    return text === null ? [] : readEntries(text);
  }

  /** Whole or not at all, also when the machine stops meanwhile. */
  async function write(all: readonly Entry[]): Promise<void> {
    if (all.length === 0) return rm(file, { force: true });
    const next = `${file}.${randomBytes(6).toString("hex")}`;
    try {
      const handle = await open(next, "wx", 0o600);
      try {
        await handle.writeFile(JSON.stringify({ format: FORMAT, entries: all }));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(next, file);
    } catch (error) {
      await rm(next, { force: true });
      throw error;
    }
  }

  async function read(key: SecretKey): Promise<Uint8Array | null> {
    const found = (await entries()).find((entry) => secretId(entry.key) === secretId(key));
    if (!found) return null;
    await mustBeReal();
    await chmod(file, 0o600);
    const { result, shouldReEncrypt } = await safeStorage.decryptStringAsync(Buffer.from(found.sealed, "base64"));
    const secret = unseal(result, key);
    if (secret && shouldReEncrypt) await save(key, secret);
    return secret;
  }

  async function save(key: SecretKey, secret: Uint8Array): Promise<void> {
    await mustBeReal();
    const others = (await entries()).filter((entry) => secretId(entry.key) !== secretId(key));
    if (others.length >= MAX_ENTRIES) throw new Refused("Too many secrets are saved already.");
    const sealed = await safeStorage.encryptStringAsync(seal(key, secret));
    await write([...others, { key, sealed: sealed.toString("base64") }]);
  }

  async function forget(key: SecretKey): Promise<void> {
    const all = await entries();
    const others = all.filter((entry) => secretId(entry.key) !== secretId(key));
    if (others.length < all.length) await write(others);
  }

  async function run(ask: KeychainAsk): Promise<unknown> {
    switch (ask.verb) {
      case "status":
        return status();
      case "read":
        return read(ask.key);
      case "save":
        await save(ask.key, ask.secret).finally(() => ask.secret.fill(0));
        return null;
      case "forget":
        await forget(ask.key);
        return null;
      case "list":
        return (await entries()).map(({ key }) => key);
      case "wipe":
        // Also what cannot be read any more.
        await write([]);
        return null;
    }
  }

  return {
    answer(message) {
      const parsed = keychainRequest.safeParse(message);
      if (!parsed.success) return null;
      const { id, ask } = parsed.data;
      // Whether it is there is told at once, even while something else waits for it to be unlocked.
      const done = (ask.verb === "status" ? Promise.resolve() : turn)
        .then(() => run(ask))
        .then(
          (value) => ({ type: "keychain" as const, id, value }),
          (error: unknown) => ({ type: "keychain" as const, id, error: inWords(error) }),
        );
      if (ask.verb !== "status") turn = done;
      return done;
    },
  };
}

/** A refusal whose words are ours. */
class Refused extends Error {}

/** The words of others are left out: they could quote what they were given. */
function inWords(error: unknown): string {
  if (error instanceof Refused) return error.message;
  const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
  return `The desktop's keychain failed${code}. It may be locked, or its file damaged: wipe the saved secrets to begin anew.`;
}

const seal = (key: SecretKey, secret: Uint8Array): string =>
  JSON.stringify([secretId(key), Buffer.from(secret).toString("base64")]);

/** Null when it was sealed for something else. */
function unseal(text: string, key: SecretKey): Uint8Array | null {
  const [id, secret] = JSON.parse(text) as [string, string];
  return id === secretId(key) ? Buffer.from(secret, "base64") : null;
}

/** Throws when the file is not ours; entries of another shape are left out. */
function readEntries(text: string): Entry[] {
  const { format, entries } = JSON.parse(text) as { format: unknown; entries: unknown };
  if (format !== FORMAT || !Array.isArray(entries)) throw new Refused("The file of saved secrets is not readable.");
  return entries.flatMap((entry: { key?: unknown; sealed?: unknown } | null) => {
    const key = secretKey.safeParse(entry?.key);
    return key.success && typeof entry?.sealed === "string" ? [{ key: key.data, sealed: entry.sealed }] : [];
  });
}
