/** A batch job that asks for names outside of the cluster. */
import type { Asker } from "../askers.ts";
import type { Container } from "../containers.ts";
import type { Ground } from "../ground.ts";
import { isReverse, within } from "../names.ts";
import type { Query } from "../queries.ts";
import { by } from "../table.ts";
import { nothing, type Signal, signalVerdict } from "./signal.ts";

const ID = "outside-cluster-from-job";

export const outsideCluster: Signal = {
  id: ID,
  judge(asker, ground) {
    const job = jobOf(asker.container);
    if (job === null) return nothing(null);
    const outside = asker.queries.filter((query) => isOutside(query, asker, ground));
    const [first, ...others] = by(outside, ({ name }) => name ?? "");
    if (first === undefined) return nothing(0);
    const names = [first, ...others].map(([name, queries]) => `${name} ×${queries.length}`);
    return {
      figure: outside.length,
      verdict: signalVerdict(asker, ground, {
        signal: ID,
        verdict: job.sure ? "confirmed" : "likely",
        facts: [
          `${outside.length} of ${asker.queries.length} queries outside of ${ground.question.cluster_domain}: ${names.slice(0, 6).join(", ")}${names.length > 6 ? ", …" : ""}`,
          `a batch job: ${job.why}`,
        ],
        meaning:
          "A batch job mostly talks to services of its cluster. Whether it has business with these names, its owner knows: backups and imports do.",
        advice: "Ask the job's owner; if it has no business there, see which of its images asks.",
      }),
    };
  },
};

/** The runtime's labels tell; the name of a CronJob's pod, with its minute, only looks like one. */
function jobOf(container: Container | null): { why: string; sure: boolean } | null {
  if (container === null) return null;
  const label = ["batch.kubernetes.io/job-name", "job-name"].find((one) => container.labels[one] !== undefined);
  if (label !== undefined) return { why: `label ${label}=${container.labels[label]}`, sure: true };
  return /-\d{8}-[a-z0-9]{5}$/.test(container.pod)
    ? { why: `a CronJob by the name of its pod, ${container.pod}`, sure: false }
    : null;
}

/** Neither in the cluster, nor what a library tries with its search list, nor a bare host name. */
function isOutside({ name }: Query, { search }: Asker, { question }: Ground): boolean {
  if (name === null || !name.includes(".") || isReverse(name)) return false;
  return !within(name, question.cluster_domain) && !search.some((domain) => within(name, domain));
}
