/** The session and what it holds: events, raw output, snapshots. */
import type { BlobChunk } from "../../shared/contract.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import type { Session } from "../session/session.ts";
import { SNAPSHOT_EXTENSION, writeSnapshot } from "../snapshot/file.ts";
import { snapshotFromJournal } from "../snapshot/from-journal.ts";
import type { HostContext } from "./context.ts";

export function recordHandlers(host: HostContext) {
  return {
    "session.open": () => {
      const { session_id, path } = host.open();
      return { session_id, path };
    },
    "session.events": ({ session_id, after_seq }, { signal }) =>
      host.session(session_id).journal.subscribe(after_seq, signal),
    "command.output": ({ session_id, command_id }) => output(host.session(session_id), command_id),
    "snapshot.export": async ({ session_id, node }) => {
      const snapshot = snapshotFromJournal(host.session(session_id).journal, node, host.version);
      return { name: snapshotName(snapshot.title, snapshot.recorded_at), bytes: await writeSnapshot(snapshot) };
    },
  } satisfies Partial<Handlers>;
}

async function* output(session: Session, command_id: string): AsyncGenerator<BlobChunk> {
  for (const { stream, bytes } of session.journal.blobs(command_id)) yield { stream, bytes };
}

/** `node-1-2026-11-21T03-10.bpfdesk-snapshot`: the host comes from the node and is kept to safe characters. */
function snapshotName(host: string, at: number): string {
  const safe = host.replace(/[^A-Za-z0-9._@-]+/g, "_").slice(0, 80);
  return `${safe}-${new Date(at).toISOString().slice(0, 16).replaceAll(":", "-")}${SNAPSHOT_EXTENSION}`;
}
