import { describe, expect, it } from 'vitest';
import {
  clippingDivergence,
  entropy,
  entropyBins,
  LEVELS,
  quantizedDistribution,
  withoutSpikes,
} from '../../optimizer/calibration/algorithms/entropy.ts';
import { algorithmNamed, algorithms } from '../../optimizer/calibration/algorithms/index.ts';
import { meanSquaredError, squaredError } from '../../optimizer/calibration/algorithms/meanSquaredError.ts';
import { minMax } from '../../optimizer/calibration/algorithms/minMax.ts';
import { percentile } from '../../optimizer/calibration/algorithms/percentile.ts';
import { BINS, Histogram, type HistogramData } from '../../optimizer/calibration/histogram.ts';
import { quantize, roundHalfEven, scaleOf } from '../../optimizer/calibration/quantize.ts';
import { seeded } from '../support/tensor.ts';

const filled = (n: number, of: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => of(i));

function histogramOf(data: number[]): HistogramData {
  const h = new Histogram();
  h.add(Float32Array.from(data));
  return h.snapshot();
}

function normal(n: number, seed: number): number[] {
  const next = seeded(seed);
  const uniform = (): number => (next() + 1) / 2;
  return filled(n, () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
}

/** The definition, candidate by candidate: what `entropyBins` must agree with. */
function leastDivergence(bins: number[]): number {
  let best = bins.length;
  let least = Number.POSITIVE_INFINITY;
  for (let i = LEVELS; i <= bins.length; i++) {
    const kl = clippingDivergence(bins, i);
    if (kl <= least + 1e-12) {
      best = i;
      least = Math.min(least, kl);
    }
  }
  return best;
}

describe('entropy', () => {
  it("quantizes Migacz's example as his talk does", () => {
    expect(quantizedDistribution([1, 0, 2, 3, 5, 3, 1, 7], 2)).toEqual([2, 0, 2, 2, 4, 4, 4, 4]);
  });

  it('measures a divergence that can be computed by hand', () => {
    // 128 bins, one value each, are kept exactly; two values beyond are added to the last: P = (1/130 …, 3/130), Q = 1/128.
    const bins = [...filled(128, () => 1), 1, 1];
    const kl = 127 * (1 / 130) * Math.log(128 / 130) + (3 / 130) * Math.log((3 * 128) / 130);
    expect(clippingDivergence(bins, 128)).toBeCloseTo(kl, 14);
  });

  it('clips nothing of a uniform distribution', () => {
    expect(entropyBins(filled(BINS, () => 1000))).toBe(BINS);
  });

  it('keeps exactly what 128 levels can represent, when almost nothing lies beyond', () => {
    // 16 equal bins per level up to bin 1024, where each level has another height: nothing is lost at i = 1024 but one outlier.
    const bins = filled(BINS, (i) => (i < 1024 ? 10_000 + 977 * (Math.floor(i / 8) % 13) : 0));
    bins[BINS - 1] = 1;
    expect(entropyBins(bins)).toBe(1024);
  });

  it('clips the long thin tail of a narrow distribution', () => {
    // A triangle over 256 bins with one value in every 64th bin of the rest.
    const bins = filled(BINS, (i) => (i < 256 ? 100_000 - 390 * i : i % 64 === 63 ? 1 : 0));
    const kept = entropyBins(bins);
    expect(kept).toBe(256);
    expect(kept).toBe(leastDivergence(bins));
  });

  it('agrees with the definition, candidate by candidate', () => {
    for (const seed of [1, 2, 3]) {
      const data = normal(3000, seed).map((x, i) => (i % 50 === 0 ? x * 4 : x));
      const bins = histogramOf(data).bins.slice();
      expect(entropyBins(bins)).toBe(leastDivergence(bins));
    }
  });

  it('chooses (i + 0.5) bin widths, at most the largest value', () => {
    const triangle = filled(256, (i) => i).flatMap((i) => filled(256 - i, () => i + 0.5));
    const h = histogramOf([...triangle, 2047]);
    expect(h.width).toBe(1);
    const kept = entropyBins(h.bins);
    expect(kept).toBeLessThan(512);
    expect(entropy.amax(h)).toBe(kept + 0.5);
    const flat = histogramOf(filled(2048, (i) => i + 0.25));
    expect(entropy.amax(flat)).toBe(2047.25);
  });
});

describe('other algorithms', () => {
  it('min-max is exact', () => {
    expect(minMax.amax(histogramOf([0.125, -3.7, 2]))).toBe(Math.fround(3.7));
  });

  it('percentile leaves out the asked share', () => {
    const h = histogramOf(filled(100_000, (i) => (i + 0.5) / 100_000));
    expect(percentile(99.9).amax(h)).toBeCloseTo(0.999, 4);
    expect(percentile(50).amax(h)).toBeCloseTo(0.5, 4);
    expect(percentile(100).amax(h)).toBeLessThanOrEqual(1);
    // Zeros count as values: three of four are zero, the upper half of the rest is beyond 87.5 %.
    const half = histogramOf([...filled(3000, () => 0), ...filled(1000, (i) => (i + 0.5) / 1000)]);
    expect(percentile(87.5).amax(half)).toBeCloseTo(0.5, 2);
    expect(() => percentile(0)).toThrow(RangeError);
  });

  it('mean squared error has the least error of all thresholds', () => {
    const h = histogramOf([...normal(200_000, 7), 8]);
    const chosen = meanSquaredError.amax(h);
    expect(chosen).toBeLessThan(7);
    expect(chosen).toBeGreaterThan(2);
    for (let t = 1; t <= 8; t += 0.125) {
      const snapped = Math.max(128, Math.round(t / h.width)) * h.width;
      expect(squaredError(h, chosen)).toBeLessThanOrEqual(squaredError(h, snapped));
    }
  });

  it.each(algorithms.map((a) => [a.name, a] as const))('%s: zeros have no range, one value has its own', (name, a) => {
    expect(a.amax(histogramOf([]))).toBe(0);
    expect(a.amax(histogramOf([0, 0]))).toBe(0);
    expect(a.amax(histogramOf([3, 3, 3]))).toBe(3);
    expect(algorithmNamed(name)?.name).toBe(name);
  });

  it('knows algorithms by the names in files', () => {
    expect(algorithmNamed('percentile:98.5')?.name).toBe('percentile:98.5');
    for (const wrong of ['', 'kl', 'percentile:', 'percentile:0', 'percentile:101', 'percentile:1.2.3']) {
      expect(algorithmNamed(wrong)).toBeNull();
    }
  });
});

describe('quantize', () => {
  it('rounds half to even and saturates at 127', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.4999, -3.7].map((x) => roundHalfEven(x) + 0)).toEqual([
      0, 2, 2, 0, -2, -2, 0, -4,
    ]);
    const scale = scaleOf(2);
    expect([quantize(2, scale), quantize(-2, scale), quantize(9, scale), quantize(-9, scale)]).toEqual([
      127, -127, 127, -127,
    ]);
  });
});

describe('spikes of single values', () => {
  const smooth = Array.from({ length: 600 }, (_, i) => Math.round(10_000 * Math.exp(-i / 150)) + 1);

  it('are cut down to their surroundings, and nothing else changes', () => {
    const spiked = [...smooth];
    spiked[40]! += 5_000_000;
    const cut = withoutSpikes(spiked);
    expect(withoutSpikes(smooth)).toEqual(smooth);
    expect(cut[40]!).toBeLessThan(5 * smooth[40]!);
    expect(cut.filter((_, i) => i !== 40)).toEqual(smooth.filter((_, i) => i !== 40));
  });

  it('do not make entropy clip the rest of the distribution', () => {
    const spiked = smooth.map((x, i) => x + ([40, 61, 93, 120].includes(i) ? 2_000_000 : 0));
    expect(entropyBins(withoutSpikes(spiked))).toBeGreaterThan(2 * entropyBins(spiked));
  });
});
