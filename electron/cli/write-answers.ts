/** Answers on stdout: one alone, or several under their names in the order given. */
import { visibleText } from "../core/text/visible.ts";
import { EXIT } from "./exit.ts";
import { print } from "./out.ts";
import { paint } from "./paint.ts";
import type { Answer, Flags } from "./run.ts";

type Form = Pick<Flags, "json" | "color">;

/** An answer as text that waits for its place; the objects it was made of are many times larger. */
export interface Rendered {
  code: number;
  /** Null for a command that prints nothing. */
  text: string | null;
}

/** One answer that stands alone. */
export async function writeAnswer({ json, text }: Answer, form: Form): Promise<void> {
  if (form.json && json !== undefined) await print(`${JSON.stringify(json, null, 2)}\n`);
  if (!form.json && text !== undefined) await print(text);
}

/** One of several, under its name. */
export function rendered(name: string, { code, json, text }: Answer, form: Form): Rendered {
  if (form.json) {
    if (json === undefined) return { code, text: null };
    return { code, text: `${JSON.stringify(name)}: ${JSON.stringify(json, null, 2).replaceAll("\n", "\n    ")}` };
  }
  const p = paint(form.color && !process.env.NO_COLOR && process.stdout.isTTY);
  return { code, text: text === undefined ? null : `${p.bold(`== ${visibleText(name)} ==`)}\n${text}` };
}

/** Writes each when its turn has come and lets it go. Returns the worst of their exit codes. */
export async function writeAnswers(answers: Promise<Rendered>[], form: Form): Promise<number> {
  const [begin, between, end] = form.json ? ['{\n  "nodes": {\n    ', ",\n    ", "\n  }\n}\n"] : ["", "\n", ""];
  let worst: number = EXIT.ok;
  let written = 0;
  for (let next = answers.shift(); next; next = answers.shift()) {
    const { code, text } = await next;
    worst = Math.max(worst, code);
    if (text === null) continue;
    await print(`${written === 0 ? begin : between}${text}`);
    written += 1;
  }
  if (written > 0) await print(end);
  return worst;
}
