/** Gives the nodes of a typed list or pattern a name, to open them together again. */
import { type SubmitEvent, useState } from "react";
import { saveGroup } from "../host/intents.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { plural } from "../ui/format.ts";

export function SaveGroup({ targets }: { targets: string[] }) {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const close = () => setOpen(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    // A submit event of a dialog travels through React to the form around the button too.
    event.stopPropagation();
    if (await saveGroup({ name: name.trim(), targets })) close();
  };
  return (
    <>
      <Button onPress={() => setOpen(true)}>Save as a group…</Button>
      {open ? (
        <Dialog title={`Save ${plural(targets.length, "target")} as a group`} onCancel={close}>
          <form className="stack" onSubmit={(event) => void submit(event)}>
            <Field
              label="Name"
              value={name}
              onChange={setName}
              autoFocus
              help={`Letters, digits, dots, dashes. It is opened as group:${name.trim() || "name"}.`}
            />
            <div className="actions actions-end">
              <Button onPress={close}>Cancel</Button>
              <Button type="submit" variant="primary" isDisabled={name.trim() === ""}>
                Save
              </Button>
            </div>
          </form>
        </Dialog>
      ) : null}
    </>
  );
}
