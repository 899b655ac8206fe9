/**
 * The deliberate way to trust another key of a known host: the name is typed, the fingerprint is
 * compared, and what is replaced is shown line by line. Nothing is done by Enter alone.
 */
import { type SubmitEvent, useState } from "react";
import type { ChangedHostKey } from "../../electron/core/errors.ts";
import type { NodeState } from "../../electron/core/journal/state.ts";
import { visibleText } from "../../electron/core/text/visible.ts";
import { replaceHostKey, tryAgain } from "../host/intents.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { NodeText } from "../ui/node-text.tsx";
import { compareFingerprint } from "./prompts/fingerprint.ts";

export function ReplaceKey({ node, changed }: { node: NodeState; changed: ChangedHostKey }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button variant="danger" onPress={() => setOpen(true)}>
        Replace the known key…
      </Button>
      {open ? <ReplaceDialog node={node} changed={changed} close={() => setOpen(false)} /> : null}
    </>
  );
}

function ReplaceDialog({ node, changed, close }: { node: NodeState; changed: ChangedHostKey; close: () => void }) {
  const [expected, setExpected] = useState("");
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const verdict = compareFingerprint(expected, changed.fingerprint);
  const ready = verdict !== "different" && typed === changed.name && !busy;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!ready) return;
    setBusy(true);
    const done = await replaceHostKey(node.node, typed, changed.fingerprint);
    setBusy(false);
    if (!done) return;
    close();
    await tryAgain(node);
  };
  return (
    <Dialog title={visibleText(`Replace the known key of ${changed.name}?`)} role="alertdialog" wide onCancel={close}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <p className="strong-warning" role="alert">
          A key changes when a node is installed anew – or when somebody stands between. Get the new fingerprint from
          the node itself by another way (its console, its provider), not over this connection.
        </p>
        <table className="plain-table">
          <caption>Known so far</caption>
          <tbody>
            {changed.known.map((one) => (
              <tr key={`${one.file}:${one.line}`}>
                <td>
                  <NodeText text={`${one.file}:${one.line}`} mono />
                </td>
                <td>
                  <NodeText text={one.key_type} mono />
                </td>
                <td className="fingerprint">
                  <NodeText text={one.fingerprint} mono />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <dl className="facts">
          <dt>It showed</dt>
          <dd className="fingerprint">
            <NodeText text={`${changed.key_type} ${changed.fingerprint}`} mono />
          </dd>
        </dl>
        <Field
          label="Fingerprint you got another way"
          placeholder="SHA256:…"
          value={expected}
          onChange={setExpected}
          mono
          {...(verdict === "different" ? { help: "That is not the key it showed. Do not go on." } : {})}
        />
        <Field
          label={visibleText(`Type ${changed.name} to confirm`)}
          value={typed}
          onChange={setTyped}
          mono
          autoComplete="off"
        />
        <div className="actions actions-end">
          <Button autoFocus onPress={close}>
            Cancel
          </Button>
          <Button type="submit" variant="danger" isDisabled={!ready}>
            Replace and connect
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
