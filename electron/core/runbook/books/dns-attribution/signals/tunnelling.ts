/** Many different names with long labels under one parent: data in names. */

import type { Asker } from "../askers.ts";
import type { Ground } from "../ground.ts";
import { isReverse, labelsOf, parentsOf, within } from "../names.ts";
import { nothing, type Signal, signalVerdict } from "./signal.ts";

const ID = "tunnelling";

export const tunnelling: Signal = {
  id: ID,
  judge(asker, ground) {
    const { tunnel_names, long_label } = ground.question.thresholds;
    const found = parentOfMost(longNames(asker, ground));
    if (found === null || found.names.length < tunnel_names) return nothing(found?.names.length ?? 0);
    const { parent, names } = found;
    const own = asker.queries.filter(({ name }) => name !== null && within(name, parent));
    const types = [...new Set(own.map(({ type }) => type))].join(", ");
    const longest = names.reduce((most, name) => (name.length > most.length ? name : most), "");
    return {
      figure: names.length,
      verdict: signalVerdict(asker, ground, {
        signal: ID,
        verdict: "likely",
        facts: [
          `${names.length} different names with a label of ${long_label} characters or more under ${parent} (threshold ${tunnel_names})`,
          `types ${types}; the longest: ${longest}`,
        ],
        meaning: `Names that are used once and are full to the brim carry data: that is how a tunnel looks. Services that look up hashes (virus scanners, licence checks) ask in the same way, so who owns ${parent} decides.`,
        advice: `Find out who owns ${parent}. If nobody here knows it, treat what runs there as compromised, keep the process for its memory, and deny the name.`,
      }),
    };
  },
};

/** Different ones, outside of the cluster. What a library makes of one by its search list is the same one. */
function longNames({ queries, search }: Asker, { question }: Ground): string[] {
  const { long_label } = question.thresholds;
  const asked = new Set<string>();
  for (const { name } of queries) {
    if (name === null || within(name, question.cluster_domain) || isReverse(name)) continue;
    if (search.some((domain) => name.endsWith(`.${domain}`))) continue;
    if (labelsOf(name).some((label) => label.length >= long_label)) asked.add(name);
  }
  return [...asked];
}

/** The longest domain under which there are most of them. */
function parentOfMost(names: readonly string[]): { parent: string; names: string[] } | null {
  const under = new Map<string, string[]>();
  for (const name of names) {
    for (const parent of parentsOf(name)) {
      // A top-level domain is nobody's.
      if (!parent.includes(".")) continue;
      const known = under.get(parent);
      if (known) known.push(name);
      else under.set(parent, [name]);
    }
  }
  let best: { parent: string; names: string[] } | null = null;
  for (const [parent, own] of under) {
    const [before, now] = [best?.names.length ?? 0, own.length];
    if (now > before || (now === before && parent.length > (best?.parent.length ?? 0))) best = { parent, names: own };
  }
  return best;
}
