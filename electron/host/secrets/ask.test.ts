import { describe, expect, it, vi } from "vitest";
import { BpfdeskError, type Phase } from "../../core/errors.ts";
import type { Privileges, Prompt } from "../../core/journal/events.ts";
import type { PromptAnswer } from "../../shared/contract.ts";
import { type SecretKey, secretId } from "../../shared/parent.ts";
import { connectWithSecrets } from "./ask.ts";
import type { Keychain } from "./keychain.ts";
import { createSecretStore, type SecretStore } from "./store.ts";

/** A keychain in memory. */
function memoryKeychain(): Keychain & { saved: Map<string, string> } {
  const saved = new Map<string, string>();
  return {
    saved,
    status: async () => ({ available: true, reason: "" }),
    read: async (key) => {
      const found = saved.get(secretId(key));
      return found === undefined ? null : Buffer.from(found);
    },
    save: async (key, secret) => {
      saved.set(secretId(key), Buffer.from(secret).toString());
      return true;
    },
    forget: async (key) => void saved.delete(secretId(key)),
    list: async () => [...saved.keys()].map((id) => ({ of: id }) as SecretKey),
    wipe: async () => saved.clear(),
  };
}

/** A person who types from a list, and says of each answer where it may be kept. */
function person(...answers: (string | [string, "memory" | "keychain"])[]) {
  const asked: Prompt[] = [];
  const ask = async (prompt: Prompt): Promise<PromptAnswer> => {
    asked.push(prompt);
    const next = answers.shift();
    if (next === undefined) return { accept: false, values: [] };
    const [value, keep] = typeof next === "string" ? [next, undefined] : next;
    return { accept: true, values: [value], ...(keep ? { keep } : {}) };
  };
  return { asked, ask };
}

interface Node {
  password?: string;
  sudo?: string;
  /** How often a wrong password is asked for again. */
  tries?: number;
  /** Fails in this step after the secret for it was given. */
  cut?: Phase;
  given: string[];
}

const failure = (code: string) => new BpfdeskError({ code, message: code, hint: "" });

/** As a login goes: a password, then root, each asked for again when it is wrong. */
function login(node: Node, who: ReturnType<typeof person>, store: SecretStore, target = "node-7") {
  return connectWithSecrets(
    async ({ ask, onPhase }): Promise<{ privileges: Privileges }> => {
      const want = async (right: string | undefined, prompt: (attempt: number) => Prompt, code: string) => {
        if (right === undefined) return;
        for (let attempt = 1; attempt <= (node.tries ?? 3); attempt++) {
          const { accept, values } = await ask(prompt(attempt));
          if (!accept) throw failure("cancelled");
          node.given.push(values[0] ?? "");
          if (node.cut === (code === "auth-failed" ? "authenticating" : "privileges")) throw failure("connection-lost");
          if (values[0] === right) return;
        }
        throw failure(code);
      };
      onPhase("authenticating", "");
      await want(
        node.password,
        (attempt) => ({ kind: "password", user: "ann", host: "10.0.0.7", attempt }),
        "auth-failed",
      );
      onPhase("privileges", "");
      const host = "ann@10.0.0.7";
      await want(
        node.sudo,
        (attempt) => ({ kind: "sudo_password", user: "ann", host, attempt }),
        "sudo-password-wrong",
      );
      return { privileges: "sudo_password" };
    },
    { ask: who.ask, onPhase: (_phase: Phase, _detail: string) => {} },
    store,
    target,
  ).then(
    () => "connected",
    (error: BpfdeskError) => error.data.code,
  );
}
const kinds = (who: ReturnType<typeof person>) => who.asked.map(({ kind }) => kind);

describe("a secret somebody chose to keep", () => {
  it("answers by itself the next time, for the same node only", async () => {
    const store = createSecretStore();
    const node: Node = { password: "a", sudo: "b", given: [] };
    expect(await login(node, person(["a", "memory"], ["b", "memory"]), store)).toBe("connected");
    const again = person();
    expect([await login(node, again, store), again.asked]).toEqual(["connected", []]);
    const elsewhere = person();
    expect(await login(node, elsewhere, store, "node-8")).toBe("cancelled");
    expect(kinds(elsewhere)).toEqual(["password"]);
  });

  it("is kept only when it was chosen, and only where that was offered", async () => {
    const store = createSecretStore();
    const node: Node = { password: "a", given: [] };
    const who = person("a", ["a", "keychain"], "a");
    await login(node, who, store);
    await login(node, who, store);
    await login(node, who, store);
    expect(who.asked.map(({ may_keep }) => may_keep)).toEqual([["memory"], ["memory"], ["memory"]]);
    expect(store.kept()).toEqual([]);
    const none = person("a");
    await login(node, none, createSecretStore({ ttl_s: 0 }));
    expect(none.asked).toEqual([{ kind: "password", user: "ann", host: "10.0.0.7", attempt: 1 }]);
  });

  it("is not kept when it was wrong, whatever ended the tries", async () => {
    for (const node of [
      { password: "right", tries: 1, given: [] },
      { password: "right", tries: 3, given: [] },
      { password: "wrong", cut: "authenticating" as const, given: [] },
      { sudo: "right", tries: 2, given: [] },
    ]) {
      const store = createSecretStore();
      await login(node, person(["wrong", "memory"], ["wrong", "memory"], ["wrong", "memory"]), store);
      expect(store.kept()).toEqual([]);
    }
  });

  it("is kept when the login was right though what came after failed", async () => {
    const store = createSecretStore();
    expect(await login({ password: "a", sudo: "b", given: [] }, person(["a", "memory"]), store)).toBe("cancelled");
    expect(store.kept().map(({ key }) => key.kind)).toEqual(["password"]);
  });

  it("is given once; refused, it is forgotten and a person is asked", async () => {
    const store = createSecretStore();
    const node: Node = { password: "old", given: [] };
    await login(node, person(["old", "memory"]), store);
    node.password = "new";
    const who = person("new");
    expect(await login(node, who, store)).toBe("connected");
    expect(node.given).toEqual(["old", "old", "new"]);
    expect(who.asked).toMatchObject([{ kind: "password", attempt: 2 }]);
    expect(store.kept()).toEqual([]);
  });

  it("that may have been refused is not tried again by itself", async () => {
    const store = createSecretStore();
    const node: Node = { password: "a", given: [] };
    await login(node, person(["a", "memory"]), store);
    await login({ ...node, cut: "authenticating" }, person(), store);
    const who = person("a");
    await login(node, who, store);
    expect(kinds(who)).toEqual(["password"]);
  });
});

describe("the keychain", () => {
  const withKeychain = () => {
    const keychain = memoryKeychain();
    return { keychain, store: createSecretStore({ keychain }) };
  };

  it("keeps what was accepted, and answers after everything in memory is gone", async () => {
    const { keychain, store } = withKeychain();
    const node: Node = { password: "a", given: [] };
    const who = person(["a", "keychain"]);
    await login(node, who, store);
    expect(who.asked[0]?.may_keep).toEqual(["memory", "keychain"]);
    await vi.waitFor(() => expect([...keychain.saved.values()]).toEqual(["a"]));
    expect(store.kept()).toEqual([]);
    const again = person();
    expect([await login(node, again, createSecretStore({ keychain })), again.asked]).toEqual(["connected", []]);
  });

  it.each([{ tries: 3 }, { tries: 1 }])("loses what the node refused ($tries tries)", async ({ tries }) => {
    const { keychain, store } = withKeychain();
    const node: Node = { password: "a", given: [] };
    await login(node, person(["a", "keychain"]), store);
    await vi.waitFor(() => expect(keychain.saved.size).toBe(1));
    await login({ ...node, password: "changed", tries }, person(), store);
    expect([...keychain.saved]).toEqual([]);
  });

  it("keeps what nobody knows to be wrong, and it is not used until a person gave it again", async () => {
    const { keychain, store } = withKeychain();
    const node: Node = { password: "a", given: [] };
    await login(node, person(["a", "keychain"]), store);
    await vi.waitFor(() => expect(keychain.saved.size).toBe(1));
    await login({ ...node, cut: "authenticating" }, person(), store);
    expect(keychain.saved.size).toBe(1);
    const who = person(["a", "keychain"]);
    await login(node, who, store);
    expect(kinds(who)).toEqual(["password"]);
    const again = person();
    expect([await login(node, again, store), again.asked]).toEqual(["connected", []]);
  });

  it("that fails to save leaves the secret in memory", async () => {
    const keychain = { ...memoryKeychain(), save: async () => false };
    const store = createSecretStore({ keychain });
    await login({ password: "a", given: [] }, person(["a", "keychain"]), store);
    await vi.waitFor(() => expect(store.kept()).toHaveLength(1));
  });
});

it("never keeps the answers to a node's own questions: they may be one-time codes", async () => {
  const store = createSecretStore({ keychain: memoryKeychain() });
  const prompt: Prompt = {
    kind: "keyboard_interactive",
    host: "10.0.0.7",
    name: "",
    instructions: "",
    prompts: [{ text: "Code: ", echo: false }],
  };
  const who = person(["123456", "memory"]);
  await connectWithSecrets(
    async ({ ask }) => {
      await ask(prompt);
      return { privileges: "root" as const };
    },
    { ask: who.ask, onPhase: () => {} },
    store,
    "node-7",
  );
  expect([who.asked, store.kept()]).toEqual([[prompt], []]);
});

it("keeps the answers to sudo's own words apart, and no code that is asked for by every command", async () => {
  const store = createSecretStore();
  const sudo = { kind: "sudo_password" as const, user: "ann", host: "node-7", attempt: 1 };
  const prompts: Prompt[] = [
    { ...sudo, text: "LDAP password: " },
    { ...sudo, text: "Code: ", every_command: true },
    sudo,
  ];
  const connectAsking = (who: ReturnType<typeof person>) =>
    connectWithSecrets(
      async ({ ask }) => {
        const answers: unknown[] = [];
        for (const prompt of prompts) answers.push((await ask(prompt)).values[0]);
        return { privileges: "sudo_password" as const, answers };
      },
      { ask: who.ask, onPhase: () => {} },
      store,
      "node-7",
    );
  await connectAsking(person(["a", "memory"], ["1", "memory"], ["b", "memory"]));
  const who = person("2");
  expect([(await connectAsking(who)).answers, who.asked]).toEqual([["a", "2", "b"], [prompts[1]]]);
});

it("takes the secrets of standing connections too when everything is wiped", async () => {
  const store = createSecretStore();
  const forgetSecrets = vi.fn();
  const transport = await connectWithSecrets(
    async () => ({ privileges: "sudo_password" as const, forgetSecrets }),
    { ask: person().ask, onPhase: () => {} },
    store,
    "node-7",
  );
  store.wipe("lock");
  expect([transport.privileges, forgetSecrets.mock.calls.length]).toEqual(["sudo_password", 1]);
});

it("asks for a jump host's password once for all nodes behind it", async () => {
  const store = createSecretStore();
  const behind = (node: string, who: ReturnType<typeof person>) =>
    connectWithSecrets(
      async ({ ask }) => {
        await ask({ kind: "password", user: "ann", host: "bastion", attempt: 1, on_the_way_to: node });
        return { privileges: "root" as const };
      },
      { ask: who.ask, onPhase: () => {} },
      store,
      node,
    );
  await behind("node-7", person(["a", "memory"]));
  const who = person();
  await behind("node-8", who);
  expect(who.asked).toEqual([]);
});

it("answers a standing connection that asks again after a wipe, from what is kept since", async () => {
  const store = createSecretStore();
  const who = person(["a", "memory"], ["b", "memory"]);
  let askAgain: (attempt: number) => Promise<PromptAnswer> = async () => ({ accept: false, values: [] });
  await connectWithSecrets(
    async ({ ask }) => {
      askAgain = (attempt) => ask({ kind: "sudo_password", user: "ann", host: "node-7", attempt });
      await askAgain(1);
      return { privileges: "sudo_password" as const };
    },
    { ask: who.ask, onPhase: () => {} },
    store,
    "node-7",
  );
  store.wipe("lock");
  expect(await askAgain(1)).toEqual({ accept: true, values: ["b"] });
  expect(await askAgain(1)).toEqual({ accept: true, values: ["b"] });
  expect(await askAgain(2)).toEqual({ accept: false, values: [] });
  expect(store.kept()).toEqual([]);
});
