/** The contract's calls about kept secrets: what is kept, for how long, and away with it. Never a value. */
import type { SecretsStatus } from "../../shared/contract.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import type { SecretStore } from "../secrets/store.ts";

type SecretHandlers = Pick<Handlers, "secrets.status" | "secrets.wipe" | "secrets.keep_for">;

export function secretHandlers(store: SecretStore): SecretHandlers {
  return {
    "secrets.status": async (): Promise<SecretsStatus> => {
      const saved = await store.keychain.list();
      return {
        ttl_s: store.ttl_s(),
        kept: [
          ...store.kept().map(({ key, until }) => ({ ...key, where: "memory" as const, until })),
          ...saved.map((key) => ({ ...key, where: "keychain" as const, until: null })),
        ],
        keychain: await store.keychain.status(),
      };
    },
    "secrets.wipe": async ({ what }) => {
      if (what !== "keychain") store.wipe("asked");
      if (what !== "memory") await store.keychain.wipe();
      return null;
    },
    "secrets.keep_for": ({ ttl_s }) => {
      store.setTtl(ttl_s);
      return null;
    },
  };
}
