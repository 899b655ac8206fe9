/** More than one program on one direction of a pod's interface, of different names, that may all run. */
import { defineFinding } from "./define.ts";
import { stackEvidence } from "./lib/evidence.ts";
import { stacksOf } from "./lib/stacks.ts";

export default defineFinding({
  id: "multiple-programs",
  title: "More than one program on one direction of a pod interface",
  examine: (datapath) =>
    stacksOf(datapath)
      .filter((stack) => stack.verdict === "several" && stack.iface.pod_host_end)
      .flatMap((stack) => {
        const last = stack.entries.at(-1);
        if (last === undefined) return [];
        return [
          {
            id: "multiple-programs",
            severity: "warning",
            subject: last.entry.key,
            subject_name: stack.label,
            evidence: stackEvidence(stack.entries, datapath),
            meaning: `${stack.entries.length} programs act on this direction of the pod's traffic, in the order listed. That is normal when two tools share the interface on purpose, and the cause of lost packets when one was left behind. Whether a later one runs: ${last.entry.reachable.reason}.`,
            related: [
              stack.iface.key,
              ...stack.entries.flatMap(({ entry, program }) => [entry.key, ...(program ? [program.key] : [])]),
            ],
          },
        ];
      }),
});
