/** The translated code of one program, as bpftool prints it. The editor is loaded when it is needed. */
import { Code2 } from "lucide-react";
import { lazy, Suspense } from "react";
import { useStore } from "zustand";
import { disassemble, disassemblyStore } from "../../stores/disassembly.ts";
import { useNode } from "../../stores/use-node.ts";
import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { EmptyState, ErrorBlock, Loading } from "../../ui/message.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import { defineView } from "../define.ts";

const CodeEditor = lazy(() => import("../../editor/code-editor.tsx"));

function Disassembly() {
  const shown = useStore(disassemblyStore);
  const node = useNode();
  // The code of another node's program with the same id must never be shown as this one's.
  if (shown.state === "none" || shown.node !== node?.node) {
    return (
      <EmptyState icon={Code2} title="No program was asked for">
        Select a program and press Disassemble in the inspector.
      </EmptyState>
    );
  }
  if (shown.state === "loading") return <Loading what={`Reading the code of program ${shown.prog_id}…`} />;
  if (shown.state === "failed") {
    return (
      <ErrorBlock
        error={shown.error}
        actions={<Button onPress={() => void disassemble(shown.node, shown.prog_id, shown.name)}>Try again</Button>}
      />
    );
  }
  return (
    <section className="code-view" aria-label={`Translated code of program ${shown.prog_id}`}>
      <header className="table-bar">
        <NodeText text={shown.name} mono /> <span className="muted">id {shown.prog_id}, translated code</span>
        <span className="grow" />
        <span className="muted">Ctrl F finds</span>
        <CopyButton text={shown.text} what="code" />
      </header>
      <Suspense fallback={<Loading what="Opening the editor…" />}>
        <CodeEditor text={shown.text} label={`Translated code of program ${shown.prog_id}`} />
      </Suspense>
    </section>
  );
}

export default defineView({
  id: "disassembly",
  title: "Disassembly",
  icon: Code2,
  order: 60,
  scope: "node",
  place: "main",
  Component: Disassembly,
});
