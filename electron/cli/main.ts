/**
 * `bpfdesk …`: the same host as the windows, for terminals and pipelines.
 *
 * stdout carries results only (JSON only with --json); everything said to a person goes to stderr.
 */
import { Command, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import type { Finding } from "../core/model/types.ts";
import { toTopology } from "../core/topology/topology.ts";
import { EXIT } from "./exit.ts";
import { notesOn } from "./notes.ts";
import { allowReadersToLeave, print } from "./out.ts";
import { paint } from "./paint.ts";
import { printFindings } from "./print-findings.ts";
import { printTopology } from "./print-topology.ts";
import { type Flags, type Run, runOn } from "./run.ts";
import { writeWhole } from "./write.ts";

const CODES = `
Exit codes:
  0  nothing found, or the command has nothing to find and worked
  1  findings: at least one finding of severity warning or critical
  2  error: the reason, the step and what to try are on stderr`;

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
${CODES}`,
  );

/** A sub-command on one target, with the options all of them share. */
function onTarget<F extends Flags>(
  name: string,
  about: { description: string; examples: string },
  work: (run: Run, flags: F) => Promise<number>,
): Command {
  return program
    .command(name)
    .description(about.description)
    .argument("<target>", "ssh alias, user@host:port, local, or a snapshot or session file")
    .option("-i, --identity <file>", "private key to use")
    .option("--known-hosts <file>", "known_hosts file to check and write, not the configured ones")
    .option("--sudo", "root or nothing: ask for the password of sudo where it wants one, fail without root")
    .option("--session <file>", "record into this session file")
    .option("--lend-bpftool", "lend the node bpfdesk's own bpftool without asking when its own cannot see everything")
    .addOption(new Option("--no-color", "no escape sequences"))
    .addHelpText("after", `\nExamples:\n${about.examples}\n${CODES}`)
    .action(async (target: string, flags: F) => {
      process.exitCode = await runOn(target, flags, packageJson.version, (run) => work(run, flags));
    });
}

const json = (value: unknown) => print(`${JSON.stringify(value, null, 2)}\n`);
const worth = (finding: Finding) => finding.severity !== "info";
const painted = (flags: Flags) => paint(flags.color && !process.env.NO_COLOR && process.stdout.isTTY);

onTarget<Flags & { output: string }>(
  "snapshot",
  {
    description: "Record everything about a node's datapath into one file.",
    examples: `  bpfdesk snapshot node-7 -o node-7.bpfdesk-snapshot
  bpfdesk snapshot node-7 -o - | ssh archive 'cat > node-7.bpfdesk-snapshot'`,
  },
  async ({ client, terminal, opened }, { output }) => {
    const { session_id, node } = opened;
    const { bytes } = await client.call("snapshot.export", { session_id, node });
    await writeWhole(output, bytes);
    if (output !== "-") terminal.say(`Wrote ${output} (${Math.ceil(bytes.length / 1024)} KiB).`);
    return EXIT.ok;
  },
).requiredOption("-o, --output <file>", "file to write; - for stdout");

onTarget(
  "topology",
  {
    description: "Print what is attached where, in execution order.",
    examples: `  bpfdesk topology node-7
  bpfdesk topology local --sudo
  bpfdesk topology node-7 --json | jq '.interfaces[] | select(.pod == "shop/cart-7d9f")'`,
  },
  async ({ opened }, flags) => {
    if (flags.json) await json(toTopology(opened.datapath));
    else await print(printTopology(opened.datapath, painted(flags)));
    return EXIT.ok;
  },
).option("--json", "JSON of docs/schema/topology.schema.json on stdout and nothing else");

onTarget(
  "findings",
  {
    description: "Print what a person should look at; exit code 1 when there is a warning or worse.",
    examples: `  bpfdesk findings node-7
  bpfdesk findings node-7 --sudo --json > findings.json`,
  },
  async ({ opened }, flags) => {
    const { node, findings } = toTopology(opened.datapath);
    if (flags.json) await json({ node: node.hostname, findings });
    else await print(printFindings(opened.datapath.findings, notesOn(opened).length === 0, painted(flags)));
    return opened.datapath.findings.some(worth) ? EXIT.findings : EXIT.ok;
  },
).option("--json", "JSON of docs/schema/findings.schema.json on stdout and nothing else");

allowReadersToLeave();
await program.parseAsync();
