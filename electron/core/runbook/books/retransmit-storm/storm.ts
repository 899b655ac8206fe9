/** First conclusion: what is sent again so much that it matters, where to, whose it is, and of which kind. */
import type { RunbookVerdict, RunState, TraceEvidence } from "../../types.ts";
import { type Case, caseOf } from "./case.ts";
import { socketEvidence, socketsOf } from "./sockets.ts";
import { figuresOf, named, type Suspect } from "./suspects.ts";
import { NAMED, type Thresholds } from "./thresholds.ts";
import { counted, kindsOf, ratio, seen, verdict } from "./words.ts";

export function stormVerdicts(state: RunState): RunbookVerdict[] {
  const found = caseOf(state);
  if (found.suspects.length === 0) return [without(found)];
  return found.suspects.slice(0, NAMED).map((suspect) => withStorm(found, suspect));
}

/** Sockets whose ss line is shown with each. */
const WORST = 2;

const WORDS: Readonly<Record<Suspect["word"], { kind: string; means(limits: Thresholds): string }>> = {
  storm: {
    kind: "retransmit-storm",
    means: ({ storm_pct }) => `At least ${storm_pct} % of what is sent to it is sent again: users notice.`,
  },
  outlier: {
    kind: "outlier",
    means: ({ storm_pct }) => `Less than ${storm_pct} %, and far more than everywhere else.`,
  },
  stalled: {
    kind: "stalled",
    means: () =>
      "Few segments, because hardly anything gets through: timers run out, each after twice the time of the one before.",
  },
};

function withStorm(found: Case, suspect: Suspect): RunbookVerdict {
  const { retrans, readings, datapath, limits } = found;
  const { figures, rows, word } = suspect;
  const [row] = rows;
  const filter = suspect.scope === "destination" && row ? `daddr=${row.daddr}` : "";
  const who = named(
    rows,
    ({ comm, pid }) => (comm === null ? null : `${comm}${pid === null ? "" : ` (pid ${pid})`}`),
    NAMED,
  );
  const pods = named(rows, ({ pod }) => pod, NAMED);
  const to = named(rows, ({ daddr }) => daddr, NAMED);
  const closing = retrans?.schema?.variant === "closing";
  return verdict({
    id: `storm:${suspect.id}`,
    subject: suspect.title,
    verdict: word === "storm" && !closing ? "confirmed" : "likely",
    kind: WORDS[word].kind,
    evidence: [
      ...seen(
        `${figures.retrans} of ${figures.sent} segments were sent again: ${ratio(figures.ratio_pct)}, on ${counted(figures.connections, "connection")}`,
        retrans,
        "destination",
        filter,
      ),
      ...seen(`everything else: ${ratio(suspect.baseline_pct)}`, retrans, "overall"),
      ...seen(`why: ${kindsOf(figures)}`, retrans, "retransmit", filter),
      ...(figures.refused === 0
        ? []
        : seen(
            `of these ${figures.refused} never left: a queue or filter of this node refused them`,
            retrans,
            "destination",
            filter,
          )),
      ...(who === "" ? [] : seen(`processes: ${who}`, retrans, "destination", filter)),
      ...(pods === "" ? [] : seen(`pods: ${pods}`, retrans, "destination", filter)),
      ...(suspect.scope === "destination" ? [] : seen(`to: ${to}`, retrans, "destination", filter)),
      ...socketsOf(suspect, readings, datapath?.node.host_netns ?? "")
        .slice(0, WORST)
        .map(socketEvidence),
    ],
    meaning: `${WORDS[word].means(limits)} This says nothing yet about where it is lost.`,
    missing: closing ? [CLOSING] : [],
  });
}

const CLOSING = "this kernel counts a connection when it ends: those still open are not in the share";

/** Why destinations may be missing from the totals, or segments from them; events that were lost are in both. */
function gapIn({ schema, summary, dropped }: TraceEvidence): string | null {
  if (schema?.variant === "closing") return CLOSING;
  if (summary?.ended === "budget") return "the tracer of retransmissions ended early: it would have cost too much";
  const left = (summary?.evicted ?? 0) + (dropped.destination ?? 0);
  return left > 0 ? `${left} sockets or destinations found no room in the tracer's tables` : null;
}

function without({ retrans, asked, destinations, limits, state }: Case): RunbookVerdict {
  const about = { id: "storm", subject: askedFor(state), kind: "retransmit-storm" };
  const why = retrans === null ? (state.left_out.watch ?? "the tracer was not run") : retrans.error?.message;
  const figures = figuresOf(asked);
  if (why !== undefined || retrans?.summary == null) {
    const missing = why ?? "the tracer of retransmissions did not come to its end";
    const meaning = "Whether anything is sent again is not known.";
    return verdict({ ...about, verdict: "cannot_tell", meaning, missing: [missing] });
  }
  const evidence = seen(
    `${figures.retrans} of ${figures.sent} segments were sent again: ${ratio(figures.ratio_pct)}, to ${counted(new Set(asked.map(({ daddr }) => daddr)).size, "address", "addresses")}`,
    retrans,
    "destination",
  );
  const gap = gapIn(retrans);
  if (gap !== null) {
    const meaning = "Nothing that was counted stands out, but not all was counted.";
    return verdict({ ...about, verdict: "cannot_tell", evidence, meaning, missing: [gap] });
  }
  if (figures.sent === 0) {
    const meaning =
      destinations.length === 0 ? "No TCP connection sent anything." : "Nothing was sent to what was asked for.";
    return verdict({ ...about, verdict: "cannot_tell", evidence, meaning, missing: ["traffic while it is measured"] });
  }
  return verdict({
    ...about,
    verdict: "ruled_out",
    evidence,
    meaning:
      `No destination and no pod had ${limits.min_retrans} retransmissions and a share of ${limits.notice_pct} % that stands out, ` +
      `or of ${limits.storm_pct} %, in ${limits.seconds} s. What happens more seldom needs a longer look.`,
  });
}

function askedFor({ inputs }: RunState): string {
  const words = [inputs.destination, inputs.pod, inputs.interface].filter((one) => one !== undefined && one !== "");
  return words.length === 0 ? "all connections of this node" : `connections of ${words.join(", ")}`;
}
