/** The host service for one run of the CLI: started, used, closed with nothing left on any node. */
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { BpfdeskError } from "../core/errors.ts";
import { userDataDir } from "../host/data-dir.ts";
import { createService } from "../host/service.ts";
import { type Client, createClient } from "../shared/rpc/client.ts";
import { memoryPorts } from "../shared/rpc/memory-port.ts";
import { serve } from "../shared/rpc/server.ts";

export interface HostFlags {
  knownHosts?: string;
  session?: string;
  /** Folder of the team's runbooks. */
  books?: string;
}

export const RESOURCES = resolve(import.meta.dirname, "../../resources");
export const TRACERS = resolve(RESOURCES, "tracers");

/** Throws `no-such-folder` when the session cannot be written where it should be. */
export async function withHost<T>(flags: HostFlags, version: string, work: (client: Client) => Promise<T>): Promise<T> {
  if (flags.session) await mustBeInFolder(resolve(flags.session));
  const service = createService({
    resourcesDir: RESOURCES,
    dataDir: userDataDir(),
    mode: "cli",
    version,
    session_path: flags.session ? resolve(flags.session) : ":memory:",
    ...(flags.books ? { books_dir: resolve(flags.books) } : {}),
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
