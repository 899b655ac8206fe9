/** Lookups that fail, many in a short time: a wrong name in a configuration, or names that somebody makes up. */
import { failed, lookupsOf } from "../table.ts";
import { mostWithin, nothing, type Signal, signalVerdict } from "./signal.ts";

const ID = "nxdomain-burst";
const SPAN_S = 10;
/** Of all its lookups; a crawler meets dead names, too, among many that live. */
const SHARE = 0.5;
/** From this share of different names among the failed lookups on they are made up rather than mistyped. */
const DIFFERENT = 0.5;

export const nxdomain: Signal = {
  id: ID,
  judge(asker, ground) {
    const { failed_lookups } = ground.question.thresholds;
    const lookups = lookupsOf(asker.queries, asker.search);
    const bad = lookups.filter(failed);
    const burst = mostWithin(
      bad.map(({ queries }) => queries[0]?.time_us ?? 0),
      SPAN_S * 1e6,
    );
    if (burst < failed_lookups || bad.length < SHARE * lookups.length) return nothing(burst);
    const names = [...new Set(bad.map(({ base }) => base))];
    const made = names.length >= DIFFERENT * bad.length;
    const messages = asker.queries.filter(({ rcode }) => rcode === "NXDOMAIN").length;
    return {
      figure: burst,
      verdict: signalVerdict(asker, ground, {
        signal: ID,
        verdict: made ? "likely" : "confirmed",
        facts: [
          `${burst} lookups failed within ${SPAN_S} s, ${bad.length} of ${lookups.length} in all (threshold ${failed_lookups}, and half of them)`,
          `${names.length} different names in ${messages} answers NXDOMAIN: ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}`,
        ],
        meaning: made
          ? "Hardly a name is asked twice and most do not exist: names that are generated look like this (malware that searches its server, a scan for hosts), and so does a list of addresses gone stale."
          : "The same few names are asked again and again and do not exist: a wrong name in a configuration, a service that was removed, or a missing search domain. Nothing here looks hostile.",
        advice: made
          ? "Look at the names: random letters are generated; words are a list."
          : `Correct the name in the configuration of ${asker.program}, or bring back what it stands for.`,
      }),
    };
  },
};
