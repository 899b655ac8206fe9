/** A name that was not asked before, followed at once by a connection to its answer. */

import type { Asker } from "../askers.ts";
import { connectionText, followed } from "../connections.ts";
import type { Ground } from "../ground.ts";
import { isReverse, within } from "../names.ts";
import { type Query, since } from "../queries.ts";
import { nothing, type Signal, signalVerdict } from "./signal.ts";

const ID = "new-name-connected";
const TOLD = 5;

export const newName: Signal = {
  id: ID,
  judge(asker, ground) {
    const found = fresh(asker, ground);
    if (found.length === 0) return nothing(null);
    const { baseline_s, follow_s } = ground.question.thresholds;
    const given = ground.question.known.length > 0;
    return {
      figure: null,
      verdict: signalVerdict(asker, ground, {
        signal: ID,
        verdict: "likely",
        facts: [
          given
            ? `names outside of the cluster and of those given as known, each followed by a connection within ${follow_s} s`
            : `names nobody on this node asked in the first ${baseline_s} s of the watch, each followed by a connection within ${follow_s} s`,
          ...found
            .slice(0, TOLD)
            .map(
              ({ query, text }) =>
                `${query.name}: first asked ${since(ground.watch, query.time_us)}, then connected to ${text}`,
            ),
          ...(found.length > TOLD ? [`and ${found.length - TOLD} more`] : []),
        ],
        meaning: given
          ? "It asked for a name that is not among those given as known, and used the answer at once."
          : `New as far as this watch of ${ground.watch.seconds.toFixed(0)} s goes: what was asked before it is not known, and a program that asks for something once an hour looks the same.`,
        missing: given ? [] : ["The names that are usual here (known), or a longer watch."],
        advice: null,
      }),
    };
  },
};

function fresh(asker: Asker, ground: Ground): { query: Query; text: string }[] {
  const { question, watch, connections, early } = ground;
  const { baseline_s, follow_s } = question.thresholds;
  const until_us = watch.from_us + baseline_s * 1e6;
  // Somebody new has no names that are usual for it.
  const isOld = asker.queries.some(({ time_us }) => time_us < until_us);
  if (question.known.length === 0 && !isOld) return [];
  const names = new Map<string, { query: Query; text: string }>();
  for (const query of asker.queries) {
    const { name } = query;
    if (name === null || names.has(name) || within(name, question.cluster_domain) || isReverse(name)) continue;
    const usual = question.known.length > 0 ? question.known.some((domain) => within(name, domain)) : early.has(name);
    if (usual) continue;
    const connection = followed(query, connections, follow_s);
    if (connection !== null) names.set(name, { query, text: connectionText(connection, query) });
  }
  return [...names.values()];
}
