/**
 * What a snapshot or a session can answer, for the replay transport.
 *
 * A collection is answered as the frames a node would have sent now, so that everything above reads a
 * record and a live node alike.
 */
import type { Collected } from "../../core/collect/frames.ts";
import type { Snapshot } from "../../core/collect/snapshot.ts";
import { writeFrames } from "../../core/collect/write-frames.ts";
import type { Journal } from "../journal/journal.ts";
import { recordedRuns } from "../runbook/recorded.ts";
import { recordedTraces } from "../trace/recorded.ts";
import type { RecordedAnswer, Recording } from "../transport/replay.ts";
import { xlatedText } from "./xlated-text.ts";

/** Place of the nonce in the argv of a collector run (`collectArgv`). */
const NONCE_AT = 4;
const CHUNK_BYTES = 1024 * 1024;

export function snapshotRecording(snapshot: Snapshot): Recording {
  const programs = new Map(snapshot.follow_up ? xlatedText(snapshot.follow_up) : []);
  return {
    ...snapshot.node,
    answer({ record_key, argv }) {
      const nonce = argv[NONCE_AT] ?? "";
      if (record_key === "collect") return frames(snapshot.collected, nonce);
      if (record_key === "collect-follow-up") return snapshot.follow_up && frames(snapshot.follow_up, nonce);
      const text = programs.get(record_key);
      return text === undefined ? null : succeeded(Buffer.from(text));
    },
  };
}

/** Answers from the snapshot of the session's newest collection, and from the other commands recorded on that node. */
export function sessionRecording(journal: Journal, node: string, snapshot: Snapshot): Recording {
  const commands = new Map<string, string>();
  for (const { record_key, command_id } of journal.ofTypes(["command.started"], node)) {
    if (record_key?.startsWith("prog-xlated:")) commands.set(record_key, command_id);
  }
  const ofSnapshot = snapshotRecording(snapshot);
  return {
    ...ofSnapshot,
    traces: recordedTraces(journal, node),
    runs: recordedRuns(journal, node),
    answer(request) {
      const command_id = commands.get(request.record_key);
      const ended = [...journal.ofTypes(["command.ended"], node)].find((event) => event.command_id === command_id);
      if (!command_id || ended?.exit !== 0) return ofSnapshot.answer(request);
      const stdout = [...journal.blobs(command_id)].filter(({ stream }) => stream === "stdout");
      return succeeded(Buffer.concat(stdout.map(({ bytes }) => bytes)));
    },
  };
}

const frames = (collected: Collected, nonce: string) => succeeded(writeFrames(collected, nonce));

function succeeded(bytes: Uint8Array): RecordedAnswer {
  function* chunks() {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
  }
  return { stdout: chunks(), stderr: [], exit: { code: 0, signal: null } };
}
