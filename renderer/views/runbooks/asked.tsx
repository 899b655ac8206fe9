/** What a run asks of a person: it goes on with the answer. */
import { MessageCircleQuestion } from "lucide-react";
import { type SubmitEvent, useState } from "react";
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { answerRun } from "../../stores/runbooks/runs.ts";
import { Button } from "../../ui/button.tsx";
import { Field } from "../../ui/field.tsx";
import { NodeText } from "../../ui/node-text.tsx";

/** As long as an answer may be. */
const LONGEST = 1000;

export function Asked(props: {
  run: RunbookRunState;
  question: NonNullable<RunbookRunState["question"]>;
  book: RunbookInfo | undefined;
}) {
  const { run, question, book } = props;
  const [sent, setSent] = useState(false);
  const step = book?.steps.find(({ id }) => id === question.step);
  const answer = async (id: string) => {
    setSent(true);
    await answerRun(run, question.step, id);
    setSent(false);
  };
  return (
    <section className="asked" aria-label="It asks you">
      <p role="alert">
        <MessageCircleQuestion size={15} aria-hidden />
        <span>
          {step ? (
            <span className="muted">
              <NodeText text={step.title} />:{" "}
            </span>
          ) : null}
          <NodeText text={question.question} />
        </span>
      </p>
      {question.answers.length === 0 ? <FreeAnswer sent={sent} send={(text) => void answer(text)} /> : null}
      <div className="actions">
        {question.answers.map(({ id, text }) => (
          <Button key={id} isDisabled={sent} onPress={() => void answer(id)}>
            <NodeText text={text} />
          </Button>
        ))}
      </div>
    </section>
  );
}

/** The question offers no answers: it is answered in words. */
function FreeAnswer({ sent, send }: { sent: boolean; send: (text: string) => void }) {
  const [typed, setTyped] = useState("");
  const ready = typed.trim() !== "" && !sent;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (ready) send(typed.trim());
  };
  return (
    <form className="free-answer" onSubmit={submit}>
      <Field label="Your answer" value={typed} onChange={setTyped} maxLength={LONGEST} autoComplete="off" />
      <Button type="submit" isDisabled={!ready}>
        Answer
      </Button>
    </form>
  );
}
