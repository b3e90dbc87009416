import { type HistogramData, largest } from '../histogram.ts';
import type { RangeAlgorithm } from './algorithm.ts';

/** The percentiles that the studio offers. */
export const PERCENTILES = [99.9, 99.99, 99.999] as const;

/** The value that `percent` of all |x|, zeros included, do not exceed; linear within a bin. */
export function percentileOf(h: HistogramData, percent: number): number {
  if (h.width === 0) return 0;
  const target = (h.count * percent) / 100;
  let below = h.zeros;
  if (below >= target) return Math.min(h.width, largest(h));
  for (let i = 0; i < h.bins.length; i++) {
    const n = h.bins[i]!;
    if (below + n >= target) return Math.min((i + (target - below) / n) * h.width, largest(h));
    below += n;
  }
  return largest(h);
}

/** Clips the given share of the values: 99.99 leaves one in ten thousand outside. */
export function percentile(percent: number): RangeAlgorithm {
  if (!(percent > 0 && percent <= 100)) throw new RangeError(`a percentile is over 0 and at most 100, not ${percent}`);
  return {
    name: `percentile:${percent}`,
    title: `Percentile ${percent}`,
    doc: 'Clips a fixed share of the values; steady when there is little data or the entropy choice clips too much.',
    amax: (h) => percentileOf(h, percent),
  };
}
