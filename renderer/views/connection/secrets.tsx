/** What is kept of passwords and passphrases: for whom and until when, never the secrets; and the way to wipe them. */
import { useCallback, useEffect, useState } from "react";
import type { ErrorData } from "../../../electron/core/errors.ts";
import type { SecretsStatus } from "../../../electron/shared/contract.ts";
import { errorData } from "../../host/error-data.ts";
import { keepSecretsFor, wipeSecrets } from "../../host/intents.ts";
import { host } from "../../host/link.ts";
import { Button } from "../../ui/button.tsx";
import { plural, timeText } from "../../ui/format.ts";
import { ErrorBlock } from "../../ui/message.tsx";
import { NodeText } from "../../ui/node-text.tsx";

const KINDS = { password: "password", passphrase: "passphrase of", sudo_password: "sudo password" } as const;
const TIMES = [
  { ttl_s: 0, text: "Only for its connection" },
  { ttl_s: 15 * 60, text: "15 minutes" },
  { ttl_s: 4 * 3600, text: "4 hours" },
] as const;
/** A secret's time runs out without an event of the session. */
const LOOK_AGAIN_MS = 5000;

export function SecretsPart() {
  const { status, trouble, look } = useStatus();
  if (trouble) return <ErrorBlock error={trouble} />;
  if (!status) return null;
  const after = (done: Promise<unknown>) => void done.then(look);
  const inMemory = status.kept.filter(({ where }) => where === "memory").length;
  const inKeychain = status.kept.length - inMemory;
  return (
    <section className="part" aria-label="Secrets that are kept">
      <h3>Secrets that are kept</h3>
      {status.kept.length === 0 ? (
        <p className="muted">None.</p>
      ) : (
        <ul className="remarks" aria-label="Kept">
          {status.kept.map((one) => (
            <li key={`${one.kind} ${one.user} ${one.of} ${one.where}`}>
              <span>
                {KINDS[one.kind]} <NodeText text={one.user === "" ? one.of : `${one.user}@${one.of}`} mono />,{" "}
                {one.where === "keychain"
                  ? "in the keychain"
                  : one.until === null
                    ? "in memory until the connection ends"
                    : `in memory until ${timeText(one.until)}`}
              </span>
            </li>
          ))}
        </ul>
      )}
      <p className="muted">
        Secrets in memory are wiped when the screen is locked, the machine sleeps or bpfdesk ends.{" "}
        {status.keychain.available ? null : <NodeText text={`No keychain: ${status.keychain.reason}`} />}
      </p>
      <div className="actions">
        {TIMES.map(({ ttl_s, text }) => (
          <Button
            key={ttl_s}
            aria-pressed={status.ttl_s === ttl_s}
            variant={status.ttl_s === ttl_s ? "primary" : "plain"}
            onPress={() => after(keepSecretsFor(ttl_s))}
          >
            {text}
          </Button>
        ))}
        <span className="grow" />
        <Button isDisabled={inMemory === 0} onPress={() => after(wipeSecrets("memory"))}>
          Wipe {plural(inMemory, "secret")} in memory
        </Button>
        {inKeychain > 0 ? (
          <Button variant="danger" onPress={() => after(wipeSecrets("keychain"))}>
            Delete {plural(inKeychain, "secret")} from the keychain
          </Button>
        ) : null}
      </div>
    </section>
  );
}

function useStatus(): { status: SecretsStatus | null; trouble: ErrorData | null; look: () => void } {
  const [status, setStatus] = useState<SecretsStatus | null>(null);
  const [trouble, setTrouble] = useState<ErrorData | null>(null);
  const look = useCallback(() => {
    host()
      .client.call("secrets.status", {})
      .then(
        (now) => {
          setStatus(now);
          setTrouble(null);
        },
        (error: unknown) => setTrouble(errorData(error)),
      );
  }, []);
  useEffect(() => {
    look();
    const timer = setInterval(look, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [look]);
  return { status, trouble, look };
}
