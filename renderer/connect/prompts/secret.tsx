/** Asks for one secret. It lives in this dialog's state until it is sent and nowhere else. */
import { type SubmitEvent, useState } from "react";
import { visibleText } from "../../../electron/core/text/visible.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import type { Answering } from "./prompt-dialog.tsx";

export interface SecretDialogProps extends Answering {
  title: string;
  label: string;
  /** 1 is the first try. */
  attempt: number;
  help?: string;
  /** Set where refusing is a choice of its own and not the end of the connection. */
  goOnLabel?: string;
}

export function SecretDialog({ title, label, attempt, help, goOnLabel, accept, refuse, cancel }: SecretDialogProps) {
  const [secret, setSecret] = useState("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    accept([secret]);
  };
  return (
    <Dialog title={visibleText(title)} onCancel={refuse}>
      <form className="stack" onSubmit={submit}>
        {attempt > 1 ? <p role="alert">That was not accepted. Attempt {attempt}.</p> : null}
        <Field
          label={label}
          type="password"
          value={secret}
          onChange={setSecret}
          autoFocus
          autoComplete="off"
          {...(help === undefined ? {} : { help })}
        />
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
