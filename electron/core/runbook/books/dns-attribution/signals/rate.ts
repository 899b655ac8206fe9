/** Many queries a second from one process. What it asks for tells a chatty client from what looks for something. */

import type { Asker } from "../askers.ts";
import type { Ground } from "../ground.ts";
import { isReverse, within, withoutSearch } from "../names.ts";
import type { Query } from "../queries.ts";
import { by, lookupsOf } from "../table.ts";
import { mostWithin, nothing, type Signal, signalVerdict } from "./signal.ts";

const ID = "high-rate";
/** A burst at a program's start, when it reads its configuration, is over by then. */
const SPAN_S = 5;
/** So many of a hundred lookups are for names that were asked before: it asks for few things, often. */
const REPEATED = 0.8;

export const rate: Signal = {
  id: ID,
  judge(asker, ground) {
    const { per_s, pid } = fastest(asker, ground);
    const { rate_per_s } = ground.question.thresholds;
    if (per_s < rate_per_s) return nothing(per_s);
    const lookups = lookupsOf(asker.queries, asker.search);
    const names = new Set(lookups.map(({ base }) => base)).size;
    const { cluster_domain } = ground.question;
    const outside = asker.queries.filter(
      ({ name }) => name !== null && !within(name, cluster_domain) && !isReverse(name),
    ).length;
    const meant = asker.queries.filter((query) => !isTry(query, asker));
    const tries = asker.queries.length - meant.length;
    const expanded = tries > 0 && (per_s * meant.length) / asker.queries.length < rate_per_s;
    const same = lookups.length > 0 && 1 - names / lookups.length >= REPEATED;
    const facts = [
      `${per_s.toFixed(0)} queries/s over ${span(ground).toFixed(0)} s${pid === null ? ", by short-lived processes together" : ` from pid ${pid}`} (threshold ${rate_per_s})`,
      `${lookups.length} lookups of ${names} different names${tries > 0 ? `, ${tries} queries were only tries of the search list` : ""}, ${outside} of ${asker.queries.length} queries outside of ${cluster_domain}`,
    ];
    const ordinary = same || expanded || outside === 0;
    return {
      figure: per_s,
      verdict: signalVerdict(asker, ground, {
        signal: ID,
        verdict: ordinary ? "ruled_out" : "likely",
        facts,
        meaning: expanded
          ? "Most of it is the search list (ndots): one lookup is many queries. Without those it is below the threshold. It is load for the resolver."
          : ordinary
            ? "It asks much, but for few names again and again or within the cluster: a client without a cache or a batch of work, not a search and not a tunnel. It is load for the resolver."
            : "It asks for many different names outside of the cluster, quickly: a crawler or a mail server does so, and so does what looks for other hosts or sends data in names. Which of these it is, the queries do not show.",
        advice: ordinary
          ? "If the load matters: a cache in the client, node-local-dns, or names with a last dot, which are not completed by the search list."
          : null,
      }),
    };
  },
};

/** What the library tried with its search list, and is not there. */
function isTry({ name, rcode }: Query, { search }: Asker): boolean {
  return rcode === "NXDOMAIN" && name !== null && withoutSearch(name, search) !== name;
}

/** Of one process; of all that were gone at once together, since each of them asks little. `pid` null: those. */
function fastest(asker: Asker, ground: Ground): { per_s: number; pid: number | null } {
  const span_s = span(ground);
  const perSecond = (times: readonly number[]) => mostWithin(times, span_s * 1e6) / span_s;
  const processes = by(asker.queries, ({ pid }) => `${pid}`).map(([pid, queries]) => ({
    pid: Number(pid),
    per_s: perSecond(queries.map(({ time_us }) => time_us)),
  }));
  // Complete also when queries were left out or lost; on average over the watch.
  const counted = asker.totals.map(({ pid, queries }) => ({ pid, per_s: queries / Math.max(1, ground.watch.seconds) }));
  const best = [...processes, ...counted].reduce((most, one) => (one.per_s > most.per_s ? one : most), {
    pid: 0,
    per_s: 0,
  });
  const known = new Set(asker.processes.filter(({ still_there }) => still_there).map(({ pid }) => pid));
  const short = asker.queries.filter(({ pid }) => pid !== null && !known.has(pid));
  const together = perSecond(short.map(({ time_us }) => time_us));
  return together > best.per_s ? { per_s: together, pid: null } : best;
}

const span = ({ watch }: Ground) => Math.max(1, Math.min(SPAN_S, watch.seconds));
