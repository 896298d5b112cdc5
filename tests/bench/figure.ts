/** What a measuring program prints: a list of figures, as JSON, in its last line. */

export interface Figure {
  name: string;
  unit: string;
  value: number;
  /** What stands beside it, measured in the same run. */
  rival?: { name: string; value: number };
  /** Of the rival where there is one, of the figure itself otherwise. */
  goal?: { most: number } | { least: number };
}

export function median(values: number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Says on the side how each round went, so that a noisy run can be told from a slow program. */
export function told(what: string, values: number[], unit: string): void {
  const rounds = values.map((value) => value.toFixed(value < 10 ? 2 : 0)).join(" ");
  console.error(`${what}: ${rounds} ${unit}`);
}

export function print(figures: Figure[]): void {
  console.log(JSON.stringify(figures));
}
