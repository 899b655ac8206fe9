/** The program's file is on no disk. */
import type { Evidence } from "../../../types.ts";
import { nothing, type Signal, signalVerdict } from "./signal.ts";

const ID = "no-binary-on-disk";

export const noBinary: Signal = {
  id: ID,
  judge(asker, ground) {
    const process = asker.processes.find(({ gone }) => gone !== null) ?? null;
    const file = process?.exe ?? asker.exe;
    // The kernel's path of memory that is run is always this; of a process that is gone only the file's name may be known.
    const memory = /^\/memfd:.* \(deleted\)$/.test(asker.exe) || (process !== null && /^\/?memfd:/.test(file));
    const named = process === null && /^memfd:/.test(asker.exe);
    // Running from memory is seen in the kernel at the query; a removed file only in the table of processes.
    if (process === null && !memory && !named) return nothing(null);
    const replaced = process?.gone === "replaced" && !memory;
    const evidence: Evidence[] =
      process === null
        ? []
        : [
            {
              text: `pid ${process.pid}: /proc/${process.pid}/exe is ${file} (deleted); ${replaced ? "another file has that name now" : "there is no such file in its root directory"}`,
              source: { kind: "command", command_id: process.command_id },
            },
          ];
    return {
      figure: null,
      verdict: signalVerdict(asker, ground, {
        signal: ID,
        verdict: replaced ? "ruled_out" : memory ? "confirmed" : "likely",
        facts: memory
          ? [`the binary of the process that asked is ${file}: memory, no file`]
          : named
            ? [`the binary of the process that asked is called ${file}`]
            : [],
        evidence,
        meaning: replaced
          ? "Its file was replaced while it ran, as an upgrade does. It still runs the older one."
          : memory
            ? "It runs from memory and never had a file. Some programs seal themselves in this way on purpose (container runtimes, single-file bundles); otherwise it is how something is run without leaving a trace."
            : named
              ? "Its file is called as memory that is run is called (memfd). It ended before its path could be read, and a file on disk may be called so, too."
              : "Its file was removed after it was started. An upgrade that moves files does so, and so does what hides itself.",
        advice: replaced ? null : "Save what it is before it ends: cp /proc/<pid>/exe still has its content.",
      }),
    };
  },
};
