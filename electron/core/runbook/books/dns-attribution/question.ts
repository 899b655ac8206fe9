/** What a person wants to know, out of the book's inputs. */

import type { Datapath, Pod } from "../../../model/types.ts";
import type { SectionFacts } from "../../../parse.ts";
import { podOfCgroup } from "../../../parsers/lib/pod-cgroup.ts";
import type { RunState } from "../../types.ts";
import { type NameMatcher, nameMatcher, plain } from "./names.ts";
import type { Query } from "./queries.ts";
import { type Thresholds, thresholdsOf } from "./thresholds.ts";

/** Of a watch, when nothing else is said. */
export const SECONDS = 30;
/** As for a tracer that a person starts. */
export const BUDGET_PCT = 3;

export interface Question {
  /** In words: "who asks for evil.example", "what shop/cart-1 asks for". */
  text: string;
  name: NameMatcher | null;
  pod: string | null;
  /** Pods of the picture with that name; empty where the picture has none. */
  pods: Pod[];
  process: string | null;
  /** Whom processes should ask, as a person said it. */
  resolvers: string[];
  /** Plain. */
  cluster_domain: string;
  /** Domains that are nothing new. Plain. */
  known: string[];
  seconds: number;
  /** Of one CPU, for each tracer. */
  budget_pct: number;
  thresholds: Thresholds;
  /** True when it is about somebody or something, not about the whole node. */
  narrow: boolean;
  /** Is this query what was asked about? */
  asks(query: Query): boolean;
}

export function questionOf(state: Pick<RunState, "inputs" | "datapath" | "readings">): Question {
  const { inputs, datapath } = state;
  const given = (name: string) => inputs[name]?.trim() || null;
  const [name, pod, process] = [given("name"), given("pod"), given("process")];
  const matcher = name === null ? null : nameMatcher(name);
  const pods = pod === null ? [] : podsNamed(datapath, pod);
  const seconds = Number(given("seconds") ?? SECONDS);
  return {
    text: wordsOf(name, pod, process),
    name: matcher,
    pod,
    pods,
    process,
    resolvers: listOf(given("resolver")),
    cluster_domain: plain(given("cluster_domain") ?? kubeletsDomain(state) ?? "cluster.local"),
    known: listOf(given("known")).map(plain),
    seconds: Number.isFinite(seconds) && seconds > 0 ? seconds : SECONDS,
    budget_pct: Math.min(100, Math.max(0.1, Number(given("budget") ?? BUDGET_PCT) || BUDGET_PCT)),
    thresholds: thresholdsOf(inputs),
    narrow: matcher !== null || pod !== null || process !== null,
    asks: (query) =>
      (matcher === null || (query.name !== null && matcher.matches(query.name))) &&
      (pod === null || isOfPod(query, pod, pods)) &&
      (process === null || isOfProcess(query, process)),
  };
}

/**
 * The part of a cgroup's path that all containers of the one pod have and no other pod has, for the tracer's filter;
 * null where the picture does not tell.
 */
export function cgroupPartOf({ pods }: Question, datapath: Datapath | null): string | null {
  const [pod, another] = pods;
  // Where the older hierarchies name pods, the tracer, which reads the unified one, may see none.
  if (pod === undefined || another !== undefined || datapath?.node.cgroup_mode !== "v2") return null;
  const forms = new Set(
    pod.cgroups.flatMap((path) => path.split("/").find((part) => podOfCgroup(`/kubepods/${part}`) !== null) ?? []),
  );
  const [form, other] = [...forms];
  return form === undefined || other !== undefined ? null : form;
}

/** As the kubelet of this node has it, once that was read. */
function kubeletsDomain({ readings }: Pick<RunState, "readings">): string | null {
  const rows = Object.values(readings)
    .flatMap(({ before, after }) => [...after, ...before])
    .filter(({ section }) => section === "dns.resolvers")
    .flatMap(({ facts }) => (facts as SectionFacts["dns.resolvers"] | null) ?? []);
  return rows.find(({ source, option }) => source === "kubelet" && option === "domain")?.values[0] ?? null;
}

function podsNamed(datapath: Datapath | null, text: string): Pod[] {
  const bare = text.replace(/^pod:/, "");
  return (datapath?.pods ?? []).filter(
    ({ key, uid, namespace, name }) =>
      key === text || sameUid(uid, bare) || name === text || `${namespace ?? "?"}/${name}` === text,
  );
}

function isOfPod({ place, pod }: Query, text: string, pods: readonly Pod[]): boolean {
  const uid = place.pod_uid;
  if (uid === null) return false;
  return pods.some((one) => sameUid(one.uid, uid)) || pod === text || pod?.split("/")[1] === text || sameUid(uid, text);
}

/** By number, name, or the name or path of its binary. */
function isOfProcess({ pid, comm, exe, program }: Query, text: string): boolean {
  if (/^\d+$/.test(text)) return pid === Number(text);
  return comm === text || program === text || exe === text;
}

/** Static pods are written with and without dashes. */
const sameUid = (a: string, b: string) => a.replaceAll("-", "").toLowerCase() === b.replaceAll("-", "").toLowerCase();

const listOf = (text: string | null) => text?.split(/[\s,]+/).filter((one) => one !== "") ?? [];

function wordsOf(name: string | null, pod: string | null, process: string | null): string {
  const who = [pod === null ? null : `pod ${pod}`, process === null ? null : `process ${process}`].filter(
    (one) => one !== null,
  );
  if (name === null) return who.length === 0 ? "what is asked on this node" : `what ${who.join(", ")} asks for`;
  return who.length === 0 ? `who asks for ${name}` : `whether ${who.join(", ")} asks for ${name}`;
}
