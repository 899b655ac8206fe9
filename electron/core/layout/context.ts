/**
 * What the layout looks up again and again, gathered once for a datapath.
 */
import type { BpfMap, Datapath, Iface, Key, Netns, Pod, Program, Severity } from "../model/types.ts";
import { type TailCalls, tailCalls } from "./chains.ts";
import { type Changes, compareDatapaths } from "./changes.ts";
import type { Badge, PictureOptions } from "./types.ts";

/** Facts of one datapath, kept as long as the datapath itself. */
interface Facts {
  programs: ReadonlyMap<number, Program>;
  maps: ReadonlyMap<number, BpfMap>;
  pods: ReadonlyMap<Key, Pod>;
  interfaces: ReadonlyMap<Key, Iface>;
  /** By inode. */
  netns: ReadonlyMap<string, Netns>;
  tails: TailCalls;
  /** Indexes into `findings` by subject. */
  findings: ReadonlyMap<Key, readonly number[]>;
}

export interface Context extends Facts {
  datapath: Datapath;
  options: PictureOptions;
  changes: Changes;
  /** Programs the filter lets through that are attached nowhere: only a pipeline can show them. */
  wanted_tails: ReadonlySet<Key>;
  program(id: number | null): Program | undefined;
  /** The findings about any of these keys as one sign, or null. */
  badge(...keys: (Key | undefined)[]): Badge | null;
  /** Does the filter let one of these keys through? */
  shows(...keys: (Key | undefined)[]): boolean;
}

const WEIGHT: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };
const known = new WeakMap<Datapath, Facts>();

/** Gathers everything for one layout. */
export function makeContext(datapath: Datapath, options: PictureOptions): Context {
  let facts = known.get(datapath);
  if (!facts) {
    facts = gather(datapath);
    known.set(datapath, facts);
  }
  const { programs, findings } = facts;
  const changes = compareDatapaths(options.previous, datapath);
  const { visible } = options;
  return {
    ...facts,
    datapath,
    options,
    changes,
    wanted_tails: new Set(
      visible === null
        ? []
        : datapath.programs.flatMap(({ key, attached }) => (attached.length === 0 && visible.has(key) ? [key] : [])),
    ),
    program: (id) => (id === null ? undefined : (programs.get(id) ?? changes.goneProgram(id))),
    badge(...keys) {
      const about = new Set<number>();
      for (const key of keys) if (key !== undefined) for (const at of findings.get(key) ?? []) about.add(at);
      return about.size === 0 ? null : badgeOf(datapath, [...about]);
    },
    shows: (...keys) => visible === null || keys.some((key) => key !== undefined && visible.has(key)),
  };
}

/** `namespace/name`, or the UID while the name is unknown. */
export function podTitle(pod: Pod): string {
  return pod.name === null ? `pod ${pod.uid}` : `${pod.namespace ?? "?"}/${pod.name}`;
}

/** The worst finding gives the sign its colour, icon and word. */
export function badgeOf(datapath: Datapath, about: readonly number[]): Badge | null {
  const sorted = about
    .flatMap((at) => {
      const finding = datapath.findings[at];
      return finding ? [{ at, finding }] : [];
    })
    .sort((a, b) => WEIGHT[a.finding.severity] - WEIGHT[b.finding.severity] || a.at - b.at);
  const worst = sorted[0];
  if (!worst) return null;
  return {
    finding: worst.at,
    severity: worst.finding.severity,
    text: sorted.length > 1 ? `${worst.finding.severity} +${sorted.length - 1}` : worst.finding.severity,
    title: sorted
      .map(({ finding }) => `${finding.severity}: ${finding.id}, ${finding.subject_name}. ${finding.meaning}`)
      .join("\n"),
  };
}

function gather(datapath: Datapath): Facts {
  const findings = new Map<Key, number[]>();
  for (const [at, finding] of datapath.findings.entries()) {
    const list = findings.get(finding.subject);
    if (list) list.push(at);
    else findings.set(finding.subject, [at]);
  }
  return {
    programs: new Map(datapath.programs.map((program) => [program.id, program])),
    maps: new Map(datapath.maps.map((map) => [map.id, map])),
    pods: new Map(datapath.pods.map((pod) => [pod.key, pod])),
    interfaces: new Map(datapath.interfaces.map((iface) => [iface.key, iface])),
    netns: new Map(datapath.netns.map((netns) => [netns.inode, netns])),
    tails: tailCalls(datapath.programs, datapath.tail_calls),
    findings,
  };
}
