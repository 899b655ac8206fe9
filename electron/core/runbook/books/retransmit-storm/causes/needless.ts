/** Retransmissions of what had arrived: acknowledgements that were late or lost, or packets out of order. Told by the peer (DSACK). */
import type { Scope } from "../../../../collect/frames.ts";
import type { RunbookVerdict } from "../../../types.ts";
import type { Case } from "../case.ts";
import { tcpGrowth } from "../readings.ts";
import { EXPLAINS } from "../thresholds.ts";
import { read, verdict } from "../words.ts";

/** Counters are a namespace's, not a connection's: judged only where the suspects' retransmissions are most of them. */
const MOST_OF_ALL = 0.8;

export function needlessVerdicts({ suspects, readings, datapath }: Case): RunbookVerdict[] {
  const host = datapath?.node.host_netns;
  const places = new Map<string, number>();
  for (const row of new Set(suspects.flatMap(({ rows }) => rows))) {
    places.set(row.netns, (places.get(row.netns) ?? 0) + row.retrans);
  }
  return [...places].flatMap(([netns, own]) => {
    const scope: Scope = netns === host ? "node" : `netns:${netns}`;
    const counters = tcpGrowth(readings, scope);
    if (!counters) return [];
    const [all, told] = [counters.grew("RetransSegs"), counters.grew("TCPDSACKRecv")];
    if (own < MOST_OF_ALL * all || told < EXPLAINS * own || told === 0) return [];
    return [
      verdict({
        id: `needless:${netns}`,
        subject: `retransmissions of what had arrived (network namespace ${netns})`,
        verdict: "likely",
        kind: "needless",
        evidence: [
          read(
            `RetransSegs grew by ${all}, TCPDSACKRecv by ${told}: so many the peer had already`,
            counters.command_id,
          ),
        ],
        meaning:
          "Most of what was sent again had arrived: acknowledgements are late or lost on the way back, the delay jumps, or packets overtake each other. Data is not what is lost.",
        missing: ["where acknowledgements are held up: measure at the destination"],
      }),
    ];
  });
}
