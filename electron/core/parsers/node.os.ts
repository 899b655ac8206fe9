/** `/etc/os-release`: shell-quoted `NAME=value` lines. */
import { defineParser, type Parsed } from "../parse.ts";
import { splitLines } from "./lib/lines.ts";
import { quote, Warnings } from "./lib/warnings.ts";

export interface NodeOs {
  id: string | null;
  name: string | null;
  version_id: string | null;
  version_codename: string | null;
  pretty_name: string | null;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "node.os": NodeOs;
  }
}

export default defineParser({ section: "node.os", lines: true, parse });

function parse(text: string): Parsed<NodeOs> {
  const warnings = new Warnings();
  const values = new Map<string, string>();
  splitLines(text).forEach((line, index) => {
    const pair = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
    if (pair) values.set(pair[1] ?? "", unquoted((pair[2] ?? "").trim()));
    else if (!/^\s*(#|$)/.test(line)) {
      warnings.add("odd-line", `Not understood: ${quote(line)}.`, `line ${index + 1}`);
    }
  });
  const value: NodeOs = {
    id: values.get("ID") ?? null,
    name: values.get("NAME") ?? null,
    version_id: values.get("VERSION_ID") ?? null,
    version_codename: values.get("VERSION_CODENAME") ?? null,
    pretty_name: values.get("PRETTY_NAME") ?? null,
    raw: Object.fromEntries(values),
  };
  return { value, warnings: warnings.list() };
}

/** Undoes the quoting os-release(5) allows: '…', or "…" with backslash escapes. */
function unquoted(text: string): string {
  if (text.length >= 2 && text.startsWith("'") && text.endsWith("'")) return text.slice(1, -1);
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  return text.slice(1, -1).replace(/\\([\\"$`])/g, "$1");
}
