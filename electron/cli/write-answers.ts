/** Answers on stdout as their turn comes: one alone, several under their names. Each is let go once written. */
import { visibleText } from "../core/text/visible.ts";
import { EXIT } from "./exit.ts";
import { print } from "./out.ts";
import { paint } from "./paint.ts";
import type { Answer, Flags } from "./run.ts";

/** An answer, under its target's name unless it stands alone. */
export interface Named {
  name: string | null;
  answer: Answer;
}

/** Returns the worst of their exit codes. */
export async function writeAnswers(answers: Promise<Named>[], flags: Pick<Flags, "json" | "color">): Promise<number> {
  let worst: number = EXIT.ok;
  let written = 0;
  for (const next of answers) {
    const { name, answer } = await next;
    worst = Math.max(worst, answer.code);
    if (flags.json && answer.json !== undefined) {
      const text = JSON.stringify(answer.json, null, 2);
      if (name === null) await print(`${text}\n`);
      else await print(`${written === 0 ? '{\n  "nodes": {' : ","}\n    ${JSON.stringify(name)}: ${indented(text)}`);
      if (name !== null) written += 1;
    } else if (!flags.json && answer.text !== undefined) {
      const p = paint(flags.color && !process.env.NO_COLOR && process.stdout.isTTY);
      const heading = name === null ? "" : `${written === 0 ? "" : "\n"}${p.bold(`== ${visibleText(name)} ==`)}\n`;
      await print(`${heading}${answer.text}`);
      written += 1;
    }
  }
  if (flags.json && written > 0) await print("\n  }\n}\n");
  return worst;
}

const indented = (text: string) => text.replaceAll("\n", "\n    ");
