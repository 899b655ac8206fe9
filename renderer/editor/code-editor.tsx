/** A read-only editor with the translated code of a program; calls worth a look are marked. */
import { useEffect, useRef } from "react";
import { visibleText } from "../../electron/core/text/visible.ts";
import { useDark } from "../stores/theme.ts";
import { monaco, XLATED } from "./monaco.ts";
import { CALL_MEANINGS, markedCalls } from "./xlated.ts";

export default function CodeEditor({ text, label }: { text: string; label: string }) {
  const holder = useRef<HTMLDivElement>(null);
  const dark = useDark();
  useEffect(() => {
    if (!holder.current) return;
    // The text comes from a node: what could hide or reorder it is shown before the editor sees it.
    const model = monaco.editor.createModel(visibleText(text, true), XLATED);
    const editor = monaco.editor.create(holder.current, {
      model,
      readOnly: true,
      domReadOnly: true,
      ariaLabel: label,
      automaticLayout: true,
      minimap: { enabled: false },
      guides: { indentation: false },
      lineNumbers: "off",
      glyphMargin: true,
      folding: false,
      fontSize: 12,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--font-mono"),
      scrollBeyondLastLine: false,
      renderLineHighlight: "line",
      fixedOverflowWidgets: true,
    });
    editor.createDecorationsCollection(
      markedCalls(text).map(({ line, kind, helper }) => ({
        range: new monaco.Range(line, 1, line, 1),
        options: {
          isWholeLine: true,
          className: `call-line call-${kind}`,
          glyphMarginClassName: `call-glyph call-glyph-${kind}`,
          hoverMessage: { value: `${helper}: ${CALL_MEANINGS[kind]}` },
          overviewRuler: { color: "#c08a2b", position: monaco.editor.OverviewRulerLane.Right },
        },
      })),
    );
    return () => {
      editor.dispose();
      model.dispose();
    };
  }, [text, label]);
  useEffect(() => monaco.editor.setTheme(dark ? "bpfdesk-dark" : "bpfdesk-light"), [dark]);
  return <div ref={holder} className="code-editor" />;
}
