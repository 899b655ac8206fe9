/** Nobody was seen asking, or nothing could be seen: what that means, and what it does not. */
import type { RunbookVerdict, RunState } from "../../types.ts";
import { concerned, type Ground, whyNot } from "./ground.ts";
import { by } from "./table.ts";

/** What the tracer does not see, in words. */
const UNSEEN = [
  "DNS over TLS, HTTPS or QUIC, and what a library has in its cache, is not seen.",
  "It may be asked on another node: this is about processes of this one.",
];

/** The tracer did not run. */
export function notWatched(state: RunState): RunbookVerdict {
  return {
    id: "watch",
    subject: "DNS queries of this node",
    subject_key: null,
    verdict: "cannot_tell",
    kind: "not-watched",
    evidence: [],
    meaning: "No query could be watched, so nothing is known about who asks.",
    missing: [whyNot(state)],
    proposal: null,
  };
}

/** None for a watch in which somebody asked. */
export function nobody(ground: Ground): RunbookVerdict[] {
  const { question, watch } = ground;
  const elsewhere = fromElsewhere(ground);
  const found = concerned(ground);
  // Who asks for others answers "what does it ask", not "who asks for this name".
  if (found.some(({ forwarder }) => !forwarder) || (found.length > 0 && question.name === null)) return elsewhere;
  const asked = watch.queries.filter(({ role }) => role === "client").length;
  const seconds = watch.seconds.toFixed(0);
  return [
    ...elsewhere,
    {
      id: "nobody",
      subject: question.text,
      subject_key: null,
      verdict: "cannot_tell",
      kind: "nobody-asked",
      evidence: [
        {
          text: `watched ${seconds} s: ${asked} queries of this node's processes, none of them ${question.narrow ? "what was asked about, from a process that does not ask for others" : "from a process that does not ask for others"}`,
          source: { kind: "trace", trace_id: watch.trace_id, record: "query", filter: "" },
        },
      ],
      meaning: `No process of this node was seen to ask for it in ${seconds} s. That it never does so is not shown by this.`,
      missing: [
        `A longer watch (seconds, ${seconds} now), at the time at which it happens.`,
        ...(question.pod !== null && question.pods.length === 0
          ? [`The picture of this node has no pod called ${question.pod}.`]
          : []),
        ...watch.gaps.map((gap) => `A watch without this: ${gap}.`),
        ...UNSEEN,
      ],
      proposal: null,
    },
  ];
}

/** Who asked a resolver of this node from another one. */
function fromElsewhere({ forwarding, question, state, watch }: Ground): RunbookVerdict[] {
  if (!question.narrow || question.name === null) return [];
  const asked = forwarding.fromElsewhere.filter(({ name }) => name !== null && question.name?.matches(name));
  return by(asked, ({ client }) => client ?? "an unknown address")
    .slice(0, 20)
    .map(([client, queries]) => {
      const here = state.datapath?.interfaces.find(({ addresses }) =>
        addresses.some((address) => address.split("/")[0]?.toLowerCase() === client),
      );
      const server = queries[0];
      return {
        id: `elsewhere:${client}`,
        subject: `whoever is at ${client}`,
        subject_key: here?.pod ?? null,
        verdict: "cannot_tell" as const,
        kind: "asked-from-elsewhere",
        evidence: [
          {
            text: `${server?.program ?? "a resolver"} (pid ${server?.pid ?? "not known"}) of this node was asked ${queries.length} times by ${client}: ${by(
              queries,
              ({ name, type }) => `${name} ${type}`,
            )
              .slice(0, 5)
              .map(([what]) => what)
              .join(", ")}`,
            source: {
              kind: "trace" as const,
              trace_id: watch.trace_id,
              record: "query",
              filter: `role=server client=${client}`,
            },
          },
        ],
        meaning:
          here === undefined
            ? "The address is of none of this node's interfaces: the process is on another node, or behind an address translation, and cannot be seen from here."
            : "The address is of this node, but no process was seen to send the query: it was sent before the watch, by a raw socket, or its record was lost.",
        missing: [
          here === undefined
            ? `This runbook on the node that has ${client}, with the same name.`
            : "A watch of that pod that loses nothing.",
        ],
        proposal: null,
      };
    });
}
