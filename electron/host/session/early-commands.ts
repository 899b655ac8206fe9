/**
 * The commands that look for root run before there is a transport; they are recorded as all others are.
 */
import type { OnCommand } from "../transport/privileges.ts";
import { purposeOf } from "./purpose.ts";
import type { Recorder } from "./recorder.ts";

export function recordEarly(recorder: Recorder): OnCommand {
  return (command) => {
    const record = recorder.started({ ...command, purpose: purposeOf(command.record_key) });
    return ({ exit, signal, stdout, stderr }) => {
      if (stdout) record.wrote("stdout", Buffer.from(stdout));
      if (stderr) record.wrote("stderr", Buffer.from(stderr));
      record.ended({ exit, signal, error: null });
    };
  };
}
