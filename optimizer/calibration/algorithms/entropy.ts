import { largest } from '../histogram.ts';
import type { RangeAlgorithm } from './algorithm.ts';

/** INT8 magnitudes are merged to this many levels, which is also the least number of bins that is considered. */
export const LEVELS = 128;

/** First bin of level k when `count` bins are divided evenly among `levels`. */
const startOf = (k: number, count: number, levels: number): number => Math.floor((k * count) / levels);

/**
 * The distribution that `levels` levels can represent: each level holds the sum of its bins, spread evenly over those of
 * them that are not empty (Migacz, GTC 2017; [1,0,2,3,5,3,1,7] with 2 levels gives [2,0,2,2,4,4,4,4]).
 */
export function quantizedDistribution(bins: readonly number[], levels: number): number[] {
  const out = new Array<number>(bins.length).fill(0);
  for (let k = 0; k < levels; k++) {
    const from = startOf(k, bins.length, levels);
    const to = startOf(k + 1, bins.length, levels);
    let sum = 0;
    let filled = 0;
    for (let i = from; i < to; i++) {
      sum += bins[i]!;
      if (bins[i]! > 0) filled++;
    }
    for (let i = from; i < to; i++) if (bins[i]! > 0) out[i] = sum / filled;
  }
  return out;
}

/**
 * KL(P‖Q) when the bins beyond `i` are clipped: P = the first i bins with everything beyond added to the last of them,
 * Q = the unclipped first i bins at 128 levels, both normalized. Infinite where P has mass and Q has none.
 * Written from the definition; `entropyBins` computes the same for all i at once.
 */
export function clippingDivergence(bins: readonly number[], i: number): number {
  const kept = bins.slice(0, i);
  const q = quantizedDistribution(kept, LEVELS);
  const p = [...kept];
  p[i - 1]! += bins.slice(i).reduce((a, b) => a + b, 0);
  const pSum = p.reduce((a, b) => a + b, 0);
  const qSum = q.reduce((a, b) => a + b, 0);
  let kl = 0;
  p.forEach((x, j) => {
    if (x > 0) kl += q[j]! > 0 ? (x / pSum) * Math.log(x / pSum / (q[j]! / qSum)) : Number.POSITIVE_INFINITY;
  });
  return kl;
}

/** Divergences nearer than this are rounding: of equal candidates the widest range wins, it clips least. */
const SAME = 1e-12;

/**
 * How many bins to keep, 128…bins.length: the least KL(P‖Q). Sums over prefixes make a candidate cost 128 steps instead
 * of i: with the level's mean m, Σ p·ln(p/m) over a level needs its sum and its number of filled bins only.
 */
export function entropyBins(bins: readonly number[]): number {
  const n = bins.length;
  if (n <= LEVELS) return n;
  const sum = new Float64Array(n + 1);
  const filled = new Int32Array(n + 1);
  const plogp = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) {
    const x = bins[i]!;
    sum[i + 1] = sum[i]! + x;
    filled[i + 1] = filled[i]! + (x > 0 ? 1 : 0);
    plogp[i + 1] = plogp[i]! + (x > 0 ? x * Math.log(x) : 0);
  }
  const total = sum[n]!;
  let best = n;
  let least = Number.POSITIVE_INFINITY;
  for (let i = LEVELS; i <= n; i++) {
    const last = bins[i - 1]!;
    const outliers = total - sum[i]!;
    if (sum[i] === 0 || (last === 0 && outliers > 0)) continue;
    const p = last + outliers;
    // Σ P·ln P of the counts, the last bin with its outliers, less Σ P·ln Q of the counts.
    let kl = plogp[i]! + (last > 0 ? p * Math.log(p) - last * Math.log(last) : 0);
    for (let k = 0; k < LEVELS; k++) {
      const from = startOf(k, i, LEVELS);
      const to = startOf(k + 1, i, LEVELS);
      const level = sum[to]! - sum[from]!;
      if (level === 0) continue;
      const clipped = k === LEVELS - 1 ? outliers : 0;
      kl -= (level + clipped) * Math.log(level / (filled[to]! - filled[from]!));
    }
    // P is normalized by `total`, Q by the mass that is kept.
    kl = kl / total - Math.log(total) + Math.log(sum[i]!);
    if (kl <= least + SAME) {
      best = i;
      least = Math.min(least, kl);
    }
  }
  return best;
}

const NEIGHBOURS = 8;
const SPIKE = 4;

/**
 * The histogram with single values that occur very often cut down to what surrounds them: no bin above 4 times the median of
 * the non-empty ones among its 8 neighbours on each side. A constant background gives each channel one such value. It
 * says nothing about the shape of the distribution and loses nothing when it is rounded to the nearest level, but merging
 * its bin with others looks like a great loss of information, so that the search keeps 128 narrow levels around it and
 * clips everything else. Smooth histograms stay as they are.
 */
export function withoutSpikes(bins: readonly number[]): number[] {
  return bins.map((x, i) => {
    const around = bins.slice(Math.max(0, i - NEIGHBOURS), i + NEIGHBOURS + 1).filter((n) => n > 0);
    around.splice(around.indexOf(x), 1);
    if (x === 0 || around.length < 3) return x;
    around.sort((a, b) => a - b);
    return Math.min(x, SPIKE * around[around.length >> 1]!);
  });
}

/**
 * Migacz's calibration (GTC 2017): keep the i bins whose 128-level version loses least information, threshold
 * (i + 0.5) · width. Spikes of single values are cut down first (not in his description). The widest candidate ends at the last bin that is not empty, and no threshold exceeds the largest value seen:
 * a wider range would only waste levels.
 */
export const entropy: RangeAlgorithm = {
  name: 'entropy',
  title: 'Entropy (KL divergence)',
  doc: 'Clips rare large values where that keeps most of the information; the usual choice for convolutional networks.',
  amax: (h) => (h.width === 0 ? 0 : Math.min((entropyBins(withoutSpikes(h.bins)) + 0.5) * h.width, largest(h))),
};
