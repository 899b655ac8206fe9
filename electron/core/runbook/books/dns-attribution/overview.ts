/** What was asked in all: by name, process, pod and resolver. */
import type { Evidence, RunbookVerdict } from "../../types.ts";
import type { Ground } from "./ground.ts";
import type { Query } from "./queries.ts";
import { by, counted, outcomeOf } from "./table.ts";

const LINES = 8;

export function overview({ watch, question, forwarding }: Ground): RunbookVerdict[] {
  const queries = watch.queries.filter((query) => query.role === "client" && question.asks(query));
  if (queries.length === 0) return [];
  const line = (text: string): Evidence => ({
    text,
    source: { kind: "trace", trace_id: watch.trace_id, record: "query", filter: "role=client" },
  });
  const groups = (what: string, key: (query: Query) => string) => line(`by ${what}: ${top(queries, key)}`);
  const forwarded = queries.filter(({ pid }) => pid !== null && forwarding.forwarders.has(pid)).length;
  const retried = queries.reduce((sum, { retries }) => sum + retries, 0);
  return [
    {
      id: "overview",
      subject: question.text,
      subject_key: null,
      verdict: watch.gaps.length === 0 ? "confirmed" : "likely",
      kind: "overview",
      evidence: [
        line(
          `${queries.length} queries in ${watch.seconds.toFixed(0)} s, ${forwarded} of them by processes that ask for others; ${retried} sent again`,
        ),
        line(`outcomes: ${counted(queries, outcomeOf)}; over ${counted(queries, ({ transport }) => transport)}`),
        groups("name", ({ name }) => name ?? "(no sound message)"),
        groups("process", ({ program, pid }) => `${program} (pid ${pid ?? "not known"})`),
        groups("pod", ({ pod, place }) => pod ?? place.pod_uid ?? "none"),
        groups("resolver", ({ resolver }) => resolver ?? "not known"),
      ],
      meaning:
        watch.gaps.length === 0
          ? "All queries of this node's processes in that time, but those over TLS, HTTPS or QUIC and those a cache answered."
          : `Not all queries of that time: ${watch.gaps.join("; ")}.`,
      missing: [],
      proposal: null,
    },
  ];
}

function top(queries: readonly Query[], key: (query: Query) => string): string {
  const groups = by(queries, key);
  const told = groups.slice(0, LINES).map(([name, own]) => `${name} ×${own.length}`);
  return groups.length > told.length ? `${told.join(", ")} and ${groups.length - told.length} more` : told.join(", ");
}
