/**
 * From what a person chose to open to a way of connecting to it.
 *
 * The kinds differ here and nowhere above: a live node over SSH, this machine, or a record.
 */
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { BpfdeskError } from "../../core/errors.ts";
import type { ConnectTarget } from "../../shared/contract.ts";
import { openJournal } from "../journal/journal.ts";
import { looksLikeSnapshot, readSnapshot } from "../snapshot/file.ts";
import { lastCollectedNode, snapshotFromJournal } from "../snapshot/from-journal.ts";
import { sessionRecording, snapshotRecording } from "../snapshot/recording.ts";
import { type Recording, replayTransport } from "../transport/replay.ts";
import type { NodeTransport } from "../transport/types.ts";
import type { AddedNode } from "./session.ts";
import type { Connect, ConnectContext } from "./work.ts";

type Login = NonNullable<AddedNode["login"]>;

export interface Target {
  /** As the person gave it. */
  target: string;
  label: string;
  transport: NodeTransport["kind"];
  /** What else it is opened with; recorded, so that it can be connected to again after a restart. */
  login?: Login;
  connect: Connect;
}

/** The two live ways, as `service.ts` wires them. */
export interface LiveConnectors {
  ssh(
    target: { target: string; identity_file?: string; sudo?: boolean; backend?: "ssh2" | "openssh" },
    context: ConnectContext,
  ): Promise<NodeTransport>;
  local(options: { sudo?: boolean }, context: ConnectContext): Promise<NodeTransport>;
}

/** Files larger than this are not read. */
const MAX_FILE_BYTES = 512 * 1024 ** 2;
const SQLITE_MAGIC = "SQLite format 3\0";

export function targetOf(
  chosen: ConnectTarget,
  parts: { live: LiveConnectors; sample: () => Promise<{ path: string } | null>; app_version: string },
): Target {
  const { live, app_version } = parts;
  switch (chosen.kind) {
    case "ssh": {
      const { target } = chosen;
      const login = loginOf(chosen);
      return {
        target,
        label: target,
        transport: "ssh",
        login,
        connect: (context) => live.ssh({ target, ...login }, context),
      };
    }
    case "local": {
      const login = loginOf(chosen);
      return {
        target: "local",
        label: "this machine",
        transport: "local",
        login,
        connect: (context) => live.local(login, context),
      };
    }
    case "sample":
      return replay("sample", "sample incident", async () => {
        const sample = await parts.sample();
        if (sample) return recordingOfFile(sample.path, app_version);
        throw new BpfdeskError({
          code: "no-sample",
          message: "The sample incident is not part of this installation.",
          hint: "Open a snapshot file or connect to a node.",
          phase: "resolving",
        });
      });
    case "file":
      return replay(chosen.path, basename(chosen.path), () => recordingOfFile(chosen.path, app_version));
    case "bytes":
      return replay(chosen.name, chosen.name, () => recordingOfBytes(chosen.bytes, chosen.name, app_version));
  }
}

/** What was chosen beside the name, without what is not set. */
function loginOf(chosen: { [K in keyof Login]?: Login[K] | undefined }): Login {
  const { identity_file, sudo, backend } = chosen;
  return {
    ...(identity_file ? { identity_file } : {}),
    ...(sudo === undefined ? {} : { sudo }),
    ...(backend === undefined ? {} : { backend }),
  };
}

/** The way a node was opened, from the record. Throws `not-again` for a record that was shown. */
export function targetAgain({ transport, target, login }: AddedNode): ConnectTarget {
  if (transport === "ssh") return { kind: "ssh", target, ...login };
  if (transport === "local") return { kind: "local", ...(login?.sudo === undefined ? {} : { sudo: login.sudo }) };
  throw new BpfdeskError({
    code: "not-again",
    message: "This is a record; there is no node to connect to.",
    hint: "Open the file again.",
  });
}

function replay(target: string, label: string, read: () => Promise<Recording>): Target {
  const connect: Connect = async ({ onPhase }) => {
    onPhase("resolving", `reading ${label}`);
    return replayTransport(await read());
  };
  return { target, label, transport: "replay", connect };
}

async function recordingOfFile(path: string, app_version: string): Promise<Recording> {
  const bytes = await readUnlessSession(path);
  return isSession(bytes) ? recordingOfSession(path, app_version) : snapshotRecording(await readSnapshot(bytes, path));
}

async function recordingOfBytes(bytes: Uint8Array, name: string, app_version: string): Promise<Recording> {
  if (!isSession(bytes)) return snapshotRecording(await readSnapshot(bytes, name));
  // SQLite reads files only.
  const folder = await mkdtemp(join(tmpdir(), "bpfdesk-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, "session");
    await writeFile(path, bytes, { mode: 0o600 });
    const recording = recordingOfSession(path, app_version);
    return {
      ...recording,
      close() {
        recording.close?.();
        void remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function recordingOfSession(path: string, app_version: string): Recording {
  const journal = openJournal(path, { read_only: true });
  try {
    const node = lastCollectedNode(journal);
    const recording = sessionRecording(journal, node, snapshotFromJournal(journal, node, app_version));
    return { ...recording, close: () => journal.close() };
  } catch (error) {
    journal.close();
    throw error;
  }
}

const isSession = (bytes: Uint8Array) =>
  Buffer.from(bytes.subarray(0, SQLITE_MAGIC.length)).toString("latin1") === SQLITE_MAGIC;

/** A snapshot file whole; of anything else only the first bytes, which tell what it is. */
async function readUnlessSession(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read(Buffer.alloc(SQLITE_MAGIC.length), 0, SQLITE_MAGIC.length, 0);
      const start = buffer.subarray(0, bytesRead);
      if (!looksLikeSnapshot(start) || size > MAX_FILE_BYTES) return start;
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new BpfdeskError({
      code: "file-unreadable",
      message: `${path} cannot be read.`,
      hint: "Check the name and its permissions.",
      phase: "resolving",
      cause: error instanceof Error ? error.message : String(error),
    });
  }
}
