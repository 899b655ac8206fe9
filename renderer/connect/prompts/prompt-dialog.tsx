/** The dialog for the question a node asks, if any. Which one is decided by the prompt's kind. */
import type { Prompt } from "../../../electron/core/journal/events.ts";
import type { NodeState } from "../../../electron/core/journal/state.ts";
import { answerPrompt, cancelNode } from "../../host/intents.ts";
import { HostKeyDialog } from "./host-key.tsx";
import type { Keep } from "./keep-choice.tsx";
import { KeyboardInteractiveDialog } from "./keyboard-interactive.tsx";
import { SecretDialog } from "./secret.tsx";
import { UploadDialog } from "./upload.tsx";

/** What every prompt dialog gets: `accept` with the values in the prompt's order, or `refuse`. */
export interface Answering {
  /** When it was asked, epoch ms. */
  asked_at: number;
  accept: (values: string[], keep?: Keep) => void;
  refuse: () => void;
  /** Ends the whole connection, where refusing means to go on without. */
  cancel: () => void;
}

export function PromptDialog({ node }: { node: NodeState }) {
  if (!node.prompt) return null;
  const { prompt_id, prompt, asked_at } = node.prompt;
  const answering: Answering = {
    asked_at,
    accept: (values, keep) =>
      void answerPrompt(node.node, prompt_id, { accept: true, values, ...(keep ? { keep } : {}) }),
    refuse: () => void answerPrompt(node.node, prompt_id, { accept: false, values: [] }),
    cancel: () => void cancelNode(node.node),
  };
  // A new prompt is a new dialog: nothing typed for one question may be left in the next.
  return <OnePrompt key={prompt_id} prompt={prompt} answering={answering} />;
}

function OnePrompt({ prompt, answering }: { prompt: Prompt; answering: Answering }) {
  switch (prompt.kind) {
    case "host_key_new":
      return <HostKeyDialog prompt={prompt} {...answering} />;
    case "password":
      return (
        <SecretDialog
          prompt={prompt}
          title={`Password of ${prompt.user} on ${prompt.host}`}
          label="Password"
          {...answering}
        />
      );
    case "passphrase":
      return <SecretDialog prompt={prompt} title={`Passphrase of ${prompt.file}`} label="Passphrase" {...answering} />;
    case "sudo_password":
      return (
        <SecretDialog
          prompt={prompt}
          title={`Becoming root on ${prompt.host} needs an answer of ${prompt.user}`}
          label={prompt.text === undefined ? "sudo password" : "Answer"}
          help="Kept in memory until you disconnect, never written anywhere. Without it less can be seen."
          goOnLabel="Go on without root"
          {...answering}
        />
      );
    case "keyboard_interactive":
      return <KeyboardInteractiveDialog prompt={prompt} {...answering} />;
    case "upload_bpftool":
      return <UploadDialog prompt={prompt} {...answering} />;
  }
}
