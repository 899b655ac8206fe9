/** A host key nobody has confirmed yet. Cancel has the focus; a pasted fingerprint is compared exactly. */
import { useState } from "react";
import type { Prompt } from "../../../electron/core/journal/events.ts";
import { visibleText } from "../../../electron/core/text/visible.ts";
import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import { Asked } from "./asked.tsx";
import { compareFingerprint } from "./fingerprint.ts";
import type { Answering } from "./prompt-dialog.tsx";

type HostKeyPrompt = Extract<Prompt, { kind: "host_key_new" }>;

const verdicts = {
  empty: "Paste the fingerprint you got from a trusted place, or compare it by eye.",
  same: "They are the same.",
  different: "They differ. Do not connect: this may not be the host you mean.",
} as const;

export function HostKeyDialog({ prompt, asked_at, accept, refuse }: { prompt: HostKeyPrompt } & Answering) {
  const [expected, setExpected] = useState("");
  const verdict = compareFingerprint(expected, prompt.fingerprint);
  const place = prompt.port === 22 ? prompt.host : `${prompt.host}:${prompt.port}`;
  const otherType = prompt.known_types.length > 0;
  return (
    <Dialog title={visibleText(`Is this ${place}?`)} role="alertdialog" onCancel={refuse}>
      <div className="stack">
        <Asked prompt={prompt} asked_at={asked_at} />
        {otherType ? (
          <p className="strong-warning" role="alert">
            This host is known with another kind of key (<NodeText text={prompt.known_types.join(", ")} mono />
            ). That can be a changed configuration, or somebody in between.
          </p>
        ) : (
          <p>This host has not been seen before.</p>
        )}
        <dl className="facts">
          <dt>Key type</dt>
          <dd>
            <NodeText text={prompt.key_type} mono />
          </dd>
          <dt>Fingerprint</dt>
          <dd className="with-copy">
            <NodeText text={prompt.fingerprint} mono className="fingerprint" />
            <CopyButton text={prompt.fingerprint} what="fingerprint" />
          </dd>
        </dl>
        <Field label="Expected fingerprint" placeholder="SHA256:…" value={expected} onChange={setExpected} mono />
        <p className={`compare compare-${verdict}`} role="status">
          {verdicts[verdict]}
        </p>
        <div className="actions actions-end">
          <Button autoFocus onPress={refuse}>
            Cancel
          </Button>
          <Button variant="primary" isDisabled={verdict === "different"} onPress={() => accept([])}>
            Trust and connect
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
