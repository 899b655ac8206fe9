/** One incident on one machine: brought about, looked at with its runbook, and what is left. */
import type { Cli } from "../../support/cli.ts";
import type { Desk } from "./desk.ts";
import type { Incident } from "./incidents.ts";
import { left } from "./leaks.ts";
import type { Machine } from "./machine.ts";
import { checkLines, type Line } from "./match.ts";
import { tryRemedy } from "./remedy.ts";
import { filled, prepared } from "./run-case.ts";

interface Tools {
  machine: Machine;
  desk: Desk;
  cli: Cli;
}

/** What is not as the incident says, in words; nothing when it holds. */
export function runIncident({ machine, desk, cli }: Tools, one: Incident): Promise<string[]> {
  return prepared(machine, one, async ({ before, variables, endServers }) => {
    const inputs = filled(one.inputs, variables);
    const words = Object.entries(inputs).flatMap(([name, value]) => ["--input", `${name}=${value}`]);
    const lend = one.lend_bpftool ? ["--lend-bpftool"] : [];
    const args = ["runbook", one.runbook, machine.target, ...words, ...lend, "--json", ...machine.login];
    const verdicts = one.remedy || one.lend_bpftool ? await byCli(cli, args) : await desk.run(one.runbook, inputs);
    const remedied = one.remedy ? await tryRemedy(machine, cli, one.remedy, verdicts, args) : [];
    const leaks = (await left(machine.admin, before)).map((line) => `left in the kernel: ${line}`);
    await endServers();
    const confirmed = verdicts.filter(({ verdict }) => verdict === "confirmed").map(({ kind }) => String(kind));
    const kinds = [...new Set(confirmed)].sort().join(", ");
    const wanted = [...new Set(one.confirmed)].sort().join(", ");
    const wrong = [
      ...(kinds === wanted ? [] : [`confirmed is ${kinds || "nothing"} instead of ${wanted || "nothing"}`]),
      ...one.expect.flatMap((expectation) => checkLines(expectation, verdicts, variables)),
    ];
    const said = wrong.length === 0 ? [] : [`All that was said: ${verdicts.map(shown).join("")}`];
    return [...leaks, ...remedied, ...wrong, ...said];
  });
}

async function byCli(cli: Cli, args: readonly string[]): Promise<Line[]> {
  const ran = await cli.run(args);
  // 2 with an answer: nothing could be told, which is right for some.
  if (![0, 1, 2].includes(ran.code ?? -1) || ran.stdout === "")
    throw new Error(`it ended with ${ran.code}: ${ran.stderr}`);
  return (JSON.parse(ran.stdout) as { verdicts: Line[] }).verdicts;
}

const shown = ({ verdict, kind, subject, meaning, missing, evidence }: Line) =>
  `\n  ${verdict} ${kind}: ${subject}. ${meaning} ${JSON.stringify(missing)} ${JSON.stringify(evidence).slice(0, 1500)}`;
