/** `bpfdesk tracers`: which tracers there are; of a target, which of them its kernel can run and in what way. */
import { BpfdeskError } from "../core/errors.ts";
import { visibleText } from "../core/text/visible.ts";
import type { TracerManifest, TracerParam } from "../core/trace/manifest.ts";
import { readManifests } from "../host/trace/bundle.ts";
import type { TracerCheck } from "../shared/contract.ts";
import { EXIT } from "./exit.ts";
import { TRACERS } from "./host.ts";
import { type Paint, paint } from "./paint.ts";
import { report } from "./report.ts";
import { type Flags, inSession, leave } from "./run.ts";
import { openTerminal } from "./terminal.ts";
import { writeAnswer } from "./write-answers.ts";

export async function listTracers(target: string | undefined, flags: Flags, version: string): Promise<number> {
  const p = paint(flags.color && !process.env.NO_COLOR && process.stdout.isTTY);
  let all: TracerManifest[];
  try {
    all = await readManifests(TRACERS);
  } catch (error) {
    return report(error, openTerminal());
  }
  if (target === undefined) {
    await writeAnswer({ code: EXIT.ok, json: all, text: all.map((one) => about(one, p)).join("\n") }, flags);
    return EXIT.ok;
  }
  return inSession([target], { ...flags, quiet: true }, version, mustBeOne, async ({ client, targets, terminal }) => {
    const [opened] = targets;
    if (!opened) throw new Error("one target was planned");
    let code: number = EXIT.ok;
    try {
      const check = await client.call("tracers.check", await opened.ready());
      await writeAnswer({ code, json: check, text: printCheck(all, check, p) }, flags);
    } catch (error) {
      code = report(error, terminal);
    }
    return Math.max(code, await leave(opened, terminal));
  });
}

async function mustBeOne({ targets }: { targets: string[] }): Promise<void> {
  if (targets.length === 1) return;
  throw new BpfdeskError({
    code: "one-target",
    message: `One target is looked at, and these are ${targets.length}.`,
    hint: "Name one: no list, pattern or group.",
  });
}

function about({ name, question, summary, params, cost, cost_note }: TracerManifest, p: Paint): string {
  return [
    `${p.bold(name)}  ${question}`,
    `  ${summary}`,
    `  Cost: ${cost}. ${cost_note}`,
    ...params.map((param) => `  --param ${param.name}=…  ${param.description}${bounds(param)}`),
    "",
  ].join("\n");
}

function bounds({ default: fallback, values, min, max, required }: TracerParam): string {
  const said = [
    ...(required ? ["must be given"] : []),
    ...(values ? [`one of ${values.join(", ")}`] : []),
    ...(min === undefined ? [] : [`at least ${min}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
    ...(fallback === undefined ? [] : [`${fallback} if not given`]),
  ];
  return said.length === 0 ? "" : ` (${said.join("; ")})`;
}

function printCheck(all: readonly TracerManifest[], check: TracerCheck, p: Paint): string {
  const names = all.map(({ name }) => name).filter((name) => check.tracers[name]);
  const missing = Object.entries(check.features).filter(([, { available }]) => !available);
  const lines = [
    `Kernel ${visibleText(`${check.kernel}, ${check.arch}`)}`,
    ...names.flatMap((name) => {
      const { variant, proves, refused, fallbacks } = check.tracers[name] ?? neither;
      const way = visibleText(`${variant}: proves ${proves}`);
      return [
        `${p.bold(name)}  ${variant === null ? p.alarm(`cannot run: ${visibleText(refused ?? "no reason was given")}`) : way}`,
        ...fallbacks.map(({ wanted, why }) => visibleText(`  not ${wanted}: ${why}`)),
      ];
    }),
    ...(missing.length === 0 ? [] : ["Not offered by this kernel:"]),
    ...missing.map(([name, { why }]) => visibleText(`  ${name}: ${why}`)),
  ];
  return `${lines.join("\n")}\n`;
}

const neither: TracerCheck["tracers"][string] = { variant: null, proves: "", refused: null, fallbacks: [] };
