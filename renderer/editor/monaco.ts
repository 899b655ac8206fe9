/**
 * The only door to Monaco: the editor with the few features that are used, registered one by one,
 * its worker and its themes. Everything here is loaded when the first code is shown.
 */
import * as monaco from "monaco-editor/editor";
import "monaco-editor/features/find/register";
import "monaco-editor/features/gotoLine/register";
import "monaco-editor/features/hover/register";
import "monaco-editor/features/clipboard/register";
import "monaco-editor/features/wordHighlighter/register";
import EditorWorker from "monaco-editor/editor/editor.worker?worker";
import { xlatedLanguage } from "./xlated.ts";

export const XLATED = "bpf-xlated";

globalThis.MonacoEnvironment = { getWorker: () => new EditorWorker() };

monaco.languages.register({ id: XLATED });
monaco.languages.setMonarchTokensProvider(XLATED, xlatedLanguage as monaco.languages.IMonarchLanguage);

// Colours follow styles/tokens.css; Monaco takes no custom properties.
const rules = (dark: boolean): monaco.editor.ITokenThemeRule[] => {
  const colour = (light: string, onDark: string) => (dark ? onDark : light);
  return [
    { token: "comment", foreground: colour("535e6e", "a3aebd") },
    { token: "line", foreground: colour("535e6e", "a3aebd") },
    { token: "opcode", foreground: colour("535e6e", "a3aebd") },
    { token: "type", foreground: colour("0b6a6f", "63cdd2"), fontStyle: "bold" },
    { token: "keyword", foreground: colour("7a3d99", "cf9bea") },
    { token: "helper", foreground: colour("1558c0", "8ebcff"), fontStyle: "bold" },
    { token: "tailcall", foreground: colour("855000", "f3b95a"), fontStyle: "bold" },
    { token: "map", foreground: colour("1b6b33", "78d192") },
    { token: "jump", foreground: colour("855000", "f3b95a") },
    { token: "register", foreground: colour("1b2330", "e4e8ee") },
    { token: "size", foreground: colour("0b6a6f", "63cdd2") },
    { token: "number", foreground: colour("8a4b12", "eeb07c") },
  ];
};
monaco.editor.defineTheme("bpfdesk-light", {
  base: "vs",
  inherit: true,
  rules: rules(false),
  colors: { "editor.background": "#ffffff" },
});
monaco.editor.defineTheme("bpfdesk-dark", {
  base: "vs-dark",
  inherit: true,
  rules: rules(true),
  colors: { "editor.background": "#1f242b" },
});

export { monaco };
