/**
 * The host's answers to every request of the contract: one session, its nodes, its record.
 *
 * The same service stands behind the desktop window, the browser server and the CLI. What answers is in
 * `handlers/`, a file a subject; the work is in `session/`; what is live (SSH, this machine, lending a tool)
 * is wired in `live.ts`. A request of the contract that no file answers does not compile.
 */
import { join } from "node:path";
import { BpfdeskError } from "../core/errors.ts";
import type { Runbook } from "../core/runbook/types.ts";
import type { AppInfo } from "../shared/contract.ts";
import type { Handlers } from "../shared/rpc/server.ts";
import { loadSections } from "./collect/sections.ts";
import { appHandlers } from "./handlers/app.ts";
import { changeHandlers } from "./handlers/changes.ts";
import type { HostContext } from "./handlers/context.ts";
import { nodeHandlers } from "./handlers/nodes.ts";
import { recordHandlers } from "./handlers/records.ts";
import { runbookHandlers } from "./handlers/runbooks.ts";
import { secretHandlers } from "./handlers/secrets.ts";
import { targetHandlers } from "./handlers/targets.ts";
import { traceHandlers } from "./handlers/traces.ts";
import { type LiveParts, liveParts } from "./live.ts";
import { bookshelf } from "./runbook/bookshelf.ts";
import { booksFolder } from "./runbook/folder.ts";
import { createSecretStore, type SecretStore } from "./secrets/store.ts";
import { findSample } from "./session/sample.ts";
import { openSession, type Session } from "./session/session.ts";
import type { NodeWork } from "./session/work.ts";
import { openTargetLists } from "./targets/lists.ts";
import { readManifests } from "./trace/bundle.ts";

export interface ServiceOptions {
  /** Folder with `collect/`, `sample/`, `tools/` and `tracers/`. */
  resourcesDir: string;
  /** The user's data folder; sessions are kept below it. */
  dataDir: string;
  mode: AppInfo["mode"];
  version: string;
  /** Session file to work on, or `:memory:`; absent: the one left by a crash, else a new one. */
  session_path?: string;
  /** known_hosts file to check and write instead of the configured ones. */
  known_hosts?: string;
  /** Folder of the team's runbooks, instead of the one that was chosen in the app. */
  books_dir?: string;
  /** Runbooks in the place of those that ship with the app, for tests. */
  books?: readonly Runbook[];
}

export interface Service {
  handlers: Handlers;
  /** Disconnects all nodes and closes the session; nothing is left on any node. */
  close(): Promise<void>;
}

/** `parts` replaces what is live, for tests. */
export function createService(
  options: ServiceOptions,
  parts: LiveParts | null = null,
  secrets: SecretStore = createSecretStore(),
): Service {
  return serviceOf(options, parts ?? liveParts(options, secrets), secrets);
}

function serviceOf(options: ServiceOptions, parts: LiveParts, secrets: SecretStore): Service {
  const { resourcesDir, dataDir, mode, version } = options;
  let opened: Session | null = null;
  let closed = false;
  let work: Promise<NodeWork> | null = null;
  let sample: ReturnType<typeof findSample> | null = null;

  const folder = booksFolder(dataDir);

  const host: HostContext = {
    mode,
    version,
    parts,
    lists: openTargetLists({ dataDir, sshHosts: () => parts.listSshHosts() }),
    opened: () => (closed ? null : opened),
    open() {
      if (closed) throw new BpfdeskError({ code: "closing", message: "bpfdesk is closing.", hint: "" });
      opened ??= openSession({ dataDir, path: options.session_path ?? null, app_version: version });
      return opened;
    },
    session(session_id) {
      if (opened && !closed && opened.session_id === session_id) return opened;
      throw new BpfdeskError({
        code: "no-such-session",
        message: "This session is not open.",
        hint: "Reload the window.",
      });
    },
    sections: async () => (await host.nodeWork()).sections,
    nodeWork: () => (work ??= loadSections(resourcesDir).then((all) => ({ ...parts.work, sections: all }))),
    sample: () => (sample ??= findSample(resourcesDir)),
    books: async () =>
      bookshelf({ resourcesDir, folder: options.books_dir ?? (await folder.get()), books: options.books }),
    booksFolder: folder,
    tracers: () => readManifests(join(resourcesDir, "tracers")),
  };

  return {
    handlers: {
      ...appHandlers(host),
      ...recordHandlers(host),
      ...nodeHandlers(host),
      ...targetHandlers(host),
      ...traceHandlers(host),
      ...changeHandlers(host),
      ...runbookHandlers(host),
      ...secretHandlers(secrets),
    },
    async close() {
      closed = true;
      await opened?.close();
      secrets.wipe("quit");
    },
  };
}
