/** Second conclusion: where it is lost. This node's own places first, each by itself; what is left is beyond it. */
import type { RunbookVerdict, RunState } from "../../types.ts";
import { caseOf } from "./case.ts";
import { classVerdicts } from "./causes/classes.ts";
import { sizeVerdicts, tooLargeVerdicts } from "./causes/mtu.ts";
import { needlessVerdicts } from "./causes/needless.ts";
import { pathVerdict } from "./causes/path.ts";
import { outOfSightVerdicts } from "./causes/place.ts";
import { programVerdicts } from "./causes/programs.ts";
import { remoteVerdicts } from "./causes/remote.ts";

const ORDER = ["confirmed", "likely", "cannot_tell", "ruled_out"];

export function causeVerdicts(state: RunState): RunbookVerdict[] {
  const found = caseOf(state);
  const places = [programVerdicts, classVerdicts, tooLargeVerdicts, outOfSightVerdicts];
  const local = places.flatMap((of) => of(found));
  const others = [...sizeVerdicts(found), ...remoteVerdicts(found), ...needlessVerdicts(found)];
  const all = [...local, ...others, pathVerdict(found, local)];
  return all.toSorted((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
}
