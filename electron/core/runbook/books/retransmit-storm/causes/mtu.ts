/**
 * Segments that are too large for the way: small ones arrive and full-sized ones never do. The tracer of retransmissions
 * has no lengths; the sockets' own byte counters have.
 */
import type { RunbookVerdict } from "../../../types.ts";
import type { Case } from "../case.ts";
import { type Socket, socketEvidence, socketsGap, socketsOf } from "../sockets.ts";
import { FULL_SIZED } from "../thresholds.ts";
import { counted, verdict } from "../words.ts";
import { ownPlaces, placeVerdict } from "./place.ts";

const tooLarge = (found: Case) => ownPlaces(found).filter((place) => place.class === "mtu");

/** This node's own refusal of them. */
export function tooLargeVerdicts(found: Case): RunbookVerdict[] {
  return tooLarge(found).map((place) =>
    placeVerdict(found, place, {
      id: `mtu:${place.netns}:${place.ifindex}`,
      subject: `${place.device ?? "an interface"}: packets too large`,
      kind: "mtu",
      means:
        "They are larger than this node's next interface takes: compare the MTU of the pod's interface, the tunnel and the uplink.",
    }),
  );
}

/** Further on, as the sockets' counters have it. */
export function sizeVerdicts(found: Case): RunbookVerdict[] {
  return tooLarge(found).length > 0 ? [] : [fromSockets(found)];
}

/** Whether only full-sized segments are lost, by one connection's counters. Null when they do not say. */
export function losesLargeOnly(socket: Socket): boolean | null {
  const { mss, bytes_retrans, retrans_total, bytes_acked, delivered, timer, backoff } = socket;
  if (mss === null || bytes_retrans === null || retrans_total === null || retrans_total === 0) return null;
  const again = bytes_retrans / retrans_total;
  const arrived = bytes_acked === null || delivered === null || delivered === 0 ? null : bytes_acked / delivered;
  if (arrived !== null && arrived >= FULL_SIZED * mss) return false;
  // Small segments that are lost, too, are not too large.
  if (again < FULL_SIZED * mss) return false;
  const isStuck = timer?.name === "on" && Math.max(timer.count, backoff ?? 0) >= 2;
  return isStuck && (arrived === null ? (bytes_acked ?? 0) < mss : arrived < mss / 2) ? true : null;
}

function fromSockets({ suspects, readings, datapath }: Case): RunbookVerdict {
  const host = datapath?.node.host_netns ?? "";
  const sockets = suspects.flatMap((suspect) => socketsOf(suspect, readings, host));
  const [stuck, through] = [true, false].map((wanted) => sockets.filter((one) => losesLargeOnly(one) === wanted));
  const about = { id: "mtu", subject: "size of segments (MTU)", kind: "mtu" };
  if (stuck && stuck.length > 0 && (through?.length ?? 0) === 0) {
    return verdict({
      ...about,
      verdict: "likely",
      evidence: stuck.slice(0, 3).map(socketEvidence),
      meaning: `On ${counted(stuck.length, "connection")} only full-sized segments are sent again, time after time, and only small ones were ever acknowledged: on the way something takes no packets of that size, and tells nobody (an MTU too large for a tunnel, ICMP filtered).`,
      missing: ["the largest size that gets through, e.g. ping -M do -s"],
    });
  }
  if (through && through.length > 0) {
    return verdict({
      ...about,
      verdict: "ruled_out",
      evidence: through.slice(0, 2).map(socketEvidence),
      meaning: "Full-sized segments get through, or small ones are lost as well: it is not their size.",
    });
  }
  const gap = socketsGap(suspects, readings, host);
  return verdict({
    ...about,
    verdict: "cannot_tell",
    meaning: "Whether only large segments are lost is not known: no connection that was open at the end shows it.",
    missing: [gap ?? "a connection with retransmissions that is still open when it is looked at"],
  });
}
