/** All signals, looked for in all askers that are in question; and how near those came that did not strike. */
import type { RunbookVerdict } from "../../../types.ts";
import type { Asker } from "../askers.ts";
import { concerned, type Ground } from "../ground.ts";
import type { Thresholds } from "../thresholds.ts";
import { newName } from "./new-name.ts";
import { noBinary } from "./no-binary.ts";
import { nxdomain } from "./nxdomain.ts";
import { otherResolver } from "./other-resolver.ts";
import { outsideCluster } from "./outside-cluster.ts";
import { rate } from "./rate.ts";
import type { Signal } from "./signal.ts";
import { tunnelling } from "./tunnelling.ts";

/** With what a figure is compared, for those that have one. */
const SIGNALS: { signal: Signal; title: string; threshold: keyof Thresholds | null }[] = [
  { signal: rate, title: "queries/s from one process", threshold: "rate_per_s" },
  { signal: tunnelling, title: "long names under one parent", threshold: "tunnel_names" },
  { signal: nxdomain, title: "failed lookups within 10 s", threshold: "failed_lookups" },
  { signal: newName, title: "a new name followed by a connection", threshold: null },
  { signal: otherResolver, title: "a resolver that is not the configured one", threshold: null },
  { signal: outsideCluster, title: "names outside of the cluster from a batch job", threshold: null },
  { signal: noBinary, title: "a process without a binary on disk", threshold: null },
];

/** Of one signal; so many are worth reading. */
const TOLD = 10;

export function signals(ground: Ground): RunbookVerdict[] {
  // A forwarder's queries are those of others.
  const askers = concerned(ground).filter(({ forwarder }) => !forwarder);
  if (askers.length === 0) return [];
  const judged = SIGNALS.map((one) => ({ ...one, judged: askers.map((asker) => one.signal.judge(asker, ground)) }));
  const verdicts = judged.flatMap((one) => one.judged.flatMap(({ verdict }) => verdict ?? []).slice(0, TOLD));
  return [...verdicts, checked(judged, askers, ground)];
}

/** What was looked for and not found, with the threshold of each. */
function checked(
  judged: readonly ((typeof SIGNALS)[number] & { judged: ReturnType<Signal["judge"]>[] })[],
  askers: readonly Asker[],
  { watch, question, connections }: Ground,
): RunbookVerdict {
  const quiet = judged.filter((one) => one.judged.every(({ verdict }) => verdict === null));
  const blind = [
    ...watch.gaps,
    ...connections.gaps.map((gap) => `of connections: ${gap}`),
    ...(connections.trace_id === null ? ["connections were not traced, so none could follow"] : []),
    ...(askers.some(({ configured, container }) => container !== null && configured === null) &&
    question.resolvers.length === 0
      ? ["of some containers it is not known whom they are told to ask"]
      : []),
  ];
  const lines = quiet.map(({ title, threshold, judged: all }) => {
    const most = all.reduce((sum, { figure }) => Math.max(sum, figure ?? 0), 0);
    return threshold === null
      ? `${title}: none`
      : `${title}: at most ${Number(most.toFixed(1))} (threshold ${question.thresholds[threshold]})`;
  });
  return {
    id: "signals",
    subject: "further signals",
    subject_key: null,
    verdict: blind.length === 0 ? "ruled_out" : "cannot_tell",
    kind: "signals",
    evidence: lines.map((text) => ({
      text,
      source: { kind: "trace", trace_id: watch.trace_id, record: "query", filter: "role=client" },
    })),
    meaning: `These were looked for and did not strike in ${watch.seconds.toFixed(0)} s. Each threshold is an input of this runbook.`,
    missing: blind,
    proposal: null,
  };
}
