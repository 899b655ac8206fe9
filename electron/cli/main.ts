/**
 * `bpfdesk …`: the same host as the windows, for terminals and pipelines.
 *
 * stdout carries results only (JSON only with --json); everything said to a person goes to stderr.
 */
import { resolve } from "node:path";
import { Command, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { BpfdeskError } from "../core/errors.ts";
import type { Finding } from "../core/model/types.ts";
import { toTopology } from "../core/topology/topology.ts";
import { userDataDir } from "../host/data-dir.ts";
import { createService } from "../host/service.ts";
import { type Client, createClient } from "../shared/rpc/client.ts";
import { memoryPorts } from "../shared/rpc/memory-port.ts";
import { serve } from "../shared/rpc/server.ts";
import { EXIT } from "./exit.ts";
import { type Opened, type OpenOptions, openTarget } from "./open.ts";
import { paint, printFindings, printTopology } from "./print.ts";
import { openTerminal, type Terminal } from "./terminal.ts";
import { writeWhole } from "./write.ts";

interface CommonFlags {
  identity?: string;
  knownHosts?: string;
  sudo?: boolean;
  session?: string;
  color: boolean;
  json?: boolean;
  lendBpftool?: boolean;
}

interface Run {
  client: Client;
  terminal: Terminal;
  opened: Opened;
}

/** Opens the target, hands it to `work`, closes everything, and turns errors into exit code 2. */
async function withTarget(target: string, flags: CommonFlags, work: (run: Run) => Promise<number>): Promise<void> {
  const terminal = openTerminal();
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  try {
    process.exitCode = await withClient(flags, async (client) => {
      const options: OpenOptions = {
        ...(flags.identity ? { identity_file: flags.identity } : {}),
        sudo: flags.sudo ?? false,
        lend_bpftool: flags.lendBpftool ?? false,
        progress: !flags.json && process.stderr.isTTY,
        signal: interrupted.signal,
      };
      const opened = await openTarget(client, terminal, target, options);
      if (!opened.complete) terminal.say("The collection was cut off; this is the part that arrived.");
      const code = await work({ client, terminal, opened });
      await client.call("node.disconnect", { session_id: opened.session_id, node: opened.node });
      return code;
    });
  } catch (error) {
    report(error, terminal);
    process.exitCode = EXIT.error;
  } finally {
    process.removeListener("SIGINT", interrupt);
    process.removeListener("SIGTERM", interrupt);
  }
}

async function withClient(flags: CommonFlags, work: (client: Client) => Promise<number>): Promise<number> {
  const service = createService({
    resourcesDir: resolve(import.meta.dirname, "../../resources"),
    dataDir: userDataDir(),
    mode: "desktop",
    version: packageJson.version,
    session_path: flags.session ? resolve(flags.session) : ":memory:",
    ...(flags.knownHosts ? { known_hosts: resolve(flags.knownHosts) } : {}),
  });
  const [ours, theirs] = memoryPorts();
  serve(theirs, service.handlers);
  const client = createClient(ours);
  try {
    return await work(client);
  } finally {
    await service.close();
    client.close();
  }
}

/** Phase, what happened, what to try. Exceptions that are not data are bugs and say so. */
function report(error: unknown, terminal: Terminal): void {
  if (!(error instanceof BpfdeskError)) {
    terminal.say(`bpfdesk: internal error: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  const { phase, message, hint, cause } = error.data;
  terminal.say(`bpfdesk: ${phase ? `${phase.replace("_", " ")}: ` : ""}${message}`);
  if (hint) terminal.say(`  try: ${hint}`);
  if (cause) terminal.say(`  cause: ${cause}`);
}

const print = (text: string) => process.stdout.write(text);
const json = (value: unknown) => print(`${JSON.stringify(value, null, 2)}\n`);
const worth = (finding: Finding) => finding.severity !== "info";
const wantsColor = (flags: CommonFlags) => flags.color && !process.env.NO_COLOR && process.stdout.isTTY;

const program = new Command("bpfdesk")
  .description("See the eBPF datapath of a node in the order its kernel runs it.")
  .version(packageJson.version)
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.error));

/** A sub-command on one target, with the options all of them share. */
function onTarget(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument("<target>", "ssh alias, user@host:port, local, or a snapshot or session file")
    .option("-i, --identity <file>", "private key to use")
    .option("--known-hosts <file>", "known_hosts file to check and write instead of the configured ones")
    .option("--sudo", "ask for the sudo password when sudo wants one")
    .option("--session <file>", "record into this session file")
    .option("--lend-bpftool", "lend the node bpfdesk's own bpftool without asking when its own cannot see everything")
    .addOption(new Option("--no-color", "no escape sequences"));
}

onTarget("snapshot", "Record everything about a node's datapath into one file")
  .requiredOption("-o, --output <file>", "file to write; - for stdout")
  .action((target: string, flags: CommonFlags & { output: string }) =>
    withTarget(target, flags, async ({ client, terminal, opened }) => {
      const { session_id, node } = opened;
      const { bytes } = await client.call("snapshot.export", { session_id, node });
      await writeWhole(flags.output, bytes);
      if (flags.output !== "-") terminal.say(`Wrote ${flags.output} (${Math.ceil(bytes.length / 1024)} KiB).`);
      return EXIT.ok;
    }),
  );

onTarget("topology", "Print what is attached where, in execution order")
  .option("--json", "JSON of docs/schema/topology.schema.json on stdout and nothing else")
  .action((target: string, flags: CommonFlags) =>
    withTarget(target, flags, async ({ opened }) => {
      if (flags.json) json(toTopology(opened.datapath));
      else print(printTopology(opened.datapath, paint(wantsColor(flags))));
      return EXIT.ok;
    }),
  );

onTarget("findings", "Print what a person should look at; exit code 1 when there is a warning or worse")
  .option("--json", "JSON of docs/schema/findings.schema.json on stdout and nothing else")
  .action((target: string, flags: CommonFlags) =>
    withTarget(target, flags, async ({ opened }) => {
      const { findings } = toTopology(opened.datapath);
      if (flags.json) json({ node: opened.datapath.node.hostname, findings });
      else print(printFindings(opened.datapath.findings, paint(wantsColor(flags))));
      return opened.datapath.findings.some(worth) ? EXIT.findings : EXIT.ok;
    }),
  );

await program.parseAsync();
