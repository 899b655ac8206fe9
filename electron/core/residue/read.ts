/**
 * Reads the answer of the inventory's command (`host/residue/sections.ts`) as an inventory.
 *
 * Total: whatever came gives an inventory, and what did not come, or not whole, is said in `blind` and
 * `unread`. Whose anything is, is not decided here.
 */
import type { Collected, SectionResult } from "../collect/frames.ts";
import type { Parsed } from "../parse.ts";
import bpfLink from "../parsers/bpf.link.ts";
import bpfMap from "../parsers/bpf.map.ts";
import bpfProg from "../parsers/bpf.prog.ts";
import { splitLines, toInt } from "../parsers/lib/lines.ts";
import { splitMarked } from "../parsers/lib/marked.ts";
import { Warnings } from "../parsers/lib/warnings.ts";
import procBpf, { type ProcBpfRow } from "../parsers/proc.bpf.ts";
import procStat from "../parsers/proc.stat.ts";
import tcFilter, { type FilterRow } from "../parsers/tc.filter.ts";
import tcQdisc, { type QdiscRow } from "../parsers/tc.qdisc.ts";
import { parseTag } from "./tag.ts";
import type { HeldObject, NodeInventory, PrivateFolder, ResidueKind, TaggedProcess } from "./types.ts";

/** Section → what it tells of. */
const TELLS: Record<string, { kind: ResidueKind | null; what: string }> = {
  "bpf.prog": { kind: "program", what: "programs" },
  "bpf.map": { kind: "map", what: "maps" },
  "bpf.link": { kind: "link", what: "links" },
  "proc.bpf": { kind: null, what: "who holds BPF objects" },
  "tc.qdisc": { kind: "qdisc", what: "qdiscs" },
  "tc.filter": { kind: "filter", what: "filters" },
  "residue.pins": { kind: "pin", what: "pins" },
  "residue.node": { kind: "sysctl", what: "bpf_stats_enabled" },
  "residue.folders": { kind: "folder", what: "folders of bpfdesk" },
  "residue.processes": { kind: "process", what: "processes of bpfdesk" },
};

/** `at`: epoch ms of the host, when the command was started. */
export function readInventory(collected: Collected, at: number): NodeInventory {
  const blind: string[] = [];
  const unread = new Set<ResidueKind>();
  const by = new Map(collected.sections.map((result) => [result.section, result]));

  /** Rows of a section; what is wrong with it is noted. */
  function rows<T>(section: string, parse: (text: string) => Parsed<T[]>): T[] {
    const result = by.get(section);
    const parsed: Parsed<T[]> = result === undefined ? { value: [], warnings: [] } : parse(result.stdout);
    const why = whyNotWhole(result) ?? parsed.warnings[0]?.message ?? null;
    const told = TELLS[section];
    if (why !== null && told !== undefined) {
      blind.push(`${told.what}: ${why}`);
      if (told.kind !== null) unread.add(told.kind);
    }
    return parsed.value;
  }

  const programs = rows("bpf.prog", bpfProg.parse);
  const maps = rows("bpf.map", bpfMap.parse);
  const links = rows("bpf.link", (text) => (noLinksHere(by.get("bpf.link")) ? NONE : bpfLink.parse(text)));
  const holders = holdersOf(rows("proc.bpf", parseHolders));
  const held = (kind: ProcBpfRow["kind"], row: Held): HeldObject => ({
    id: row.id,
    type: row.type ?? "",
    pids: row.pids.length > 0 ? row.pids : (holders.get(`${kind} ${row.id}`) ?? []),
    pinned: row.pinned,
  });
  const node = keyValues(rows("residue.node", (text) => ({ value: splitLines(text), warnings: [] })));
  const uptime_s = node.get("uptime_s");
  const booted = uptime_s === undefined || !/^\d{1,12}(\.\d+)?$/.test(uptime_s) ? null : at - Number(uptime_s) * 1000;
  return {
    at,
    programs: programs.map((row) => ({
      ...held("prog", row),
      name: row.name ?? "",
      tag: row.tag ?? "",
      map_ids: row.map_ids,
    })),
    maps: maps.map((row) => ({ ...held("map", row), name: row.name ?? "" })),
    links: links.map((row) => ({ ...held("link", row), prog_id: row.prog_id })),
    pins: [...new Set(rows("residue.pins", (text) => ({ value: splitLines(text), warnings: [] })))].sort(),
    qdiscs: rows("tc.qdisc", tcQdisc.parse).flatMap(qdiscLine),
    filters: rows("tc.filter", tcFilter.parse).map(filterLine),
    folders: rows("residue.folders", parseFolders),
    processes: rows("residue.processes", (text) => parseProcesses(text, booted)),
    bpf_stats_enabled: toInt(node.get("bpf_stats_enabled")),
    blind,
    unread: [...unread],
  };
}

interface Held {
  id: number;
  type: string | null;
  pids: { pid: number; comm: string }[];
  pinned: string[];
}

const NONE = { value: [], warnings: [] };

/** Null for a section that came whole. */
function whyNotWhole(result: SectionResult | undefined): string | null {
  if (result === undefined) return "the answer ended before them";
  if (result.exit === null) return "the answer was cut off";
  if (result.truncated) return "there are too many to list";
  if (result.exit === 124) return "listing them took too long";
  const said = firstLine(result.stderr) || firstLine(/"error":\s*"([^"]*)"/.exec(result.stdout)?.[1] ?? "");
  if (noLinksHere(result)) return null;
  if (result.exit !== 0) return said || `the command ended with exit code ${result.exit}`;
  return said || null;
}

/** A kernel before 5.8 has no list of links, and bpftool says so in these words. */
function noLinksHere(result: SectionResult | undefined): boolean {
  return result?.section === "bpf.link" && /kernel too old/.test(result.stderr + result.stdout);
}

function firstLine(text: string): string {
  return (text.trim().split("\n")[0] ?? "").slice(0, 300);
}

function keyValues(lines: readonly string[]): Map<string, string> {
  return new Map(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

/** Descriptors as `grep -H` prints them, then after a line `#stat` the /proc/pid/stat of their processes. */
function parseHolders(text: string): Parsed<(ProcBpfRow & { comm: string })[]> {
  const [descriptors = "", stats = ""] = `\n${text}`.split("\n#stat\n", 2);
  const names = new Map(procStat.parse(stats).value.map(({ pid, comm }) => [pid, comm]));
  const { value, warnings } = procBpf.parse(descriptors.slice(1));
  return { value: value.map((row) => ({ ...row, comm: names.get(row.pid) ?? "" })), warnings };
}

/** `prog 12` → processes that have it open, each once. */
function holdersOf(rows: readonly (ProcBpfRow & { comm: string })[]) {
  const holders = new Map<string, { pid: number; comm: string }[]>();
  for (const { kind, pid, comm, ...row } of rows) {
    const id = { prog: row.prog_id, map: row.map_id, link: row.link_id, btf: row.btf_id }[kind];
    const key = `${kind} ${id}`;
    const known = holders.get(key) ?? [];
    if (!known.some((holder) => holder.pid === pid)) known.push({ pid, comm });
    holders.set(key, known);
  }
  return holders;
}

/** A handle of `0:` is the kernel's own: every interface has such a one by itself. */
function qdiscLine(row: QdiscRow): string[] {
  if (row.handle === null || row.handle === "0:") return [];
  const dev = `dev ${row.dev ?? "-"} ${row.kind}`;
  if (row.kind === "clsact" || row.kind === "ingress") return [dev];
  return [`${dev} ${row.handle} ${row.root ? "root" : `parent ${row.parent ?? "-"}`}`];
}

function filterLine(row: FilterRow): string {
  const place = `dev ${row.dev} ${row.direction}${row.chain ? ` chain ${row.chain}` : ""} pref ${row.pref ?? "-"}`;
  const prog = row.prog_id === null ? "" : ` prog ${row.prog_id}`;
  return `${place} handle ${row.handle ?? "-"} ${row.kind}${prog}`;
}

/** Lines of uid, time, tag (may be empty) and path, with a TAB between. Other paths than ours are never made. */
function parseFolders(text: string): Parsed<PrivateFolder[]> {
  const value = splitLines(text).flatMap((line): PrivateFolder[] => {
    const [uid, time, tag = "", path = "", ...more] = line.split("\t");
    if (more.length > 0 || !isPrivateFolder(path)) return [];
    const seconds = toInt(time);
    return [
      {
        path,
        tag: parseTag(tag) === null ? null : tag,
        uid: toInt(uid) ?? -1,
        since: seconds === null ? null : seconds * 1000,
      },
    ];
  });
  return { value, warnings: [] };
}

/** The form of a folder that `host/tools` makes. */
export function isPrivateFolder(path: string): boolean {
  return /^\/[A-Za-z0-9/._-]*\.bpfdesk-[0-9a-f]{32}$/.test(path) && !path.split("/").includes("..");
}

/** `#process <tag>` lines, each followed by the process's /proc/pid/stat. `booted`: epoch ms on the host's clock. */
function parseProcesses(text: string, booted: number | null): Parsed<TaggedProcess[]> {
  const value = splitMarked(text, "#process", new Warnings()).flatMap(({ words, body }): TaggedProcess[] => {
    const [tag = ""] = words;
    const [row] = procStat.parse(body).value;
    const start = toInt(row?.starttime);
    if (row === undefined || start === null || parseTag(tag) === null) return [];
    const { pid, ppid, comm } = row;
    // A clock tick is 10 ms for programs on every architecture bpfdesk knows.
    return [{ pid, ppid, start, tag, comm, started_at: booted === null ? null : Math.round(booted + start * 10) }];
  });
  return { value, warnings: [] };
}
