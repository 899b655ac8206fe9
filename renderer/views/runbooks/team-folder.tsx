/** Where the team's own runbooks are read from, and choosing another folder where that is allowed. */
import { FolderOpen } from "lucide-react";
import { type SubmitEvent, useState } from "react";
import { useStore } from "zustand";
import type { ErrorData } from "../../../electron/core/errors.ts";
import { linkStore } from "../../host/link.ts";
import { setTeamFolder, useBooks } from "../../stores/runbooks/books.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { ErrorBlock } from "../../ui/message.tsx";

export function TeamFolder() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <IconButton icon={FolderOpen} label="Folder of the team's runbooks" onPress={() => setOpen(true)} />
      {open ? <FolderDialog close={() => setOpen(false)} /> : null}
    </>
  );
}

function FolderDialog({ close }: { close: () => void }) {
  const { folder } = useBooks();
  // A browser is not to read the folders of the machine the host runs on.
  const inBrowser = useStore(linkStore, (link) => link.status === "open" && link.info.mode === "browser");
  const [typed, setTyped] = useState(folder ?? "");
  const [refused, setRefused] = useState<ErrorData | null>(null);
  const use = async (path: string | null) => {
    const error = await setTeamFolder(path);
    setRefused(error);
    if (error === null) close();
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (typed.trim() !== "") void use(typed.trim());
  };
  return (
    <Dialog title="The team's own runbooks" onCancel={close}>
      <form className="stack" onSubmit={submit}>
        <p>
          Each is one YAML file with the same kinds of steps and no code. They are checked when they are read; what is
          wrong with one is told with its line, beside the book.
        </p>
        {refused ? <ErrorBlock error={refused} /> : null}
        {inBrowser ? (
          <p className="strong-note">
            In the browser no folder is opened. Choose it in the desktop app, or give it with --books to bpfdesk on the
            command line.
          </p>
        ) : (
          <Field label="Full path of the folder" value={typed} onChange={setTyped} mono autoFocus maxLength={4096} />
        )}
        <div className="actions actions-end">
          <Button onPress={close}>Close</Button>
          {folder === null || inBrowser ? null : <Button onPress={() => void use(null)}>Use none</Button>}
          {inBrowser ? null : (
            <Button type="submit" variant="primary" isDisabled={typed.trim() === ""}>
              Read this folder
            </Button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
