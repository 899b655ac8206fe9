/** One incident on one machine: brought about, looked at with `bpfdesk runbook`, and what is left. */
import type { Cli } from "../../support/cli.ts";
import type { Incident } from "./incidents.ts";
import { left } from "./leaks.ts";
import type { Machine } from "./machine.ts";
import { checkLines, type Line } from "./match.ts";
import { tryRemedy } from "./remedy.ts";
import { filled, prepared } from "./run-case.ts";

/** What is not as the incident says, in words; nothing when it holds. */
export function runIncident(machine: Machine, cli: Cli, one: Incident): Promise<string[]> {
  return prepared(machine, one, async ({ before, variables, endServers }) => {
    const inputs = Object.entries(filled(one.inputs, variables)).flatMap(([name, value]) => [
      "--input",
      `${name}=${value}`,
    ]);
    const lend = one.lend_bpftool ? ["--lend-bpftool"] : [];
    const args = ["runbook", one.runbook, machine.target, ...inputs, ...lend, "--json", ...machine.login];
    const ran = await cli.run(args);
    // 2 with an answer: nothing could be told, which is right for some.
    if (![0, 1, 2].includes(ran.code ?? -1) || ran.stdout === "") return [`it ended with ${ran.code}: ${ran.stderr}`];
    const { verdicts } = JSON.parse(ran.stdout) as { verdicts: Line[] };
    const remedied = one.remedy ? await tryRemedy(machine, cli, one.remedy, verdicts, args) : [];
    const leaks = (await left(machine.admin, before)).map((line) => `left in the kernel: ${line}`);
    await endServers();
    const confirmed = verdicts.filter(({ verdict }) => verdict === "confirmed").map(({ kind }) => String(kind));
    const kinds = [...new Set(confirmed)].sort().join(", ");
    const wanted = [...new Set(one.confirmed)].sort().join(", ");
    return [
      ...leaks,
      ...remedied,
      ...(kinds === wanted ? [] : [`confirmed is ${kinds || "nothing"} instead of ${wanted || "nothing"}`]),
      ...one.expect.flatMap((expectation) => checkLines(expectation, verdicts, variables)),
    ];
  });
}
