/**
 * `bpfdesk …`: the same host as the windows, for terminals and pipelines.
 *
 * stdout carries results only (JSON only with --json); everything said to a person goes to stderr.
 */
import { Command, InvalidArgumentError, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import type { Finding } from "../core/model/types.ts";
import { toTopology } from "../core/topology/topology.ts";
import { crashWithoutValues } from "../host/crash.ts";
import { compareTwo } from "./compare.ts";
import { EXIT } from "./exit.ts";
import { notesOn } from "./notes.ts";
import { allowReadersToLeave } from "./out.ts";
import { paint } from "./paint.ts";
import { printFindings } from "./print-findings.ts";
import { printTopology } from "./print-topology.ts";
import { type Flags, runOn, type Work } from "./run.ts";
import { listRunbooks, type RunbookFlags, runbookOn } from "./runbook.ts";
import { snapshotWork } from "./snapshot.ts";
import { type TraceFlags, traceOn } from "./trace.ts";
import { listTracers } from "./tracers.ts";

const CODES = `
Exit codes:
  0  nothing found, or the command has nothing to find and worked
  1  findings: at least one finding of severity warning or critical
  2  error: the reason, the step and what to try are on stderr`;

const SEVERAL = `
Several targets: give them one after the other, or
  'node-*' '!node-3'   patterns over the hosts of ~/.ssh/config; ! takes away
  @file                a target, pattern or group on each line, # begins a comment
  group:name           a group that was saved in the app
Their answers are keyed by target: headings, or {"nodes": {"<target>": …}} with --json (of
docs/schema/nodes.schema.json); one that fails has {"error": …}. The exit code is the worst.`;

const program = new Command("bpfdesk")
  .description("See the eBPF datapath of a node in the order its kernel runs it.")
  .version(packageJson.version)
  .showHelpAfterError("(--help shows what there is)")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.error))
  .addHelpText(
    "after",
    `
Examples:
  bpfdesk topology node-7                     what is attached where; an ssh alias
  bpfdesk findings root@10.0.0.7:2222 --json  for a pipeline: exit code 1 when something is wrong
  bpfdesk snapshot node-7 -o before.bpfdesk-snapshot
  bpfdesk findings before.bpfdesk-snapshot    a record is a target like a live node
  bpfdesk findings 'node-*' '!node-3'         several nodes at once; @file and group:name too
  bpfdesk compare node-3 node-7               what differs between two nodes
  bpfdesk trace drops node-7 --for 30s        run a tracer; bpfdesk tracers says which there are
  bpfdesk runbook stale-filters node-7        from a symptom to its cause
${CODES}`,
  );

/** Options every command has, which say how nodes are reached. */
function withLogin(command: Command): Command {
  return command
    .option("-i, --identity <file>", "private key to use")
    .option("--known-hosts <file>", "known_hosts file to check and write, not the configured ones")
    .option("--sudo", "root or nothing: ask for the password of sudo where it wants one, fail without root")
    .option("--session <file>", "record into this session file")
    .option("--lend-bpftool", "lend the node bpfdesk's own bpftool without asking when its own cannot see everything")
    .addOption(new Option("--no-color", "no escape sequences"));
}

/** A sub-command on targets, with the options all of them share. */
function onTargets<F extends Flags>(
  name: string,
  about: { description: string; examples: string },
  work: (flags: F) => Work,
): Command {
  const command = program
    .command(name)
    .description(about.description)
    .argument("<target...>", "ssh alias, user@host:port, local, a snapshot or session file; or several, see below");
  return withLogin(command)
    .option("--concurrency <n>", "how many nodes connect and collect at a time (default: 8)", places)
    .addHelpText("after", `\nExamples:\n${about.examples}\n${SEVERAL}\n${CODES}`)
    .action(async (targets: string[], flags: F) => {
      process.exitCode = await runOn(targets, flags, packageJson.version, work(flags));
    });
}

function places(text: string): number {
  const n = Number(text);
  if (Number.isInteger(n) && n >= 1 && n <= 64) return n;
  throw new InvalidArgumentError("It must be a number from 1 to 64.");
}

const worth = (finding: Finding) => finding.severity !== "info";
const painted = (flags: Flags) => paint(flags.color && !process.env.NO_COLOR && process.stdout.isTTY);

onTargets<Flags & { output: string }>(
  "snapshot",
  {
    description: "Record everything about a node's datapath into one file, of several nodes into a file each.",
    examples: `  bpfdesk snapshot node-7 -o node-7.bpfdesk-snapshot
  bpfdesk snapshot node-7 -o - | ssh archive 'cat > node-7.bpfdesk-snapshot'
  bpfdesk snapshot 'node-*' -o before-upgrade/`,
  },
  ({ output }) => snapshotWork(output),
).requiredOption("-o, --output <file>", "file to write; - for stdout; of several targets the folder for their files");

onTargets(
  "topology",
  {
    description: "Print what is attached where, in execution order.",
    examples: `  bpfdesk topology node-7
  bpfdesk topology local --sudo
  bpfdesk topology node-7 --json | jq '.interfaces[] | select(.pod == "shop/cart-7d9f")'`,
  },
  (flags) => ({
    answer: async ({ opened: { datapath } }) =>
      flags.json
        ? { code: EXIT.ok, json: toTopology(datapath) }
        : { code: EXIT.ok, text: printTopology(datapath, painted(flags)) },
  }),
).option("--json", "JSON of docs/schema/topology.schema.json on stdout and nothing else");

onTargets(
  "findings",
  {
    description: "Print what a person should look at; exit code 1 when there is a warning or worse.",
    examples: `  bpfdesk findings node-7
  bpfdesk findings node-7 --sudo --json > findings.json
  bpfdesk findings 'node-*' '!node-3' --json | jq '.nodes | map_values(.findings | length)'`,
  },
  (flags) => ({
    async answer({ opened }) {
      const { node, findings } = toTopology(opened.datapath);
      const code = opened.datapath.findings.some(worth) ? EXIT.findings : EXIT.ok;
      if (flags.json) return { code, json: { node: node.hostname, findings } };
      return { code, text: printFindings(opened.datapath.findings, notesOn(opened).length === 0, painted(flags)) };
    },
  }),
).option("--json", "JSON of docs/schema/findings.schema.json on stdout and nothing else");

withLogin(
  program
    .command("compare")
    .description("Print what differs between two nodes, or two records; exit code 1 when something does.")
    .argument("<left>", "a target as of the other commands")
    .argument("<right>", "another one"),
)
  .option("--json", "JSON of docs/schema/comparison.schema.json on stdout and nothing else")
  .addHelpText(
    "after",
    `
Examples:
  bpfdesk compare node-3 node-7
  bpfdesk compare before.bpfdesk-snapshot node-7 --json

Exit codes:
  0  nothing differs
  1  something differs
  2  error: the reason, the step and what to try are on stderr`,
  )
  .action(async (left: string, right: string, flags: Flags) => {
    process.exitCode = await compareTwo(left, right, flags, packageJson.version);
  });

withLogin(
  program
    .command("tracers")
    .description("Print which tracers there are; of a target, which its kernel can run and in what way.")
    .argument("[target]", "a live target as of the other commands"),
)
  .option("--json", "the tracers' descriptions, or the target's features and variants, as JSON on stdout")
  .action(async (target: string | undefined, flags: Flags) => {
    process.exitCode = await listTracers(target, flags, packageJson.version);
  });

withLogin(
  program
    .command("trace")
    .description("Run one of bpfdesk's own tracers on live nodes and print what it sees as it sees it.")
    .argument("<name>", "the tracer, see bpfdesk tracers")
    .argument("<target...>", "ssh alias, user@host:port, local; or several, as of the other commands"),
)
  .option("--for <time>", "how long, as in 30s, 5m or 1h", seconds, 30)
  .option("--events <n>", "end after so many events", count)
  .option("--budget <percent>", "end or thin out when it costs more than this of one CPU", percent, 3)
  .option("--param <name=value>", "a parameter of the tracer; again for each", param, {})
  .option("--json", "the tracer's own JSON lines, of docs/schema/trace-line.schema.json, the summary last")
  .option("--concurrency <n>", "how many nodes connect and collect at a time (default: 8)", places)
  .addHelpText(
    "after",
    `
Examples:
  bpfdesk trace drops node-7
  bpfdesk trace dns node-7 --for 5m --json | jq 'select(.rcode == "NXDOMAIN")'
  bpfdesk trace verdict node-7 --param ifname=lxc1 --param direction=egress

Ctrl-C ends it as its time limit would: the summary still comes. A second one leaves at once.
Of several targets each line has "node".

Exit codes:
  0  it ended by itself or was stopped
  2  error: the reason, the step and what to try are on stderr`,
  )
  .action(async (name: string, targets: string[], flags: TraceFlags) => {
    process.exitCode = await traceOn(name, targets, flags, packageJson.version);
  });

withLogin(
  program
    .command("runbook")
    .description("Go through a runbook on live nodes: from a symptom to its cause, with what proves it.")
    .argument("[id]", "the runbook; without one, which there are")
    .argument("[target...]", "ssh alias, user@host:port, local; or several, as of the other commands"),
)
  .option("--input <name=value>", "an input of the runbook; again for each", param, {})
  .option("--json", "JSON of docs/schema/runbook.schema.json on stdout and nothing else")
  .option("--report <file>", "write a report in Markdown too: verdicts, evidence, the exact commands")
  .option("--books <folder>", "the team's own runbooks, YAML files, instead of the folder chosen in the app")
  .option("--against <file>", "compare with an earlier run, whose --json output the file holds")
  .option(
    "--apply <plan>",
    "make the change with this plan's id, after you have typed what it asks for at the terminal",
  )
  .option("--concurrency <n>", "how many nodes connect and collect at a time (default: 8)", places)
  .addHelpText(
    "after",
    `
Nothing is changed on any node without --apply and a person at the terminal who approves it.

Examples:
  bpfdesk runbook                                       which there are, and what they ask for
  bpfdesk runbook stale-filters node-7 --input interface=lxc1a2b3c
  bpfdesk runbook stale-filters 'node-*' --json > after-upgrade.json
  bpfdesk runbook stale-filters node-7 --against before.json --report incident.md
${SEVERAL}

Exit codes:
  0  nothing found
  1  something is confirmed or likely that a person should look at
  2  error: it could not look, did not come to its end, or nothing could be told`,
  )
  .action(async (id: string | undefined, targets: string[], flags: RunbookFlags) => {
    if (id !== undefined && targets.length === 0) program.error(`Give a target: bpfdesk runbook ${id} <target>`);
    process.exitCode =
      id === undefined ? await listRunbooks(flags) : await runbookOn(id, targets, flags, packageJson.version);
  });

function seconds(text: string): number {
  const [, digits = "", unit = "s"] = /^(\d{1,6})(s|m|h)?$/.exec(text) ?? [];
  const n = Number(digits) * { s: 1, m: 60, h: 3600 }[unit as "s" | "m" | "h"];
  if (n >= 1 && n <= 86_400) return n;
  throw new InvalidArgumentError("It must be a time from 1s to 24h, as in 30s, 5m or 1h.");
}

function count(text: string): number {
  const n = Number(text);
  if (Number.isInteger(n) && n >= 1 && n <= 1e9) return n;
  throw new InvalidArgumentError("It must be a whole number from 1 on.");
}

function percent(text: string): number {
  const n = Number(text);
  if (n >= 0.1 && n <= 100) return n;
  throw new InvalidArgumentError("It must be a number from 0.1 to 100.");
}

function param(text: string, before: Record<string, string>): Record<string, string> {
  const equals = text.indexOf("=");
  if (equals > 0) return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) };
  throw new InvalidArgumentError("It must be name=value.");
}

crashWithoutValues("bpfdesk", EXIT.error);
allowReadersToLeave();
await program.parseAsync();
