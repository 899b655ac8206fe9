/** Questions of a server, e.g. a one-time code. Their text comes from the server and is shown as text. */
import { type SubmitEvent, useState } from "react";
import type { Prompt } from "../../../electron/core/journal/events.ts";
import { visibleText } from "../../../electron/core/text/visible.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import { Asked } from "./asked.tsx";
import type { Answering } from "./prompt-dialog.tsx";

type InteractivePrompt = Extract<Prompt, { kind: "keyboard_interactive" }>;

export function KeyboardInteractiveDialog(props: { prompt: InteractivePrompt } & Answering) {
  const { prompt, asked_at, accept, refuse } = props;
  const [values, setValues] = useState<string[]>(() => prompt.prompts.map(() => ""));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    accept(values);
  };
  return (
    <Dialog title={visibleText(`${whom(prompt)} asks`)} onCancel={refuse}>
      <form className="stack" onSubmit={submit}>
        <Asked prompt={prompt} asked_at={asked_at} />
        {(prompt.round ?? 1) > 1 ? <p className="muted">Question {prompt.round} of this login</p> : null}
        {prompt.name ? <NodeText text={prompt.name} /> : null}
        {prompt.instructions ? (
          <p className="pre-wrap">
            <NodeText text={prompt.instructions} lines />
          </p>
        ) : null}
        {prompt.prompts.map((question, at) => (
          <Field
            // biome-ignore lint/suspicious/noArrayIndexKey: the questions of one prompt never change places
            key={at}
            label={visibleText(question.text.trim()) || `Answer ${at + 1}`}
            type={question.echo ? "text" : "password"}
            value={values[at] ?? ""}
            onChange={(value) => setValues((before) => before.with(at, value))}
            autoFocus={at === 0}
            autoComplete="off"
          />
        ))}
        <div className="actions actions-end">
          <Button onPress={refuse}>Cancel</Button>
          <Button type="submit" variant="primary">
            Continue
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

const whom = ({ user, host }: InteractivePrompt) => (user === undefined ? host : `${host}, logging in ${user},`);
