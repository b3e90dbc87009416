import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cosineBudget } from '../../optimizer/builder/budgets.ts';
import { calibrate } from '../../optimizer/builder/calibrate.ts';
import { precisionPolicy } from '../../optimizer/builder/precision.ts';
import { BudgetError, searchPrecision } from '../../optimizer/builder/precisionSearch.ts';
import { randomTensor, seededRandom } from '../../optimizer/builder/randomInputs.ts';
import { type Inputs, noiseOf, type SensitivityOptions } from '../../optimizer/builder/sensitivity.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { lostTensors } from '../../optimizer/builder/tensorPlaces.ts';
import { minMax } from '../../optimizer/calibration/algorithms/minMax.ts';
import { Ranges } from '../../optimizer/calibration/rangeTable.ts';
import type { Optimized } from '../../optimizer/passes/pass.ts';
import type { Tensor } from '../../optimizer/runtime.ts';
import { ROOT, testRuntime } from '../networks/check.ts';

let optimized: Optimized;
let common: Omit<SensitivityOptions, 'onProgress'>;

beforeAll(async () => {
  const runtime = testRuntime();
  optimized = optimizeModel(await openModel(join(ROOT, 'assets/models/tiny-resnet.onnx')), runtime);
  const random = seededRandom(3);
  const samples = Array.from({ length: 4 }, (): Inputs => ({ data: randomTensor('float32', [1, 3, 64, 64], random) }));
  const source = {
    description: 'noise',
    fingerprint: 'noise',
    length: samples.length,
    labelled: false,
    read: async (i: number) => ({ id: `${i}`, inputs: samples[i]! }),
    close: async () => {},
  };
  const { table } = await calibrate(optimized, { runtime, threads: 1, source, algorithm: minMax });
  common = { runtime, threads: 1, ranges: new Ranges(table), samples };
});

describe('search for a plan within an accuracy budget', () => {
  it('measures no layer where everything permitted is good enough', async () => {
    const budget = cosineBudget(optimized, common, 0.9);
    const choice = await searchPrecision(optimized, { ...common, permitted: ['int8'], budget });
    expect(choice.kept).toEqual([]);
    expect(choice.sensitivity).toBeNull();
    expect(choice.score).toBeGreaterThanOrEqual(0.9);
  });

  it('keeps the layers that cost too much, and its pins build the same plan again', async () => {
    const budget = cosineBudget(optimized, common, 0.99999);
    const all = await budget.score(precisionPolicy(optimized.graph, common.ranges));
    expect(all.score).toBeLessThan(0.99999);
    const notes: string[] = [];
    const choice = await searchPrecision(optimized, {
      ...common,
      permitted: ['int8'],
      budget,
      onProgress: (p) => notes.push(p.phase),
    });
    expect(choice.score).toBeGreaterThanOrEqual(0.99999);
    expect(choice.kept.length).toBeGreaterThan(0);
    expect(new Set(notes)).toEqual(new Set(['measure', 'search']));
    const again = await budget.score(precisionPolicy(optimized.graph, common.ranges, choice.pins, choice.permitted));
    expect(again.score).toBe(choice.score);
  });

  it('never chooses for what the user has pinned', async () => {
    const pin = [...optimized.graph.sources.values()].find((s) => s.op === 'Conv')!.id;
    const budget = cosineBudget(optimized, common, 0.9);
    const choice = await searchPrecision(optimized, { ...common, permitted: ['int8'], budget, pins: { fp32: [pin] } });
    expect(choice.pins.fp32).toEqual([pin]);
  });

  it('says in one sentence that a budget cannot be kept', async () => {
    const budget = cosineBudget(optimized, common, 1.5);
    const search = searchPrecision(optimized, { ...common, permitted: ['int8'], budget });
    await expect(search).rejects.toThrow(BudgetError);
    await expect(search).rejects.toThrow(/^no choice of precisions keeps cosine 1\.50000; .* reaches cosine 0\.\d+$/);
  });

  it('stops when it is asked to', async () => {
    const stop = AbortSignal.abort(new Error('enough'));
    const budget = cosineBudget(optimized, common, 0.99999);
    await expect(searchPrecision(optimized, { ...common, permitted: ['int8'], budget, stop })).rejects.toThrow(
      'enough',
    );
  });
});

describe('calibrated tensors that fusion removed', () => {
  it('are named with the layer they are inside of', () => {
    const relu = [...optimized.initial.nodes()].find((n) => n.op === 'Relu')!;
    const inside = optimized.initial.value(relu.inputs[0]!).name;
    const { table } = common.ranges!;
    const entry = { ...table.entries[0]! };
    const ranges = new Ranges({
      ...table,
      entries: [...table.entries, { ...entry, tensor: inside }, { ...entry, tensor: 'of another model' }],
    });
    const maker = optimized.initial.producer(relu.inputs[0]!)!;
    const layer = { name: 'Conv + Relu', sources: [...relu.source, ...maker.source] };
    expect(lostTensors(optimized, ranges, [layer])).toEqual([
      { tensor: inside, inside: 'Conv + Relu' },
      { tensor: 'of another model', inside: null },
    ]);
  });
});

describe('noise of outputs', () => {
  const t = (...x: number[]): Tensor => ({
    dtype: 'float32',
    shape: [x.length],
    bytes: new Uint8Array(Float32Array.from(x).buffer),
  });

  it('gives the cosine of the worst output', () => {
    const { cosine } = noiseOf([{ a: t(1000, 0), b: t(1, 0) }], [{ a: t(1000, 0), b: t(0, 1) }]);
    expect(cosine).toBe(0);
  });

  it('counts infinities on one side as the worst, on both sides as equal', () => {
    expect(noiseOf([{ a: t(1, 2) }], [{ a: t(1, Number.POSITIVE_INFINITY) }])).toMatchObject({
      cosine: 0,
      sqnr: Number.NEGATIVE_INFINITY,
    });
    const both = t(1, Number.NEGATIVE_INFINITY);
    expect(noiseOf([{ a: both }], [{ a: both }])).toMatchObject({ cosine: 1, sqnr: Number.POSITIVE_INFINITY });
  });
});
