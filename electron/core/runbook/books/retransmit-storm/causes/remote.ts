/** What a destination itself does, seen from here: it does not answer, does not read, or is gone. One verdict a suspect that shows any of it. */
import type { RunbookVerdict } from "../../../types.ts";
import type { Case } from "../case.ts";
import { peerOf, type Socket, socketEvidence, socketsOf } from "../sockets.ts";
import type { Suspect } from "../suspects.ts";
import { DEAD_TIMEOUTS, NAMED, SILENT_MS } from "../thresholds.ts";
import { counted, type Draft, percent, seen, verdict } from "../words.ts";
import { isExplained } from "./explained.ts";
import { losesLargeOnly } from "./mtu.ts";

/** Of the retransmissions, so many are of SYNs when only handshakes fail. */
const MOSTLY = 0.9;

export function remoteVerdicts(found: Case): RunbookVerdict[] {
  return found.suspects.slice(0, NAMED).flatMap((suspect) => {
    if (suspect.scope === "all" || isExplained(found, suspect, false)) return [];
    const sign = silent(found, suspect) ?? notReading(found, suspect) ?? gone(found, suspect);
    return sign === null
      ? []
      : [verdict({ id: `remote:${suspect.id}`, subject: `the remote end: ${suspect.title}`, ...sign })];
  });
}

type Sign = Omit<Draft, "id" | "subject">;

function silent({ retrans }: Case, { figures, rows }: Suspect): Sign | null {
  const { kinds } = figures;
  if (kinds.syn < MOSTLY * figures.retrans) return null;
  const [row] = rows;
  const evidence = seen(
    `${kinds.syn} of ${figures.retrans} retransmissions are SYNs, ${figures.sent} segments in all`,
    retrans,
    "destination",
    row ? `daddr=${row.daddr}` : "",
  );
  const never = rows.every(({ srtt_us }) => srtt_us === null);
  return never
    ? {
        ...{ verdict: "likely", kind: "no-answer", evidence },
        meaning:
          "It never answered a SYN: no such host or port, a filter that drops without a word, or no way back. This is no lossy line, and no traffic that was under way is lost.",
        missing: ["whether the SYNs arrive there"],
      }
    : {
        ...{ verdict: "likely", kind: "handshakes-only", evidence },
        meaning:
          "Connections that stand lose nothing; only new ones are answered late: a full queue of new connections there, or a device on the way that limits or tracks connections.",
        missing: ["ListenOverflows and ListenDrops at the destination"],
      };
}

function notReading({ readings, datapath }: Case, suspect: Suspect): Sign | null {
  const sockets = socketsOf(suspect, readings, datapath?.node.host_netns ?? "");
  const closed = sockets.filter(({ timer, snd_wnd }) => timer?.name === "persist" || snd_wnd === 0);
  if (closed.length === 0 || closed.length < sockets.length / 2) return null;
  const peers = closed.flatMap((socket) => peerOf(socket, readings) ?? []);
  const full = peers.filter(
    ({ recv_q, rmem, rcvbuf }) => recv_q > 0 && (rmem ?? 0) >= (rcvbuf ?? Number.POSITIVE_INFINITY) / 2,
  );
  const evidence = [...closed, ...full].slice(0, 4).map(socketEvidence);
  const share = `${closed.length} of ${counted(sockets.length, "connection")} with data under way`;
  // What acknowledgements ask for was lost; a closed window is no reason for that.
  const { kinds, retrans } = suspect.figures;
  const lost = kinds.fast + kinds.after_timeout;
  const also = lost === 0 ? "" : ` But ${lost} of ${retrans} segments were sent again because they were lost.`;
  // Of those whose other end is not on this node, or not full, it is not known.
  const sure = full.length > 0 && full.length >= closed.length / 2 && lost < retrans * (1 - MOSTLY);
  return {
    verdict: sure ? "confirmed" : "likely",
    kind: "zero-window",
    evidence,
    meaning: `${
      full.length > 0
        ? `The receiving process does not read: its socket, on this node, is full. ${share} wait for its window to open.`
        : `The peer's window is closed on ${share}: its process does not read.`
    }${also}`,
    missing: full.length > 0 ? [] : ["Recv-Q of the socket at the destination"],
  };
}

/** Connections that stood and of which nothing comes back any more. */
function gone({ readings, datapath }: Case, suspect: Suspect): Sign | null {
  const sockets = socketsOf(suspect, readings, datapath?.node.host_netns ?? "");
  const waiting = sockets.filter(({ timer }) => timer?.name === "on");
  const dead = waiting.filter(isDead);
  if (dead.length === 0 || dead.length < waiting.length / 2) return null;
  return {
    verdict: "likely",
    kind: "half-open",
    evidence: dead.slice(0, 3).map(socketEvidence),
    meaning: `Nothing came back for seconds on ${dead.length} of ${counted(waiting.length, "connection")} that had been answered before (${percent(dead.length / waiting.length)}): the peer is gone without a word, an entry for the connection was forgotten on the way, or the way is dead.`,
    missing: ["whether the peer still has these connections"],
  };
}

function isDead(socket: Socket): boolean {
  const { timer, backoff, lastack_ms, rtt_ms } = socket;
  if (losesLargeOnly(socket) === true) return false;
  const inRow = Math.max(timer?.count ?? 0, backoff ?? 0);
  return rtt_ms !== null && inRow >= DEAD_TIMEOUTS && (lastack_ms ?? 0) >= SILENT_MS;
}
