/**
 * What connecting would do and which files say so: for "why does it take this key?". Asked for by a
 * person only, because a configuration may run commands (`Match exec`) to answer.
 */
import { useState } from "react";
import type { ErrorData } from "../../electron/core/errors.ts";
import { visibleText } from "../../electron/core/text/visible.ts";
import type { SshResolved, SshResolvedHop } from "../../electron/shared/contract.ts";
import { errorData } from "../host/error-data.ts";
import { host } from "../host/link.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ErrorBlock, Loading } from "../ui/message.tsx";
import { NodeText } from "../ui/node-text.tsx";

type Answer = { resolved: SshResolved } | { error: ErrorData } | null;

/** `target` is empty where there is nothing to resolve. */
export function Resolved({ target }: { target: string }) {
  const [asked, setAsked] = useState<string | null>(null);
  const [answer, setAnswer] = useState<Answer>(null);
  const ask = () => {
    setAsked(target);
    setAnswer(null);
    host()
      .client.call("ssh.resolve", { target })
      .then(
        (resolved) => setAnswer({ resolved }),
        (error: unknown) => setAnswer({ error: errorData(error) }),
      );
  };
  return (
    <>
      <Button variant="quiet" isDisabled={target === ""} onPress={ask}>
        What will be used?
      </Button>
      {asked === null ? null : (
        <Dialog title={visibleText(`Connecting to ${asked}`)} wide onCancel={() => setAsked(null)}>
          {answer === null ? <Loading what="Asking the SSH configuration…" /> : null}
          {answer && "error" in answer ? <ErrorBlock error={answer.error} /> : null}
          {answer && "resolved" in answer ? <Hops resolved={answer.resolved} /> : null}
          <div className="actions actions-end">
            <Button autoFocus onPress={() => setAsked(null)}>
              Close
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function Hops({ resolved: { hops } }: { resolved: SshResolved }) {
  return (
    <>
      {hops.map((hop, at) => (
        <section key={hop.host} className="stack" aria-label={visibleText(hop.host)}>
          <h3>
            {hops.length === 1 ? null : `${at + 1}. ${at === hops.length - 1 ? "the node" : "jump host"}: `}
            <NodeText text={hop.host} mono />
          </h3>
          {hop.approximate ? (
            <p className="strong-note">
              There is no OpenSSH here: bpfdesk read the configuration itself, and Match exec was left out.
            </p>
          ) : null}
          <HopFacts hop={hop} />
        </section>
      ))}
    </>
  );
}

const CHECKING = {
  yes: "only keys that are known",
  ask: "you are asked about new keys",
  "accept-new": "new keys are taken without asking",
  no: "new keys are taken without asking; changed ones are refused all the same",
} as const;

function HopFacts({ hop }: { hop: SshResolvedHop }) {
  const keys = hop.identity_files.map(({ file, exists }) => (exists ? file : `${file} (not there)`));
  return (
    <dl className="facts">
      <dt>Address</dt>
      <dd>
        <NodeText text={`${hop.hostname} port ${hop.port}`} mono />
      </dd>
      <dt>User</dt>
      <dd>
        <NodeText text={hop.user} mono />
      </dd>
      {hop.proxy_command === null ? null : (
        <>
          <dt>Through</dt>
          <dd className="fact-value">
            <NodeText text={hop.proxy_command} mono />
          </dd>
        </>
      )}
      <dt>Keys</dt>
      <dd>
        <Lines lines={keys} none="no file" />
      </dd>
      <dt>Agent</dt>
      <dd>
        {hop.agent === null ? "none" : <NodeText text={hop.agent} mono />}
        {hop.identities_only ? ", only the keys named above" : null}
      </dd>
      <dt>Known as</dt>
      <dd>
        <NodeText text={hop.known_as} mono />, {CHECKING[hop.strict_host_key_checking]}
      </dd>
      <dt>Known hosts</dt>
      <dd>
        <Lines lines={[...hop.user_known_hosts, ...hop.global_known_hosts]} none="no file" />
      </dd>
      <dt>Says who</dt>
      <dd>
        <Lines lines={hop.config_files} none="no configuration file; OpenSSH's defaults" />
      </dd>
    </dl>
  );
}

function Lines({ lines, none }: { lines: readonly string[]; none: string }) {
  if (lines.length === 0) return <span className="muted">{none}</span>;
  return (
    <ul>
      {lines.map((line) => (
        <li key={line} className="fact-value">
          <NodeText text={line} mono />
        </li>
      ))}
    </ul>
  );
}
