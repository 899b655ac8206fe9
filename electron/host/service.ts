/**
 * The host's answers to every request of the contract: one session, its nodes, its record.
 *
 * The same service stands behind the desktop window, the browser server and the CLI. It only routes;
 * the work is in `session/`. What is live (SSH, this machine, lending a tool) is wired in `live.ts`.
 */
import { BpfdeskError } from "../core/errors.ts";
import type { AppInfo, BlobChunk } from "../shared/contract.ts";
import type { Handlers } from "../shared/rpc/server.ts";
import { loadSections, sectionInfo } from "./collect/sections.ts";
import { type LiveParts, liveParts } from "./live.ts";
import { findSample } from "./session/sample.ts";
import { openSession, type Session } from "./session/session.ts";
import { targetOf } from "./session/targets.ts";
import type { NodeWork } from "./session/work.ts";
import { SNAPSHOT_EXTENSION, writeSnapshot } from "./snapshot/file.ts";
import { snapshotFromJournal } from "./snapshot/from-journal.ts";

export interface ServiceOptions {
  /** Folder with `collect/`, `sample/` and `tools/`. */
  resourcesDir: string;
  /** The user's data folder; sessions are kept below it. */
  dataDir: string;
  mode: AppInfo["mode"];
  version: string;
  /** Session file to work on, or `:memory:`; absent: the one left by a crash, else a new one. */
  session_path?: string;
  /** known_hosts file to check and write instead of the configured ones. */
  known_hosts?: string;
}

export interface Service {
  handlers: Handlers;
  /** Disconnects all nodes and closes the session; nothing is left on any node. */
  close(): Promise<void>;
}

/** `parts` replaces what is live, for tests. */
export function createService(options: ServiceOptions, parts: LiveParts = liveParts(options)): Service {
  const { resourcesDir, dataDir, mode, version } = options;
  let opened: Session | null = null;
  let closed = false;
  let work: Promise<NodeWork> | null = null;
  let sample: ReturnType<typeof findSample> | null = null;

  const sections = async () => (await nodeWork()).sections;
  const nodeWork = () => (work ??= loadSections(resourcesDir).then((all) => ({ ...parts.work, sections: all })));
  const theSample = () => (sample ??= findSample(resourcesDir));

  function session(session_id: string): Session {
    if (opened && !closed && opened.session_id === session_id) return opened;
    throw new BpfdeskError({
      code: "no-such-session",
      message: "This session is not open.",
      hint: "Reload the window.",
    });
  }

  const handlers: Handlers = {
    "app.info": async () => {
      const found = await theSample();
      return {
        version,
        platform: process.platform,
        mode,
        local: parts.localAvailable(),
        sample: found && { title: found.title, description: found.description },
      };
    },
    "ssh.hosts": () => parts.listSshHosts(),
    "collect.sections": async () => sectionInfo(await sections()),

    "session.open": () => {
      if (closed) throw new BpfdeskError({ code: "closing", message: "bpfdesk is closing.", hint: "" });
      opened ??= openSession({ dataDir, path: options.session_path ?? null, app_version: version });
      return { session_id: opened.session_id, path: opened.path };
    },
    "session.events": ({ session_id, after_seq }, { signal }) =>
      session(session_id).journal.subscribe(after_seq, signal),

    "node.connect": async ({ session_id, target }) => {
      if (target.kind === "file" && mode === "browser") {
        throw new BpfdeskError({
          code: "not-in-browser",
          message: "Files are not opened by name from a browser.",
          hint: "Choose the file in the page; its content is sent.",
        });
      }
      const found = targetOf(target, { live: parts.live, sample: theSample, app_version: version });
      const ready = await nodeWork();
      return { node: session(session_id).connect(found, ready) };
    },
    "node.answer": ({ session_id, node, prompt_id, answer }) => {
      session(session_id).node(node).answer(prompt_id, answer);
      return null;
    },
    "node.cancel": ({ session_id, node }) => {
      session(session_id).node(node).cancel();
      return null;
    },
    "node.collect": ({ session_id, node }) => session(session_id).node(node).collect(),
    "node.disassemble": ({ session_id, node, prog_id }) => session(session_id).node(node).disassemble(prog_id),
    "node.disconnect": async ({ session_id, node }) => {
      await session(session_id).node(node).disconnect("disconnected by the user");
      return null;
    },
    "command.output": ({ session_id, command_id }) => output(session(session_id), command_id),
    "snapshot.export": async ({ session_id, node }) => {
      const snapshot = snapshotFromJournal(session(session_id).journal, node, version);
      return { name: snapshotName(snapshot.title, snapshot.recorded_at), bytes: await writeSnapshot(snapshot) };
    },
  };

  return {
    handlers,
    async close() {
      closed = true;
      await opened?.close();
    },
  };
}

async function* output(session: Session, command_id: string): AsyncGenerator<BlobChunk> {
  for (const { stream, bytes } of session.journal.blobs(command_id)) yield { stream, bytes };
}

/** `node-1-2026-11-21T03-10.bpfdesk-snapshot`: the host comes from the node and is kept to safe characters. */
function snapshotName(host: string, at: number): string {
  const safe = host.replace(/[^A-Za-z0-9._@-]+/g, "_").slice(0, 80);
  return `${safe}-${new Date(at).toISOString().slice(0, 16).replaceAll(":", "-")}${SNAPSHOT_EXTENSION}`;
}
