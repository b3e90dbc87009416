import type { RangeAlgorithm } from './algorithm.ts';
import { entropy } from './entropy.ts';
import { meanSquaredError } from './meanSquaredError.ts';
import { minMax } from './minMax.ts';
import { PERCENTILES, percentile } from './percentile.ts';

export type { RangeAlgorithm } from './algorithm.ts';

/** What a person can choose from, in the order shown. */
export const algorithms: readonly RangeAlgorithm[] = [
  entropy,
  minMax,
  ...PERCENTILES.map(percentile),
  meanSquaredError,
];

/** The algorithm of a name as cache files hold it ("percentile:99.5" for any percentile); null when there is none. */
export function algorithmNamed(name: string): RangeAlgorithm | null {
  const known = algorithms.find((a) => a.name === name);
  if (known) return known;
  const percent = /^percentile:([0-9.]+)$/.exec(name)?.[1];
  const value = Number(percent);
  return percent !== undefined && value > 0 && value <= 100 ? percentile(value) : null;
}
