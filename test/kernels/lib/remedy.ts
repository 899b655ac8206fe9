/** What an incident's runbook proposes, done at a terminal by who types its word, verified, and taken back. */
import type { Cli } from "../../support/cli.ts";
import type { Remedy } from "./incidents.ts";
import type { Machine } from "./machine.ts";
import { at, type Line } from "./match.ts";

/** What was not as it should be, in words. `args`: of the run that found the verdicts, which changed nothing. */
export async function tryRemedy(
  machine: Machine,
  cli: Cli,
  { kind, typed, same }: Remedy,
  verdicts: readonly Line[],
  args: readonly string[],
): Promise<string[]> {
  const look = async () => (await machine.script(`echo SEEN=$({ ${same}; } | base64 -w 0)`, {})).SEEN;
  const [found, ...more] = verdicts.filter((verdict) => verdict.kind === kind);
  if (!found || more.length > 0) return [`there are ${more.length + (found ? 1 : 0)} verdicts ${kind} to remedy`];
  const plan_id = at(found, "proposal.plan.plan_id");
  if (typeof plan_id !== "string") return [`${kind} has no plan: ${JSON.stringify(found.proposal)}`];
  const before = await look();
  const ran = await cli.onTerminal(
    [...args, "--apply", plan_id],
    [
      [`Type ${typed} to make this change`, `${typed}\n`],
      ["type undo to put it back", "undo\n"],
    ],
  );
  const told = (text: string) => (ran.stderr.includes(text) ? [] : [`it does not say "${text}": ${ran.stderr}`]);
  const still = (JSON.parse(ran.stdout) as { verdicts: Line[] }).verdicts.filter(
    (verdict) => verdict.kind === kind && verdict.verdict !== "ruled_out",
  );
  return [
    ...told("The change was made and the checks passed"),
    ...told("It was put back (undo), exactly as it was"),
    ...still.map((verdict) => `with the change made it is still ${verdict.verdict}: ${verdict.meaning}`),
    ...((await look()) === before ? [] : ["what is attached is not what was there before"]),
  ];
}
