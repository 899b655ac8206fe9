/** `bpfdesk compare`: two targets side by side. Both must be seen; what differs between them is the answer. */

import { BpfdeskError } from "../core/errors.ts";
import { compareNodes } from "../core/fleet/compare-nodes.ts";
import type { Datapath } from "../core/model/types.ts";
import { namedTerminal } from "./asker.ts";
import { EXIT } from "./exit.ts";
import { notesOn } from "./notes.ts";
import type { OpenTarget } from "./open.ts";
import { paint } from "./paint.ts";
import { printComparison } from "./print-comparison.ts";
import { report } from "./report.ts";
import { type Answer, type Flags, inSession, leave, type Session } from "./run.ts";
import { writeAnswer } from "./write-answers.ts";

/** Exit code 0: nothing differs, 1: something does, 2: one of them could not be seen, or not whole. */
export function compareTwo(left: string, right: string, flags: Flags, version: string): Promise<number> {
  return inSession([left, right], flags, version, mustBeTwo, async (session) => {
    const [a, b] = session.targets;
    if (!a || !b) throw new Error("two targets were planned");
    const [ours, theirs] = await Promise.all([look(session, a), look(session, b)]);
    const worst = Math.max(ours.code, theirs.code);
    if (!ours.datapath || !theirs.datapath) return worst;
    const comparison = compareNodes(ours.datapath, theirs.datapath);
    const p = paint(flags.color && !process.env.NO_COLOR && process.stdout.isTTY);
    const answer: Answer = {
      code: Math.max(worst, comparison.differs ? EXIT.findings : EXIT.ok),
      json: {
        ...comparison,
        left: { target: left, ...comparison.left },
        right: { target: right, ...comparison.right },
      },
      text: printComparison(comparison, [a.name, b.name], p),
    };
    await writeAnswer(answer, flags);
    return answer.code;
  });
}

async function mustBeTwo({ targets }: { targets: string[] }): Promise<void> {
  if (targets.length === 2) return;
  throw new BpfdeskError({
    code: "two-targets",
    message: `Two targets are compared, and these are ${targets.length}.`,
    hint: "Name one on either side: no list, pattern or group.",
  });
}

async function look({ terminal }: Session, target: OpenTarget): Promise<{ code: number; datapath: Datapath | null }> {
  const named = namedTerminal(terminal, target.name);
  let datapath: Datapath | null = null;
  let code: number = EXIT.ok;
  try {
    const opened = await target.look();
    for (const line of notesOn(opened)) named.say(line);
    datapath = opened.datapath;
    if (opened.cut) code = report(new BpfdeskError(opened.cut), terminal, target.name);
  } catch (error) {
    code = report(error, terminal, target.name);
  }
  return { datapath, code: Math.max(code, await leave(target, named)) };
}
