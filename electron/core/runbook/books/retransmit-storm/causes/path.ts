/**
 * The way beyond this node and the remote end. It is never seen from here, so never proven: what is left when this node is
 * ruled out, with what the pattern of affected and healthy destinations and pods says about it.
 */
import type { Evidence, RunbookVerdict } from "../../../types.ts";
import type { Case } from "../case.ts";
import { ifaceOf, wayTo } from "../interfaces.ts";
import type { Destination } from "../records.ts";
import { figuresOf, groupsOf, podOf, type Suspect } from "../suspects.ts";
import { HEALTHY_PCT, HEALTHY_SEGMENTS, NAMED } from "../thresholds.ts";
import { ratio, seen, verdict } from "../words.ts";
import { unexplained } from "./explained.ts";
import { OUT_OF_SIGHT } from "./place.ts";

/** `local`: what was concluded about places of this node. */
export function pathVerdict(found: Case, local: readonly RunbookVerdict[]): RunbookVerdict {
  const about = { id: "path", subject: "the way beyond this node, and the remote end" };
  const proven = local.filter((one) => one.verdict === "confirmed");
  const left = proven.length === 0 ? found.suspects : unexplained(found);
  if (left.length === 0) {
    return verdict({
      ...about,
      verdict: "ruled_out",
      kind: "path",
      evidence: proven.flatMap(({ evidence }) => evidence.slice(0, 1)),
      meaning: `Most is lost on this node: ${names(proven)}. What is left over may still be lost beyond it.`,
    });
  }
  const shape = shapeOf(found, left);
  const unsure = local.filter((one) => one.verdict === "cannot_tell");
  const blamed = local.filter((one) => one.verdict === "likely" && one.kind !== OUT_OF_SIGHT);
  const missing = [
    ...unsure.flatMap((one) => one.missing.map((what) => `${one.subject}: ${what}`)),
    ...blamed.map((one) => `how much of it is ${one.subject}`),
  ];
  const titles = left.map(({ title }) => title);
  const which = left.length < found.suspects.length ? `${list(titles)}: ` : "";
  if (missing.length > 0) {
    return verdict({
      ...about,
      verdict: "cannot_tell",
      kind: shape.kind,
      evidence: shape.evidence,
      meaning: `${which}this node is not ruled out. ${shape.text}`,
      missing: [...new Set(missing)],
    });
  }
  const ends = left.flatMap(({ rows }) => rows.map(({ daddr }) => daddr));
  const inside = ends.every((daddr) => ifaceOf(found.datapath, daddr) !== null);
  return verdict({
    ...about,
    subject: inside ? "the way between network namespaces of this node" : about.subject,
    verdict: "likely",
    kind: shape.kind,
    evidence: shape.evidence,
    meaning: `${which}nothing on this node drops these packets, so they are lost beyond it. ${shape.text}`,
    missing: ["the same measurement at the other end: which of its places drops them"],
  });
}

interface Shape {
  kind: "one-destination" | "one-way" | "one-pod" | "everything" | "path";
  text: string;
  evidence: Evidence[];
}

/** What is affected and what is not. Every statement needs something healthy to compare with. */
function shapeOf(found: Case, suspects: readonly Suspect[]): Shape {
  const { destinations, datapath, routes, retrans } = found;
  const affected = [...new Set(suspects.flatMap(({ rows }) => rows))].filter((row) => row.retrans > 0);
  const healthy = destinations.filter(isHealthy);
  const addresses = [...groupsOf(affected, ({ daddr }) => daddr).keys()];
  const pods = [...groupsOf(affected, podOf).keys()];
  const otherPods = healthy.filter((row) => !pods.includes(podOf(row)));
  const toOthers = healthy.filter(({ daddr }) => !addresses.includes(daddr));
  const sameFromOthers = otherPods.filter(({ daddr }) => addresses.includes(daddr));
  const evidence = [
    ...seen(`affected: ${list(addresses)}, from ${list(pods)}`, retrans, "destination", "segs_retrans>0"),
    ...seen(healthyText(healthy), retrans, "destination", "segs_retrans=0"),
  ];
  const shape = (kind: Shape["kind"], text: string): Shape => ({ kind, text, evidence });
  if (pods.length === 1 && (sameFromOthers.length > 0 || (addresses.length > 1 && otherPods.length > 0))) {
    return shape(
      "one-pod",
      `Only ${pods[0]} is affected, others are not${sameFromOthers.length > 0 ? ", to the same destination" : ""}: look at its interface, its node-side peer and its CPU limit.`,
    );
  }
  if (addresses.length === 1 && toOthers.length > 0) {
    const from = pods.length > 1 ? `from ${pods.length} pods or namespaces alike` : "and nobody else here talks to it";
    return shape(
      "one-destination",
      `Only ${addresses[0]} is affected, ${from}: that host, or the last part of the way to it.`,
    );
  }
  const ways = new Set(affected.map((row) => wayTo(row, datapath, routes)));
  const [way] = ways;
  const otherWays = toOthers.filter((row) => wayTo(row, datapath, routes) !== way);
  const sameWay = toOthers.filter((row) => wayTo(row, datapath, routes) === way);
  if (addresses.length > 1 && ways.size === 1 && way != null && otherWays.length > 0 && sameWay.length === 0) {
    return shape(
      "one-way",
      `All ${addresses.length} affected destinations are reached ${way}, and what goes another way is healthy: that next hop or what is behind it.`,
    );
  }
  if (healthy.length === 0)
    return shape(
      "everything",
      "Nothing that sends enough to be compared is healthy: what all of it shares, such as the uplink.",
    );
  return shape("path", "Which part of the way it is the pattern does not say.");
}

function isHealthy(row: Destination): boolean {
  return row.sent >= HEALTHY_SEGMENTS && (100 * row.retrans) / row.sent < HEALTHY_PCT;
}

function healthyText(healthy: readonly Destination[]): string {
  if (healthy.length === 0) return "healthy: nothing that sent enough to be compared";
  const { sent, ratio_pct } = figuresOf(healthy);
  const names = [...groupsOf(healthy, ({ daddr }) => daddr).keys()];
  return `healthy: ${list(names)} (${sent} segments, ${ratio(ratio_pct)} sent again)`;
}

function list(words: readonly string[]): string {
  const rest = words.length - NAMED;
  return `${words.slice(0, NAMED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

const names = (verdicts: readonly RunbookVerdict[]) => verdicts.map(({ subject }) => subject).join(", ");
