/** Opens a snapshot or session file by handing its bytes to the host, which alone reads what is in it. */
import { useRef } from "react";
import { connectNode } from "../host/intents.ts";
import { notify } from "../stores/notice.ts";
import { Button } from "../ui/button.tsx";

/** The link to the host carries a file in one message, which has a limit (electron/server). */
const MAX_BYTES = 200 * 1024 * 1024;

export function FileDoor() {
  const input = useRef<HTMLInputElement>(null);
  const open = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > MAX_BYTES) {
      notify({
        kind: "error",
        text: `${file.name} is larger than 200 MiB.`,
        hint: "Open it with bpfdesk on the command line.",
      });
      return;
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    await connectNode({ kind: "bytes", name: file.name, bytes });
  };
  return (
    <>
      <p className="muted">A node as it was recorded; everything but live commands works.</p>
      <input
        ref={input}
        type="file"
        className="visually-hidden"
        tabIndex={-1}
        aria-label="Snapshot or session file"
        onChange={(event) => {
          void open(event.target.files?.[0]);
          event.target.value = "";
        }}
      />
      <Button onPress={() => input.current?.click()}>Open a file…</Button>
    </>
  );
}
