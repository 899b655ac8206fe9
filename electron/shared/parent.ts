/**
 * What the desktop app's main process and the host process say to each other, beside the ports they pass on.
 *
 * Three things only: the end, the power (locked, suspended, awake again), and the desktop's keychain, which
 * Electron offers to the main process alone. Secrets cross as bytes, which both sides overwrite after use.
 */
import { z } from "zod";

/** What a kept secret belongs to; never the secret itself. */
export const secretKey = z.object({
  kind: z.enum(["password", "passphrase", "sudo_password"]),
  /** Whose password; empty for a passphrase. */
  user: z.string().max(1024),
  /** The host that asked, or the key file. */
  of: z.string().max(4096),
  /** The node as the person named it; empty for jump hosts and key files, which serve many nodes. */
  target: z.string().max(1024),
});
export type SecretKey = z.infer<typeof secretKey>;

/** One string for a key. */
export const secretId = ({ kind, user, of, target }: SecretKey): string => JSON.stringify([kind, user, of, target]);

export type PowerWipe = "lock" | "suspend" | "shutdown";
export type WakeReason = "resume" | "network";

/** Answers of the keychain, by what was asked. */
export interface KeychainAnswers {
  /** `reason`: why there is none, empty when there is one. */
  status: { available: boolean; reason: string };
  read: Uint8Array | null;
  save: null;
  forget: null;
  list: SecretKey[];
  wipe: null;
}

const MAX_SECRET_BYTES = 16 << 10;

/** A request of the host; checked where it arrives. */
export const keychainRequest = z.object({
  type: z.literal("keychain"),
  id: z.number().int().min(0),
  ask: z.discriminatedUnion("verb", [
    z.object({ verb: z.literal("status") }),
    z.object({ verb: z.literal("read"), key: secretKey }),
    z.object({
      verb: z.literal("save"),
      key: secretKey,
      secret: z.instanceof(Uint8Array).refine((bytes) => bytes.length <= MAX_SECRET_BYTES),
    }),
    z.object({ verb: z.literal("forget"), key: secretKey }),
    z.object({ verb: z.literal("list") }),
    z.object({ verb: z.literal("wipe") }),
  ]),
});
export type KeychainRequest = z.infer<typeof keychainRequest>;
export type KeychainAsk = KeychainRequest["ask"];

/** `error`: what went wrong, in words that hold no secret. */
export type KeychainReply = { type: "keychain"; id: number } & ({ value: unknown } | { error: string });

/** From main to the host; `port` comes with one port. */
export type ToHost =
  | "port"
  | "close"
  | { type: "wipe"; reason: PowerWipe }
  | { type: "wake"; reason: WakeReason }
  | KeychainReply;

/** From the host to main. */
export type ToMain = "closed" | KeychainRequest;
