/** Loaded programs that nothing runs: pinned, held or in a prog array, but attached nowhere. One finding a kind. */

import { programLabel } from "../model/label.ts";
import type { Loose } from "../model/types.ts";
import { defineFinding } from "./define.ts";

const MEANING: Record<Exclude<Loose["why"], "attached_no_holder">, string> = {
  pinned_not_attached:
    "A pin keeps these programs loaded, but they are attached nowhere and no prog array leads to them.",
  in_unreached_prog_array:
    "These programs are in prog arrays, but no attached program uses those arrays: they cannot run.",
  held_only:
    "A process holds these programs, but they are attached nowhere it can be seen: they may be in preparation.",
};
const MAX_EVIDENCE = 20;

export default defineFinding({
  id: "loose-program",
  title: "Programs that are loaded but attached nowhere",
  examine({ programs, loose }) {
    const byKey = new Map(programs.map((one) => [one.key, one]));
    return Object.entries(MEANING).flatMap(([why, meaning]) => {
      const found = loose.flatMap((one) => {
        const program = byKey.get(one.what);
        return one.why === why && program !== undefined ? [{ program, text: one.text }] : [];
      });
      const [first] = found;
      if (first === undefined) return [];
      const name = programLabel(first.program.id, first.program);
      const evidence = found
        .slice(0, MAX_EVIDENCE)
        .map(({ program, text }) => `${programLabel(program.id, program)}: ${text}`);
      if (found.length > MAX_EVIDENCE) evidence.push(`and ${found.length - MAX_EVIDENCE} more`);
      return [
        {
          id: "loose-program",
          severity: "info" as const,
          subject: first.program.key,
          subject_name: found.length === 1 ? name : `${name} and ${found.length - 1} more`,
          evidence,
          meaning,
          related: found.map(({ program }) => program.key),
        },
      ];
    });
  },
});
