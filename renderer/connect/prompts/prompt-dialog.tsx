/** The dialog for the question a node asks, if any. Which one is decided by the prompt's kind. */
import type { Prompt } from "../../../electron/core/journal/events.ts";
import type { NodeState } from "../../../electron/core/journal/state.ts";
import { answerPrompt, cancelNode } from "../../host/intents.ts";
import { HostKeyDialog } from "./host-key.tsx";
import { KeyboardInteractiveDialog } from "./keyboard-interactive.tsx";
import { SecretDialog } from "./secret.tsx";
import { UploadDialog } from "./upload.tsx";

/** What every prompt dialog gets: `accept` with the values in the prompt's order, or `refuse`. */
export interface Answering {
  accept: (values: string[]) => void;
  refuse: () => void;
  /** Ends the whole connection, where refusing means to go on without. */
  cancel: () => void;
}

export function PromptDialog({ node }: { node: NodeState }) {
  if (!node.prompt) return null;
  const { prompt_id, prompt } = node.prompt;
  const answering: Answering = {
    accept: (values) => void answerPrompt(node.node, prompt_id, { accept: true, values }),
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
          title={`Password of ${prompt.user} on ${prompt.host}`}
          label="Password"
          attempt={prompt.attempt}
          {...answering}
        />
      );
    case "passphrase":
      return (
        <SecretDialog
          title={`Passphrase of ${prompt.file}`}
          label="Passphrase"
          attempt={prompt.attempt}
          {...answering}
        />
      );
    case "sudo_password":
      return (
        <SecretDialog
          title={`sudo on ${prompt.host} asks for the password of ${prompt.user}`}
          label="sudo password"
          help="Kept in memory until you disconnect, never written anywhere. Without it less can be seen."
          attempt={prompt.attempt}
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
