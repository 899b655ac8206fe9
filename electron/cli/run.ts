/**
 * One run of the CLI on one target: start the host, open, work, close, exit code.
 *
 * A picture that is only a part is worked on like any other, but the exit code says error: "nothing
 * found" would claim what was not looked at.
 */
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { BpfdeskError, type ErrorData } from "../core/errors.ts";
import { userDataDir } from "../host/data-dir.ts";
import { createService } from "../host/service.ts";
import { type Client, createClient } from "../shared/rpc/client.ts";
import { memoryPorts } from "../shared/rpc/memory-port.ts";
import { serve } from "../shared/rpc/server.ts";
import { EXIT } from "./exit.ts";
import { catchInterrupts } from "./interrupt.ts";
import { notesOn } from "./notes.ts";
import { type Opened, type OpenOptions, openTarget } from "./open.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

/** Options that every command has. */
export interface Flags {
  identity?: string;
  knownHosts?: string;
  sudo?: boolean;
  session?: string;
  color: boolean;
  json?: boolean;
  lendBpftool?: boolean;
}

export interface Run {
  client: Client;
  terminal: Terminal;
  opened: Opened;
}

/** Does `work` on the target's picture. Never rejects; returns the exit code. */
export async function runOn(
  target: string,
  flags: Flags,
  version: string,
  work: (run: Run) => Promise<number>,
): Promise<number> {
  const terminal = openTerminal();
  const interrupt = catchInterrupts(terminal.say);
  const options: OpenOptions = {
    ...(flags.identity ? { identity_file: flags.identity } : {}),
    sudo: flags.sudo ?? false,
    lend_bpftool: flags.lendBpftool ?? false,
    progress: !flags.json && process.stderr.isTTY,
    signal: interrupt.signal,
  };
  try {
    return await withClient(flags, version, (client) => workOn(client, terminal, target, options, work));
  } catch (error) {
    return report(error, terminal);
  } finally {
    interrupt.release();
  }
}

async function workOn(
  client: Client,
  terminal: Terminal,
  target: string,
  options: OpenOptions,
  work: (run: Run) => Promise<number>,
): Promise<number> {
  const opening = await openTarget(client, terminal, target, options);
  let code: number;
  try {
    const opened = await opening.picture;
    for (const line of notesOn(opened)) terminal.say(line);
    code = await work({ client, terminal, opened });
    if (opened.cut) code = report(new BpfdeskError(opened.cut), terminal);
  } catch (error) {
    code = report(error, terminal);
  }
  const residue = await opening.close();
  for (const what of residue) terminal.say(`bpfdesk: left on the node: ${what}`);
  return residue.length > 0 ? EXIT.error : code;
}

async function withClient(flags: Flags, version: string, work: (client: Client) => Promise<number>): Promise<number> {
  if (flags.session) await mustBeInFolder(resolve(flags.session));
  const service = createService({
    resourcesDir: resolve(import.meta.dirname, "../../resources"),
    dataDir: userDataDir(),
    mode: "desktop",
    version,
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

/** The host makes the folder of its own sessions; a mistyped name must not make folders anywhere. */
async function mustBeInFolder(path: string): Promise<void> {
  const folder = dirname(path);
  const isFolder = await stat(folder).then(
    (info) => info.isDirectory(),
    () => false,
  );
  if (isFolder) return;
  throw new BpfdeskError({
    code: "no-such-folder",
    message: `The session ${path} cannot be written: there is no folder ${folder}.`,
    hint: "Check the name given to --session, or make the folder first.",
  });
}

/** Phase, what happened, what to try. Exceptions that are not data are bugs and say so. */
function report(error: unknown, terminal: Terminal): number {
  if (error instanceof BpfdeskError) for (const line of lines(error.data)) terminal.say(line);
  else terminal.say(`bpfdesk: internal error: ${error instanceof Error ? error.message : String(error)}`);
  return EXIT.error;
}

function lines({ phase, message, hint, cause }: ErrorData): string[] {
  return [
    `bpfdesk: ${phase ? `${phase.replace("_", " ")}: ` : ""}${message}`,
    ...(hint ? [`  try: ${hint}`] : []),
    ...(cause ? [`  cause: ${cause}`] : []),
  ];
}
