/** One incident on one machine: brought about, looked at with its runbook, and what is left. */
import type { RunbookVerdict } from "../../../electron/core/runbook/types.ts";
import type { Desk } from "./desk.ts";
import type { Incident } from "./incidents.ts";
import { left } from "./leaks.ts";
import type { Machine } from "./machine.ts";
import { checkLines, type Line } from "./match.ts";
import { tryRemedy } from "./remedy.ts";
import { filled, prepared } from "./run-case.ts";

/** What is not as the incident says, in words; nothing when it holds. */
export function runIncident(place: { machine: Machine; desk: Desk }, one: Incident): Promise<string[]> {
  const { machine, desk } = place;
  return prepared(machine, one, async ({ before, variables, endServers }) => {
    const inputs = filled(one.inputs, variables);
    const run = () => desk.run(one.runbook, inputs);
    const verdicts = await run();
    const remedied = one.remedy ? await tryRemedy(place, one.remedy, verdicts, run) : [];
    // Its files stay for the next incident, until the desk leaves the node.
    const leaks = (await left(machine.admin, before)).filter((line) => !line.startsWith("file "));
    await endServers();
    const kinds = list(verdicts.filter(({ verdict }) => verdict === "confirmed").map(({ kind }) => kind));
    const wanted = list(one.confirmed);
    const wrong = [
      ...(kinds === wanted ? [] : [`confirmed is ${kinds || "nothing"} instead of ${wanted || "nothing"}`]),
      ...one.expect.flatMap((expectation) => checkLines(expectation, verdicts.map(asLine), variables)),
    ];
    const said = wrong.length === 0 ? [] : [`All that was said: ${verdicts.map(shown).join("")}`];
    return [...wrong, ...remedied, ...leaks.map((line) => `left in the kernel: ${line}`), ...said];
  });
}

const list = (kinds: readonly string[]) => [...new Set(kinds)].sort().join(", ");

const asLine = (verdict: RunbookVerdict): Line => ({ ...verdict });

const shown = ({ verdict, kind, subject, meaning, missing, evidence }: RunbookVerdict) =>
  `\n  ${verdict} ${kind}: ${subject}. ${meaning} ${JSON.stringify(missing)} ${JSON.stringify(evidence).slice(0, 1500)}`;
