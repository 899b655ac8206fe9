/** Who asked: a verdict for everybody who asked what was asked about, or for the busiest. */
import type { Evidence, RunbookVerdict } from "../../types.ts";
import { type Asker, isCalledResolver } from "./askers.ts";
import { connectionText, followed } from "./connections.ts";
import { originOf } from "./forwarders.ts";
import { concerned, filterOf, type Ground } from "./ground.ts";
import { originOfAsker } from "./origin.ts";
import type { Query } from "./queries.ts";
import { by, nameLines } from "./table.ts";

/** Verdicts of a kind that are told; how many more there are is said. */
const TOLD_OF_QUESTION = 30;
const TOLD_OF_NODE = 12;
const FORWARDERS_TOLD = 10;
const CONNECTIONS_TOLD = 5;
/** A resolver waits so long for its upstream, or less, before it gives up. */
const EARLIER_US = 2_000_000;

export function attribution(ground: Ground): RunbookVerdict[] {
  const found = concerned(ground);
  const all = found.filter(({ forwarder }) => !forwarder);
  const told = all.slice(0, ground.question.narrow ? TOLD_OF_QUESTION : TOLD_OF_NODE);
  const verdicts = [
    ...told.map((asker) => askerVerdict(asker, ground)),
    // Who asks for others explains, and accuses nobody: after those who ask.
    ...found
      .filter(({ forwarder }) => forwarder)
      .slice(0, FORWARDERS_TOLD)
      .map((asker) => forwarderVerdict(asker, ground)),
  ];
  const rest = all.slice(told.length);
  return rest.length === 0 ? verdicts : [...verdicts, restVerdict(rest, ground)];
}

function askerVerdict(asker: Asker, ground: Ground): RunbookVerdict {
  const { watch } = ground;
  const origin = originOfAsker(asker, ground);
  const sure = watch.gaps.length === 0;
  const meaning = [
    "The tracer saw these queries leave this process's own sockets.",
    origin.meaning,
    sure ? "" : `It may not be the only one, and these may not be all: ${watch.gaps.join("; ")}.`,
    isCalledResolver(asker)
      ? "It bears a resolver's name, but it answered nobody while it was watched; systemd-resolved is also asked over D-Bus, which is not seen."
      : "",
  ];
  return {
    id: `asker:${asker.id}`,
    subject: asker.subject,
    subject_key: asker.container?.pod_key ?? null,
    verdict: sure ? "confirmed" : "likely",
    kind: "asker",
    evidence: [...queryEvidence(asker, ground), ...origin.evidence],
    meaning: meaning.filter((one) => one !== "").join(" "),
    missing: [],
    proposal: { kind: "advice", text: adviceFor(asker) },
  };
}

/** A process that answers others: what it asked for them, and who they are. */
function forwarderVerdict(asker: Asker, ground: Ground): RunbookVerdict {
  const { forwarding, question, watch } = ground;
  const queries = asker.queries.filter(question.asks);
  const behind = queries.map((query) => ({
    query,
    served: forwarding.behind(query),
    origin: originOf(query, forwarding),
  }));
  const joined = behind.filter(({ served }) => served !== null).length;
  const origins = by(
    behind.flatMap(({ origin, served }) => {
      const from = origin ?? served?.served ?? null;
      return from === null ? [] : [{ origin, from }];
    }),
    ({ origin, from }) =>
      origin === null
        ? `somebody at ${from.client ?? "an unknown address"}, who is not seen on this node`
        : `${origin.program} (pid ${origin.pid ?? "not known"}${origin.pod === null ? "" : `, pod ${origin.pod}`})`,
  );
  const source: Evidence["source"] = {
    kind: "trace",
    trace_id: watch.trace_id,
    record: "query",
    filter: filterOf(asker),
  };
  // What it was asked before the watch has no query behind it that could have been seen.
  const late = watch.from_us + EARLIER_US;
  const own = behind.filter(({ query, served }) => served === null && query.time_us >= late).length;
  const all = own === 0 && joined > 0;
  return {
    id: `forwarder:${asker.id}`,
    subject: asker.subject,
    subject_key: asker.container?.pod_key ?? null,
    verdict: all ? "ruled_out" : "cannot_tell",
    kind: "forwarder",
    evidence: [
      { text: `it was seen to answer queries: a forwarder, whatever its name`, source },
      {
        text: `${joined} of its ${queries.length} queries are of a name and type it was being asked for at that moment`,
        source,
      },
      ...origins.slice(0, 10).map(([who, list]) => ({ text: `asked by ${who} ×${list.length}`, source })),
      ...queryEvidence(asker, ground),
      ...originOfAsker(asker, ground).evidence,
    ],
    meaning: all
      ? "It asked on behalf of others and is not where these queries come from."
      : `A resolver also asks by itself: for what it refreshes in its cache, to see whether its own upstream lives, and for what it was asked before the watch. Of ${own} of its queries it is not known who is behind them.`,
    missing: all ? [] : ["A longer watch, so that what it was asked before is a smaller part."],
    proposal: null,
  };
}

function queryEvidence(asker: Asker, ground: Ground): Evidence[] {
  const { question, watch, connections, forwarding } = ground;
  const queries = asker.queries.filter(question.asks);
  const source = (name: string | null): Evidence["source"] => ({
    kind: "trace",
    trace_id: watch.trace_id,
    record: "query",
    filter: filterOf(asker, name),
  });
  const { told, more } = nameLines(queries, asker.search, watch);
  const evidence = told.map(({ name, text, queries: [first] }) => ({
    text,
    source: source(first?.name === null ? null : name),
  }));
  if (more > 0) evidence.push({ text: `and ${more} further names`, source: source(null) });
  if (connections.trace_id === null) return [...evidence, ...relayed(queries, ground, source(null))];
  const after = queries.flatMap((query) => {
    const connection = followed(query, connections, question.thresholds.follow_s);
    return connection === null ? [] : [{ query, connection }];
  });
  // A and AAAA have one connection behind them.
  const once = new Map(after.map((one) => [one.connection, one]));
  for (const { query, connection } of [...once.values()].slice(0, CONNECTIONS_TOLD)) {
    evidence.push({
      text: `${query.name}: then connected to ${connectionText(connection, query)}`,
      source: {
        kind: "trace",
        trace_id: connections.trace_id,
        record: "connection",
        filter: `pid=${connection.pid} remote=${connection.remote}`,
      },
    });
  }
  return forwarding.forwarders.size === 0 ? evidence : [...evidence, ...relayed(queries, ground, source(null))];
}

/** Which resolver of this node asked somebody else for it, in its own name. */
function relayed(queries: readonly Query[], { forwarding }: Ground, source: Evidence["source"]): Evidence[] {
  const through = queries.flatMap((query) => forwarding.relayed(query));
  return by(
    through,
    ({ program, pid, resolver }) => `${program} (pid ${pid}) asked ${resolver ?? "?"} in its turn`,
  ).map(([who, list]) => ({ text: `${who} ×${list.length}`, source }));
}

function adviceFor({ container, program }: Asker): string {
  if (container === null) return `If ${program} has no business with it: see which unit or login started it, and why.`;
  const which = container.name === null ? "this container" : `container ${container.name}`;
  return `If ${which} has no business with it: see what put it into the pod's specification (a chart's change, an admission webhook that injects sidecars), and deny it the name by a network policy until that is clear.`;
}

function restVerdict(rest: readonly Asker[], { watch }: Ground): RunbookVerdict {
  const queries = rest.reduce((sum, one) => sum + one.queries.length, 0);
  return {
    id: "further-askers",
    subject: `${rest.length} further programs`,
    subject_key: null,
    verdict: "cannot_tell",
    kind: "further-askers",
    evidence: [
      {
        text: `${queries} queries of ${rest.length} further programs: ${rest
          .slice(0, 20)
          .map(({ program }) => program)
          .join(", ")}`,
        source: { kind: "trace", trace_id: watch.trace_id, record: "query", filter: "role=client" },
      },
    ],
    meaning: "They asked least, and are not told one by one.",
    missing: ["A run about one of them: its pod, its process, or the name."],
    proposal: null,
  };
}
