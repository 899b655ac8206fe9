/** How a benchmark is written: one `<name>.bench.ts` a question, default-exporting one of these. */
export interface Figure {
  label: string;
  value: string;
}

export interface Bench {
  title: string;
  /** Measures and cleans up after itself; throws with the reason when it cannot be measured here. */
  run(): Promise<Figure[]>;
}

export function defineBench(bench: Bench): Bench {
  return bench;
}

export const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
export const times = (peer: number, ours: number) => `${(peer / ours).toFixed(1)} times`;

/** Median of a list that is not empty. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
