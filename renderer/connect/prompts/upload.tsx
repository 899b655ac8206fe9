/** Asks whether the bundled bpftool may be put on the node, saying exactly what and for how long. */
import type { Prompt } from "../../../electron/core/journal/events.ts";
import { visibleText } from "../../../electron/core/text/visible.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { bytesText } from "../../ui/format.ts";
import { NodeText } from "../../ui/node-text.tsx";
import type { Answering } from "./prompt-dialog.tsx";

type UploadPrompt = Extract<Prompt, { kind: "upload_bpftool" }>;

export function UploadDialog({ prompt, accept, refuse, cancel }: { prompt: UploadPrompt } & Answering) {
  return (
    <Dialog title={visibleText(`Use bpfdesk's own bpftool on ${prompt.host}?`)} onCancel={refuse}>
      <div className="stack">
        <p>
          <NodeText text={prompt.reason} />
        </p>
        <p className="muted">
          It is copied to a private directory, checked by its hash, and removed when you disconnect. Nothing is
          installed. Without it, what the node's own tools cannot tell stays unseen.
        </p>
        <dl className="facts">
          <dt>Version</dt>
          <dd>{prompt.version}</dd>
          <dt>Size</dt>
          <dd>{bytesText(prompt.bytes)}</dd>
          <dt>SHA-256</dt>
          <dd className="mono fingerprint">{prompt.sha256}</dd>
        </dl>
        <div className="actions actions-end">
          <Button onPress={cancel}>Cancel</Button>
          <Button autoFocus onPress={refuse}>
            Go on without it
          </Button>
          <Button variant="primary" onPress={() => accept([])}>
            Copy and use it
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
