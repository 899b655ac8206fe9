/** What sections said before and after a measurement, by section and place, and by how much counters grew meanwhile. */
import type { Scope } from "../../../collect/frames.ts";
import type { SectionFacts } from "../../../parse.ts";
import type { Reading, RunState } from "../../types.ts";

type Section = keyof SectionFacts;

export interface Read<S extends Section> {
  facts: SectionFacts[S];
  command_id: string;
}

export interface Readings {
  after<S extends Section>(section: S, scope: Scope): Read<S> | null;
  before<S extends Section>(section: S, scope: Scope): Read<S> | null;
  /** Places the section was read in. */
  scopes(section: Section): Scope[];
  /** Why there is nothing, or only a part, of a section; null when all is there. */
  problem(section: Section, scope: Scope): string | null;
}

export function readingsOf(state: RunState, step: string): Readings {
  const found = state.readings[step] ?? { before: [], after: [], for_s: 0 };
  const find = (list: readonly Reading[], section: Section, scope: Scope) =>
    list.findLast((one) => one.section === section && one.scope === scope);
  const read =
    (list: readonly Reading[]) =>
    <S extends Section>(section: S, scope: Scope): Read<S> | null => {
      const one = find(list, section, scope);
      // The facts of a section are what its parser made of it.
      return one && one.facts !== null && one.facts !== undefined
        ? { facts: one.facts as SectionFacts[S], command_id: one.command_id }
        : null;
    };
  return {
    after: read(found.after),
    before: read(found.before),
    scopes: (section) => found.after.filter((one) => one.section === section).map(({ scope }) => scope),
    problem(section, scope) {
      const one = find(found.after, section, scope);
      return one === undefined ? (state.left_out[step] ?? `${section} was not read`) : one.problem;
    },
  };
}

/** A counter's growth; one that is less than before began anew (an interface was made again). 32-bit ones may wrap. */
export function growth(before: string | number | null | undefined, after: string | number | null | undefined): number {
  if (after === null || after === undefined) return 0;
  const [from, to] = [Number(before ?? 0), Number(after)];
  if (!Number.isFinite(from) || !Number.isFinite(to)) return 0;
  return to >= from ? to - from : 0;
}

/** Growth of TCP's counters of one namespace, by name: `PruneCalled` or `TcpExt.PruneCalled`. Null when they were not read. */
export function tcpGrowth(readings: Readings, scope: Scope): { grew(name: string): number; command_id: string } | null {
  const [before, after] = [readings.before("counters.tcp", scope), readings.after("counters.tcp", scope)];
  if (!before || !after) return null;
  const values = (read: Read<"counters.tcp">) => new Map(read.facts.map(({ name, value }) => [name, value]));
  const [from, to] = [values(before), values(after)];
  return { grew: (name) => growth(from.get(name), to.get(name)), command_id: after.command_id };
}
