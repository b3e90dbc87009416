import { squaredError } from './algorithms/meanSquaredError.ts';
import type { HistogramData } from './histogram.ts';

/**
 * Signal to quantization noise of one tensor, in decibels, when INT8 represents [-amax, amax]: the energy of its values over
 * that of rounding and clipping, from its histogram (every value at its bin's centre). Null where it was never but zero.
 */
export function tensorSqnr(h: HistogramData, amax: number): number | null {
  const noise = amax > 0 ? squaredError(h, amax) : 0;
  let signal = 0;
  let count = 0;
  h.bins.forEach((n, i) => {
    const x = (i + 0.5) * h.width;
    signal += n * x * x;
    count += n;
  });
  return count > 0 && noise > 0 ? 10 * Math.log10(signal / count / noise) : null;
}
