/** Asks for one secret. It lives in this dialog's state until it is sent and nowhere else. */
import { type SubmitEvent, useState } from "react";
import type { Prompt } from "../../../electron/core/journal/events.ts";
import { visibleText } from "../../../electron/core/text/visible.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import { Asked } from "./asked.tsx";
import { type Keep, KeepChoice } from "./keep-choice.tsx";
import type { Answering } from "./prompt-dialog.tsx";

type SecretPrompt = Extract<Prompt, { kind: "password" | "passphrase" | "sudo_password" }>;

export interface SecretDialogProps extends Answering {
  prompt: SecretPrompt;
  title: string;
  label: string;
  help?: string;
  /** Set where refusing is a choice of its own and not the end of the connection. */
  goOnLabel?: string;
}

export function SecretDialog(props: SecretDialogProps) {
  const { prompt, asked_at, title, label, help, goOnLabel, accept, refuse, cancel } = props;
  const [secret, setSecret] = useState("");
  const [keep, setKeep] = useState<Keep>(null);
  const words = prompt.kind === "sudo_password" ? prompt.text : undefined;
  const echo = prompt.kind === "sudo_password" && prompt.echo === true;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    accept([secret], keep);
  };
  return (
    <Dialog title={visibleText(title)} onCancel={refuse}>
      <form className="stack" onSubmit={submit}>
        <Asked prompt={prompt} asked_at={asked_at} />
        {prompt.attempt > 1 ? <p role="alert">That was not accepted. Attempt {prompt.attempt}.</p> : null}
        {words === undefined ? null : (
          <p className="pre-wrap">
            The node asks: <NodeText text={words} lines mono />
          </p>
        )}
        {prompt.kind === "sudo_password" && prompt.every_command ? (
          <p>
            This may be a one-time code, so every command as root will ask for it again. Go on without root to see what
            can be seen without questions.
          </p>
        ) : null}
        <Field
          label={label}
          type={echo ? "text" : "password"}
          value={secret}
          onChange={setSecret}
          autoFocus
          autoComplete="off"
          {...(help === undefined ? {} : { help })}
        />
        <KeepChoice may_keep={prompt.may_keep} value={keep} onChange={setKeep} />
        <div className="actions actions-end">
          <Button onPress={goOnLabel ? cancel : refuse}>Cancel</Button>
          {goOnLabel ? <Button onPress={refuse}>{goOnLabel}</Button> : null}
          <Button type="submit" variant="primary">
            Continue
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
