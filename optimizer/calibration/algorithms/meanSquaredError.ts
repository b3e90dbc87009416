import { type HistogramData, largest } from '../histogram.ts';
import type { RangeAlgorithm } from './algorithm.ts';

/** Fewer bins than levels cannot be told apart from no quantization. */
const LEAST_BINS = 128;

/** Mean of (x - q(x))² over the non-zero values when INT8 represents [-amax, amax]; every value at its bin's centre. */
export function squaredError(h: HistogramData, amax: number): number {
  const step = amax / 127;
  let error = 0;
  let count = 0;
  for (let i = 0; i < h.bins.length; i++) {
    const n = h.bins[i]!;
    if (n === 0) continue;
    const x = (i + 0.5) * h.width;
    const q = Math.min(127, Math.round(x / step)) * step;
    error += n * (x - q) * (x - q);
    count += n;
  }
  return count > 0 ? error / count : 0;
}

/** The threshold, among the ends of all bins and the largest value, whose quantization has the least squared error. */
export const meanSquaredError: RangeAlgorithm = {
  name: 'mse',
  title: 'Mean squared error',
  doc: 'Balances clipping against rounding by the error they make; good for regression and detection outputs.',
  amax: (h) => {
    const max = largest(h);
    if (h.width === 0) return 0;
    let best = max;
    let least = squaredError(h, max);
    // From the widest down: of equal candidates the one that clips least wins.
    for (let i = h.bins.length - 1; i >= LEAST_BINS; i--) {
      const error = squaredError(h, i * h.width);
      if (error < least) {
        best = i * h.width;
        least = error;
      }
    }
    return best;
  },
};
