/**
 * Questions for secrets, answered from what a person chose to keep.
 *
 * A kept secret is given once, at the first attempt, to the one place it was kept for. When it is refused
 * it is forgotten everywhere and a person is asked. What a person wants kept is kept only after it was
 * accepted: a password that was never taken by anybody must not be tried again by itself. Answers to
 * keyboard-interactive questions, and what sudo asks for every time, are never kept: one-time codes.
 */
import { BpfdeskError, type ErrorData, type Phase } from "../../core/errors.ts";
import type { Prompt } from "../../core/journal/events.ts";
import type { PromptAnswer } from "../../shared/contract.ts";
import { type SecretKey, secretId } from "../../shared/parent.ts";
import type { NodeTransport } from "../transport/types.ts";
import { ownCopy, type SecretStore } from "./store.ts";

type Keep = NonNullable<PromptAnswer["keep"]>;
type SecretPrompt = Extract<Prompt, { kind: SecretKey["kind"] }>;

export interface SecretAsk {
  ask(prompt: Prompt): Promise<PromptAnswer>;
  /** Secrets of these kinds given so far were right: what is to be kept is kept now. */
  accepted(kinds: readonly SecretKey["kind"][]): void;
  /** The rest were refused, or nobody knows. */
  gaveUp(error: ErrorData | null): void;
  /** The connection stands. Nobody tells any more what was accepted: only being asked again means refused. */
  connected(): void;
}

/** A secret that was given and whose fate is not known yet. */
type Given =
  | { key: SecretKey; from: "memory" | "keychain" }
  | { key: SecretKey; from: "person"; keep: Keep; secret: Buffer };

const LOGIN = ["password", "passphrase"] as const;
/** A wrong passphrase is asked for again so often; after that the key is left out and the login goes on. */
const LAST_PASSPHRASE = 3;
/** Errors that mean: the secret itself was refused. */
const REFUSALS = new Set(["auth-failed", "sudo-password-wrong", "sudo-refused"]);

/** `target`: the node as the person named it. A secret of one node is never given to another. */
export function withSecrets(
  ask: (prompt: Prompt) => Promise<PromptAnswer>,
  store: SecretStore,
  target: string,
): SecretAsk {
  const given = new Map<string, Given>();
  let standing = false;

  /** The kept secret as an answer; null when there is none. */
  async function fromStore(key: SecretKey): Promise<PromptAnswer | null> {
    const inMemory = store.get(key);
    const secret = inMemory ?? (store.isDoubted(key) ? null : await store.keychain.read(key));
    if (!secret) return null;
    note(secretId(key), { key, from: inMemory ? "memory" : "keychain" });
    const text = Buffer.from(secret.buffer, secret.byteOffset, secret.length).toString();
    secret.fill(0);
    return { accept: true, values: [text] };
  }

  /** Replaces what is known of a given secret, overwriting what was held. */
  function note(id: string, next: Given | null): void {
    const before = given.get(id);
    if (before?.from === "person") before.secret.fill(0);
    if (next) given.set(id, next);
    else given.delete(id);
  }

  /** Overwrites `secret` in the end. What the keychain does not take is kept in memory. */
  async function keep(key: SecretKey, secret: Buffer, where: Keep): Promise<void> {
    store.doubt(key, false);
    if (where === "memory" || !(await store.keychain.save(key, secret))) store.put(key, secret);
    secret.fill(0);
  }

  /** Not used again from now on; the keychain itself may be slow. */
  function forgetSaved(key: SecretKey): void {
    store.doubt(key, true);
    void store.keychain.forget(key);
  }

  /** Where the answer may be kept. Of the last passphrase nobody learns whether it was right. */
  async function mayKeep({ kind, attempt }: SecretPrompt): Promise<Keep[]> {
    if (kind === "passphrase" && attempt >= LAST_PASSPHRASE) return [];
    return [
      ...(store.ttl_s() > 0 ? (["memory"] as const) : []),
      ...((await store.keychain.status()).available ? (["keychain"] as const) : []),
    ];
  }

  async function askPerson(prompt: SecretPrompt, key: SecretKey): Promise<PromptAnswer> {
    const may_keep = await mayKeep(prompt);
    const { keep: where, ...answer } = await ask(may_keep.length > 0 ? { ...prompt, may_keep } : prompt);
    const [value] = answer.values;
    if (!answer.accept || !where || !may_keep.includes(where) || value === undefined) return answer;
    const text = Buffer.from(value);
    const secret = ownCopy(text);
    text.fill(0);
    if (standing) void keep(key, secret, where);
    else note(secretId(key), { key, from: "person", keep: where, secret });
    return answer;
  }

  return {
    async ask(prompt) {
      if (!isSecret(prompt)) return ask(prompt);
      const key = keyOf(prompt, target);
      const id = secretId(key);
      if (prompt.attempt > 1) {
        const refused = given.get(id);
        note(id, null);
        store.forget(key);
        if (refused?.from === "keychain") forgetSaved(key);
      } else if (standing || !given.has(id)) {
        const kept = await fromStore(key);
        if (kept) return kept;
      }
      return askPerson(prompt, key);
    },

    accepted(kinds) {
      for (const [id, one] of given) {
        if (!kinds.includes(one.key.kind)) continue;
        given.delete(id);
        if (one.from === "person") void keep(one.key, one.secret, one.keep);
      }
    },

    gaveUp(error) {
      const refused = error !== null && REFUSALS.has(error.code);
      for (const [id, { key, from }] of given) {
        note(id, null);
        // A passphrase is tried here, not there: a wrong one is asked for again at once.
        if (from === "person" || key.kind === "passphrase") continue;
        store.forget(key);
        if (from === "memory") continue;
        if (refused) forgetSaved(key);
        else store.doubt(key, true);
      }
    },

    connected() {
      standing = true;
    },
  };
}

/** As far as needed of what a connection is made with. */
interface Context {
  onPhase(phase: Phase, detail: string): void;
  ask(prompt: Prompt): Promise<PromptAnswer>;
}

type Connected = Pick<NodeTransport, "privileges" | "forgetSecrets">;

/** Connects with kept secrets, and learns from how far it comes which of them were right. */
export async function connectWithSecrets<C extends Context, T extends Connected>(
  connect: (context: C) => Promise<T>,
  context: C,
  store: SecretStore,
  target: string,
): Promise<T> {
  const secrets = withSecrets(context.ask, store, target);
  const onPhase: Context["onPhase"] = (phase, detail) => {
    // Whatever comes after a login, the login was right.
    if (phase !== "authenticating") secrets.accepted(LOGIN);
    context.onPhase(phase, detail);
  };
  try {
    const transport = await connect({ ...context, onPhase, ask: secrets.ask });
    secrets.accepted(transport.privileges === "none" ? LOGIN : [...LOGIN, "sudo_password"]);
    secrets.gaveUp(null);
    secrets.connected();
    forgetOnWipe(transport, store);
    return transport;
  } catch (error) {
    secrets.gaveUp(error instanceof BpfdeskError ? error.data : null);
    throw error;
  }
}

/** A wipe also takes what a standing connection holds. Does not keep a connection from going away. */
function forgetOnWipe(transport: Connected, store: SecretStore): void {
  const held = new WeakRef(transport);
  const stop = store.onWipe(() => {
    const still = held.deref();
    if (still) still.forgetSecrets?.();
    else stop();
  });
}

function isSecret(prompt: Prompt): prompt is Prompt & SecretPrompt {
  if (prompt.kind === "sudo_password") return prompt.every_command !== true && prompt.echo !== true;
  return prompt.kind === "password" || prompt.kind === "passphrase";
}

function keyOf(prompt: Prompt & SecretPrompt, target: string): SecretKey {
  if (prompt.kind === "passphrase") return { kind: prompt.kind, user: "", of: prompt.file, target: "" };
  const { kind, user, host, on_the_way_to } = prompt;
  // A question in the node's own words has its own answer.
  const words = prompt.kind === "sudo_password" && prompt.text !== undefined ? `: ${prompt.text.slice(0, 500)}` : "";
  return { kind, user, of: `${host}${words}`, target: on_the_way_to === undefined ? target : "" };
}
