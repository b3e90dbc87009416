import { describe, expect, it } from 'vitest';
import { BINS, beyond, Histogram } from '../../optimizer/calibration/histogram.ts';
import { seeded } from '../support/tensor.ts';

const observe = (...parts: number[][]): Histogram => {
  const h = new Histogram();
  for (const p of parts) h.add(Float32Array.from(p));
  return h;
};

/** Values of very different magnitudes, zeros among them. */
function values(n: number, seed: number): number[] {
  const next = seeded(seed);
  return Array.from({ length: n }, () => {
    const x = next();
    return Math.abs(x) < 0.2 ? 0 : x * 10 ** (4 * next());
  });
}

describe('Histogram', () => {
  it('bins by magnitude with the smallest power of two that holds the largest value', () => {
    const h = observe([0, 1, -1.5, 2047, 2047.5]).snapshot();
    expect(h.width).toBe(1);
    expect(h.bins).toHaveLength(2048);
    expect([h.bins[0], h.bins[1], h.bins[2047]]).toEqual([0, 2, 2]);
    expect(h).toMatchObject({ zeros: 1, count: 5, min: -1.5, max: 2047.5, nan: 0, infinite: 0 });
  });

  it('equals binning everything at once, whatever the order and the grouping', () => {
    const all = values(5000, 3);
    const once = observe(all).snapshot();
    expect(observe(all.toReversed()).snapshot()).toEqual(once);
    const grouped: number[][] = [];
    for (let i = 0; i < all.length; i += 7) grouped.push(all.slice(i, i + 7));
    expect(observe(...grouped).snapshot()).toEqual(once);
    const expected = new Array<number>(BINS).fill(0);
    for (const x of all) if (x !== 0) expected[Math.floor(Math.abs(Math.fround(x)) / once.width)]!++;
    expect(once.bins).toEqual(expected.slice(0, once.bins.length));
    expect(once.bins.length).toBeGreaterThan(BINS / 2);
  });

  it('stops, resumes and merges without a difference', () => {
    const a = values(1000, 5);
    const b = values(1000, 8).map((x) => x * 300);
    const whole = observe(a, b).snapshot();
    const resumed = Histogram.from(JSON.parse(JSON.stringify(observe(a).snapshot())));
    resumed.add(Float32Array.from(b));
    expect(resumed.snapshot()).toEqual(whole);
    for (const [x, y] of [
      [a, b],
      [b, a],
    ]) {
      const merged = observe(x!);
      merged.merge(observe(y!));
      expect(merged.snapshot()).toEqual(whole);
    }
  });

  it('counts NaN and infinities apart', () => {
    const h = observe([1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]).snapshot();
    expect(h).toMatchObject({ nan: 1, infinite: 2, count: 2, zeros: 1, min: 0, max: 1 });
    expect(observe([Number.NaN]).snapshot()).toMatchObject({ nan: 1, count: 0, width: 0, bins: [], min: 0, max: 0 });
  });

  it('holds the extremes of float32, and nothing', () => {
    for (const x of [2 ** -149, 3.4028234663852886e38, 1]) {
      const h = observe([x, -x]).snapshot();
      expect(h.bins.at(-1)).toBe(2);
      expect(h.bins.length).toBeGreaterThan(BINS / 2);
    }
    expect(observe([], [0, -0]).snapshot()).toMatchObject({ count: 2, width: 0, bins: [], zeros: 2, min: 0, max: 0 });
    expect(new Histogram().snapshot()).toMatchObject({ count: 0, min: 0, max: 0 });
  });

  it('says how many values lie beyond a threshold', () => {
    const h = observe([0, 1.5, 2.5, 2.75, 2047]).snapshot();
    expect(beyond(h, 2)).toBe(3);
    expect(beyond(h, 3)).toBe(1);
    expect(beyond(h, 2047)).toBe(0);
  });
});
