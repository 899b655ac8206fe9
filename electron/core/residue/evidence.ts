/**
 * Whose a BPF object is, with the evidence.
 *
 * Ours is said only of what bears a sign of ours: a holder with our tag, a name or a pin that bpfdesk gives.
 * Others' is said only of what somebody else can be named for. What bears no sign is unknown, not innocent.
 */
import { familyOfMapName, familyOfProcess } from "../model/build/families.ts";
import type { OwnMarks } from "./leftovers.ts";
import { parseTag } from "./tag.ts";
import type { HeldObject, NodeInventory } from "./types.ts";

export interface Verdict {
  side: "ours" | "theirs" | "unknown";
  because: string;
}

type Program = NodeInventory["programs"][number];
type BpfMap = NodeInventory["maps"][number];
type Link = NodeInventory["links"][number];

/** Programs, maps and pins that bpfdesk makes have such names. */
const OUR_NAME = /^bpfdesk_/;
const OUR_PIN = /\/\.?bpfdesk[_-][^/]*(\/|$)/;

const NOBODY = "no process holds it, it is pinned nowhere, and its name is not one of bpfdesk's";

/** Evidence within one inventory; `earlier` is the inventory at connect. */
export class Evidence {
  private readonly tagged: ReadonlyMap<number, string>;
  private readonly programs: ReadonlyMap<number, Program>;
  private readonly maps: ReadonlyMap<number, BpfMap>;
  private readonly linksOf = new Map<number, Link[]>();
  private readonly usersOf = new Map<number, Program[]>();
  private readonly codeBefore: ReadonlySet<string>;

  constructor(
    private readonly inventory: NodeInventory,
    earlier: NodeInventory,
    private readonly own: OwnMarks,
  ) {
    this.tagged = new Map(inventory.processes.map(({ pid, tag }) => [pid, tag]));
    this.programs = new Map(inventory.programs.map((program) => [program.id, program]));
    this.maps = new Map(inventory.maps.map((map) => [map.id, map]));
    for (const link of inventory.links) if (link.prog_id !== null) push(this.linksOf, link.prog_id, link);
    for (const program of inventory.programs) for (const id of program.map_ids) push(this.usersOf, id, program);
    this.codeBefore = new Set(earlier.programs.filter((one) => this.isNotOurs(one)).map(codeOf));
  }

  /** A program by what holds it, else by what it is attached with, its code, and the maps it uses. */
  ofProgram(program: Program): Verdict {
    const direct = this.ofProgramItself(program);
    if (direct.side !== "unknown") return direct;
    const maps = program.map_ids.flatMap((id) => this.maps.get(id) ?? []);
    return firstKnown(maps, (map) => prefixed(`it uses map ${map.id} "${map.name}"`, this.ofMapItself(map))) ?? direct;
  }

  ofMap(map: BpfMap): Verdict {
    const direct = this.ofMapItself(map);
    if (direct.side !== "unknown") return direct;
    const users = this.usersOf.get(map.id) ?? [];
    const because = (user: Program) =>
      prefixed(`program ${user.id} "${user.name}" uses it`, this.ofProgramItself(user));
    return firstKnown(users, because) ?? direct;
  }

  ofLink(link: Link): Verdict {
    const direct = this.ofHeld(link, "");
    const program = link.prog_id === null ? undefined : this.programs.get(link.prog_id);
    if (direct.side !== "unknown" || program === undefined) return direct;
    return prefixed(`its program ${program.id} "${program.name}"`, this.ofProgram(program));
  }

  /** A pin by the object that is pinned there, else by its path. */
  ofPin(path: string): Verdict {
    if (OUR_PIN.test(path)) return { side: "ours", because: "its path is one that bpfdesk gives" };
    const { programs, maps, links } = this.inventory;
    const pinned = [...programs, ...maps, ...links].find((object) => object.pinned.includes(path));
    const name = pinned !== undefined && "name" in pinned ? pinned.name : "";
    const verdict = pinned === undefined ? null : this.ofHolders(pinned, name);
    return verdict ?? { side: "theirs", because: "its path is not one that bpfdesk gives" };
  }

  /** A filter by its program: the filter itself bears no sign. */
  ofFilter(line: string): Verdict {
    const id = programOfFilter(line);
    const program = id === null ? undefined : this.programs.get(id);
    if (program === undefined) return { side: "unknown", because: cannotBeTold("a filter names nobody") };
    return prefixed(`its program ${program.id} "${program.name}"`, this.ofProgram(program));
  }

  /** A qdisc by the filters on its device. */
  ofQdisc(line: string): Verdict {
    const device = `${line.split(" ", 2).join(" ")} `;
    const filters = this.inventory.filters.filter((filter) => filter.startsWith(device));
    const because = (filter: string) => prefixed(`it carries filter ${filter}`, this.ofFilter(filter));
    return firstKnown(filters, because) ?? { side: "unknown", because: cannotBeTold("a qdisc names nobody") };
  }

  /** Of a process or a folder: which connection its tag names. */
  ofTag(tag: string): Verdict {
    if (tag === this.own.tag) return { side: "ours", because: "it carries the tag of this connection" };
    if (this.own.earlier?.includes(tag)) {
      return { side: "ours", because: "it carries the tag of this connection before it was made again" };
    }
    const mine = parseTag(tag)?.installation === this.own.installation;
    const another = mine ? "another connection of this bpfdesk" : "another bpfdesk";
    return { side: "theirs", because: `it carries the tag of ${another} (${tag})` };
  }

  /** Without a tag by its name, which anybody can give; but bpfdesk makes folders as root only. */
  ofFolder(tag: string | null, uid: number): Verdict {
    if (tag !== null) return this.ofTag(tag);
    if (uid === 0) return { side: "ours", because: "its name is one that bpfdesk gives" };
    return { side: "theirs", because: `its name is one that bpfdesk gives, but user ${uid} made it` };
  }

  private ofProgramItself(program: Program): Verdict {
    const direct = this.ofHeld(program, program.name);
    if (direct.side !== "unknown") return direct;
    const links = this.linksOf.get(program.id) ?? [];
    const linked = firstKnown(links, (link) => prefixed(`link ${link.id} keeps it`, this.ofHeld(link, "")));
    if (linked !== null) return linked;
    if (this.codeBefore.has(codeOf(program))) {
      return { side: "theirs", because: "a program of the same name and code was there before bpfdesk came" };
    }
    return direct;
  }

  private ofMapItself(map: BpfMap): Verdict {
    const direct = this.ofHeld(map, map.name);
    const family = familyOfMapName(map.name);
    if (direct.side !== "unknown" || family === null) return direct;
    return { side: "theirs", because: `its name is one that ${family} gives` };
  }

  private ofHeld(object: HeldObject, name: string): Verdict {
    const held = this.ofHolders(object, name);
    if (held !== null) return held;
    const [pin] = object.pinned;
    if (pin !== undefined)
      return { side: "theirs", because: `it is pinned at ${pin}, a path that bpfdesk never gives` };
    return { side: "unknown", because: cannotBeTold(NOBODY) };
  }

  /** Null when nobody holds it and neither its name nor a pin is ours. */
  private ofHolders({ pids, pinned }: HeldObject, name: string): Verdict | null {
    for (const { pid, comm } of pids) {
      const tag = this.tagged.get(pid);
      const who = `${comm || "a process"} (pid ${pid})`;
      if (this.own.pids?.includes(pid)) return { side: "ours", because: `${who}, which bpfdesk started, holds it` };
      if (tag !== undefined && this.ofTag(tag).side === "ours") {
        return { side: "ours", because: `${who} holds it and carries the tag of this connection` };
      }
    }
    const [first] = pids;
    if (first !== undefined) {
      const tag = this.tagged.get(first.pid);
      const family = familyOfProcess(first.comm, null)?.family ?? null;
      const more = pids.length > 1 ? ` and ${pids.length - 1} more` : "";
      const of = tag === undefined ? (family === null ? "" : `, ${family},`) : ", of another bpfdesk connection,";
      return { side: "theirs", because: `${first.comm || "a process"} (pid ${first.pid})${of}${more} holds it` };
    }
    if (OUR_NAME.test(name)) return { side: "ours", because: "its name is one that bpfdesk gives" };
    const ourPin = pinned.find((path) => OUR_PIN.test(path));
    return ourPin === undefined
      ? null
      : { side: "ours", because: `it is pinned at ${ourPin}, a path that bpfdesk gives` };
  }

  private isNotOurs(program: Program): boolean {
    return !OUR_NAME.test(program.name) && !program.pinned.some((path) => OUR_PIN.test(path));
  }
}

/** The program a filter's line names; null for other kinds than bpf. */
function programOfFilter(line: string): number | null {
  const [, id] = / bpf prog (\d+)$/.exec(line) ?? [];
  return id === undefined ? null : Number(id);
}

function codeOf({ name, tag }: Program): string {
  return `${name} ${tag}`;
}

function cannotBeTold(why: string): string {
  return `whose it is cannot be told: ${why}`;
}

function prefixed(what: string, { side, because }: Verdict): Verdict {
  return { side, because: `${what}: ${because}` };
}

/** Ours if any is ours, else the first that is somebody's, else null. */
function firstKnown<T>(items: readonly T[], judge: (item: T) => Verdict): Verdict | null {
  let found: Verdict | null = null;
  for (const item of items) {
    const verdict = judge(item);
    if (verdict.side === "ours") return verdict;
    if (verdict.side === "theirs") found ??= verdict;
  }
  return found;
}

function push<T>(lists: Map<number, T[]>, key: number, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
