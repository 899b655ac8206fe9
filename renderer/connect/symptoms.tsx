/** Begin with what is wrong: a symptom chooses the runbook, then the node is chosen as always, and the book opens on it. */
import { X } from "lucide-react";
import { useState } from "react";
import { ToggleButton } from "react-aria-components";
import { usable, useBooks } from "../stores/runbooks/books.ts";
import { openBook } from "../stores/runbooks/form-store.ts";
import { withdrawView } from "../stores/view-request.ts";
import { Button } from "../ui/button.tsx";
import { NodeText } from "../ui/node-text.tsx";

export function Symptoms() {
  const books = usable(useBooks().list);
  const [chosen, setChosen] = useState<string | null>(null);
  const book = books.find(({ id }) => id === chosen);
  const choose = (id: string | null) => {
    setChosen(id);
    if (id === null) withdrawView();
    else openBook(id);
  };
  if (books.length === 0) return null;
  return (
    <section className="symptoms" aria-labelledby="symptoms-title">
      <h2 id="symptoms-title">What is wrong?</h2>
      <ul>
        {books.map((one) => (
          <li key={one.id}>
            <ToggleButton
              className="symptom"
              isSelected={one.id === chosen}
              onChange={(on) => choose(on ? one.id : null)}
            >
              <NodeText text={one.symptom} />
              <span className="muted">
                <NodeText text={one.title} />
              </span>
            </ToggleButton>
          </li>
        ))}
      </ul>
      <p role="status" className="with-icon">
        {book ? (
          <>
            <span>
              Now choose the node: the runbook <NodeText text={book.title} /> opens on it. Nothing runs before you start
              it.
            </span>
            <Button variant="quiet" icon={X} onPress={() => choose(null)}>
              Not this
            </Button>
          </>
        ) : (
          ""
        )}
      </p>
    </section>
  );
}
