/**
 * Two sides' values under names, told apart: the arithmetic of the comparison, which knows nothing of nodes.
 *
 * A name with one value on either side is one row. A name that stands for many things is compared as a set,
 * a row a value: how many there are of each differs from node to node and is no difference.
 */

export type Difference = "same" | "different" | "only_left" | "only_right";

/** A value as one side has it. */
export interface Side {
  value: string;
  /** How many things have it. */
  count: number;
  /** Some of them by name; empty when the row's name says it. */
  where: string[];
}

export interface ComparedRow {
  name: string;
  state: Difference;
  left: Side | null;
  right: Side | null;
}

/** Names shown of the things that have a value. */
const MAX_WHERE = 5;

/** One side: values by name, counted. */
export class Values {
  readonly #names = new Map<string, Map<string, Side>>();
  readonly #many = new Set<string>();

  /** @param options.many compare what has this name as a set even when each side has one value of it */
  add(name: string, value: string, options: { where?: string; many?: boolean } = {}): void {
    const values = this.#names.get(name) ?? new Map<string, Side>();
    this.#names.set(name, values);
    const side = values.get(value) ?? { value, count: 0, where: [] };
    side.count += 1;
    if (options.where !== undefined && side.where.length < MAX_WHERE) side.where.push(options.where);
    values.set(value, side);
    if (options.many) this.#many.add(name);
  }

  names(): Iterable<string> {
    return this.#names.keys();
  }

  of(name: string): ReadonlyMap<string, Side> {
    return this.#names.get(name) ?? new Map();
  }

  isMany(name: string): boolean {
    return this.#many.has(name) || this.of(name).size > 1;
  }
}

/** By name, then by value. */
export function compareValues(left: Values, right: Values): ComparedRow[] {
  const names = [...new Set([...left.names(), ...right.names()])].sort(byText);
  return names.flatMap((name) => {
    const [ours, theirs] = [left.of(name), right.of(name)];
    if (left.isMany(name) || right.isMany(name)) {
      const values = [...new Set([...ours.keys(), ...theirs.keys()])].sort(byText);
      return values.map((value) => row(name, ours.get(value) ?? null, theirs.get(value) ?? null));
    }
    const [[a = null], [b = null]] = [[...ours.values()], [...theirs.values()]];
    return [row(name, a, b)];
  });
}

function row(name: string, left: Side | null, right: Side | null): ComparedRow {
  const state = left === null ? "only_right" : right === null ? "only_left" : sameValue(left, right);
  return { name, state, left, right };
}

const sameValue = (left: Side, right: Side) => (left.value === right.value ? "same" : "different");

/** Not by locale: the order is the same on every machine. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
