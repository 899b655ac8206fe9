/** Two programs of one name on one direction of an interface: what an agent that attached twice leaves. */
import { defineFinding } from "./define.ts";
import { stackEvidence } from "./lib/evidence.ts";
import { neverRun, sameNamed, stacksOf } from "./lib/stacks.ts";

export default defineFinding({
  id: "duplicate-name",
  title: "The same program name twice on one direction of an interface",
  examine: (datapath) =>
    stacksOf(datapath)
      .filter((stack) => stack.verdict === "same-name")
      .flatMap((stack) => {
        const same = sameNamed(stack.entries);
        const oldest = same.toSorted((a, b) => (a.program?.loaded_at ?? 0) - (b.program?.loaded_at ?? 0))[0];
        if (oldest === undefined) return [];
        const name = oldest.program?.name ?? "";
        const cut = oldest.program?.name_cut === true ? " (as far as the kernel keeps names, 15 characters)" : "";
        const dead = neverRun(same);
        const runs =
          dead.length > 0
            ? "Of those, the ones marked as never running do no harm to packets now; they would if the one in front went away."
            : "Packets meet them in the order listed, each may drop what the others let through.";
        return [
          {
            id: "duplicate-name",
            severity: "warning",
            // The oldest is where to look first; that it is the stale one is not proven by its age.
            subject: oldest.entry.key,
            subject_name: stack.label,
            evidence: stackEvidence(stack.entries, datapath),
            meaning: `${same.length} attachments here are named ${name}${cut}, as after an agent attached again without removing what it had attached before. ${runs} The name alone does not say which one is stale.`,
            related: [
              stack.iface.key,
              ...stack.entries.flatMap(({ entry, program }) => [entry.key, ...(program ? [program.key] : [])]),
            ],
          },
        ];
      }),
});
