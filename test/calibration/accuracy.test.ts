import { describe, expect, it } from 'vitest';
import { measureAccuracy, rankOf } from '../../optimizer/builder/accuracy.ts';
import { type Feed, feedOf } from '../../optimizer/builder/feed.ts';
import { floatsOf } from '../../optimizer/calibration/data/convert.ts';
import { DataError, type SampleSource } from '../../optimizer/calibration/data/source.ts';
import type { ExecutionContext, Tensor } from '../../optimizer/runtime.ts';

const CLASSES = 8;
const floats = (shape: number[], data: Float32Array): Tensor => ({
  dtype: 'float32',
  shape,
  bytes: new Uint8Array(data.buffer),
});

/** An engine whose scores are its input; it notes the batches it was given. */
function echo(batches: number[] = []): ExecutionContext {
  return {
    run: async ({ x }) => {
      batches.push(x!.shape[0]!);
      return { y: x! };
    },
    profile: () => Promise.reject(new Error('not measured')),
    dispose: () => {},
  };
}

/** Sample i scores class c with -|c - i mod 8|, so that its label's rank is twice its distance or so. */
function samples(length: number, label: (i: number) => number | undefined, bad: readonly number[] = []): SampleSource {
  return {
    description: `${length} samples`,
    length,
    labelled: true,
    fingerprint: '',
    read: async (i) => {
      if (bad.includes(i)) throw new DataError(`sample ${i} is broken`);
      const data = Float32Array.from({ length: CLASSES }, (_, c) => -Math.abs(c - (i % CLASSES)));
      const l = label(i);
      return { id: `${i}`, inputs: { x: floats([1, CLASSES], data) }, ...(l === undefined ? {} : { label: l }) };
    },
    close: async () => {},
  };
}

const feed = (first: number | null, batch = 1): Feed =>
  feedOf([{ name: 'x', dtype: 'float32', shape: [first, CLASSES] }], batch);

describe('rankOf', () => {
  it('counts better classes; of equal scores the lower class is better, NaN is worst', () => {
    const scores = [9, 1, 5, 3, 5, Number.NaN];
    expect([0, 1, 2, 3, 4, 5].map((label) => rankOf(scores, 0, 6, label))).toEqual([0, 4, 1, 3, 2, 6]);
    expect(rankOf([0, 0, 7, 8], 2, 2, 0)).toBe(1);
  });
});

describe('measureAccuracy', () => {
  it('counts top-1 and top-5', async () => {
    // Labels 0 and 7 in turn: sample i ranks them by distance.
    const r = await measureAccuracy({
      context: echo(),
      source: samples(16, (i) => (i % 2 === 0 ? 0 : i % CLASSES), [5]),
      feed: feed(1),
      output: 'y',
    });
    // Even samples have label 0: right for 0 and 8; among the best five for 2 and 10 (two classes nearer, ties lower first).
    const even = [0, 2, 4, 6].map((i) =>
      rankOf(
        Float32Array.from({ length: CLASSES }, (_, c) => -Math.abs(c - i)),
        0,
        CLASSES,
        0,
      ),
    );
    const right = (limit: number): number => 2 * even.filter((x) => x < limit).length + 7;
    expect(r).toMatchObject({ count: 15, classes: CLASSES, skipped: [{ sample: 5, message: 'sample 5 is broken' }] });
    expect(r.top1).toBeCloseTo(right(1) / 15, 12);
    expect(r.top5).toBeCloseTo(right(5) / 15, 12);
    expect(r.top1).toBeLessThan(r.top5);
  });

  it.each([
    ['a fixed batch', feed(4)],
    ['a chosen batch', feed(null, 4)],
  ])('%s gives the same numbers, the last batch filled up', async (_, f) => {
    const label = (i: number): number => (i % 3 === 0 ? i % CLASSES : 0);
    const batches: number[] = [];
    const one = await measureAccuracy({ context: echo(), source: samples(10, label), feed: feed(1), output: 'y' });
    const four = await measureAccuracy({ context: echo(batches), source: samples(10, label), feed: f, output: 'y' });
    expect(batches).toEqual([4, 4, 4]);
    expect(four).toMatchObject({ count: one.count, top1: one.top1, top5: one.top5 });
  });

  it('reads at most one sample ahead, however many there are', async () => {
    let started = 0;
    let finished = 0;
    let most = 0;
    const source = samples(500, (i) => i % CLASSES);
    const counting: SampleSource = {
      ...source,
      read: (i) => {
        started++;
        most = Math.max(most, started - finished);
        return source.read(i);
      },
    };
    const context = echo();
    const slow: ExecutionContext = {
      ...context,
      run: async (inputs) => {
        await new Promise((r) => setImmediate(r));
        finished++;
        expect(floatsOf(inputs.x!)).toHaveLength(CLASSES);
        return context.run(inputs);
      },
    };
    await measureAccuracy({ context: slow, source: counting, feed: feed(1), output: 'y' });
    expect(started).toBe(500);
    expect(most).toBeLessThanOrEqual(2);
  });

  it('says what does not fit', async () => {
    const run = (source: SampleSource, change: Partial<{ labelled: boolean }> = {}) =>
      measureAccuracy({ context: echo(), source: { ...source, ...change }, feed: feed(1), output: 'y' });
    await expect(
      run(
        samples(2, () => 1),
        { labelled: false },
      ),
    ).rejects.toThrow(/have no labels/);
    await expect(run(samples(2, () => CLASSES))).rejects.toThrow(/classes 0 to 7/);
    await expect(run(samples(2, () => 1, [0, 1]))).rejects.toThrow(/none of the 2 samples/);
    const wide: ExecutionContext = { ...echo(), run: async () => ({ y: floats([1, 4, 3, 3], new Float32Array(36)) }) };
    await expect(
      measureAccuracy({ context: wide, source: samples(1, () => 1), feed: feed(1), output: 'y' }),
    ).rejects.toThrow(/output "y" is 1×4×3×3, not one score per class/);
  });
});
