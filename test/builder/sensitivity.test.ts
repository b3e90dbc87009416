import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../optimizer/builder/calibrate.ts';
import { feedOf, inputSpecs } from '../../optimizer/builder/feed.ts';
import { randomTensor, seededRandom } from '../../optimizer/builder/randomInputs.ts';
import {
  type LayerSensitivity,
  measureSensitivity,
  mixedPrecision,
  type SensitivityReport,
} from '../../optimizer/builder/sensitivity.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { minMax } from '../../optimizer/calibration/algorithms/minMax.ts';
import { writeNpy } from '../../optimizer/calibration/data/npy.ts';
import { openData } from '../../optimizer/calibration/data/open.ts';
import { Ranges } from '../../optimizer/calibration/rangeTable.ts';
import { ROOT, testRuntime } from '../networks/check.ts';

describe('sensitivity', () => {
  it('ranks the INT8 layers of a real network by the noise that each alone makes', async () => {
    const runtime = testRuntime();
    const model = await openModel(join(ROOT, 'assets/models/tiny-resnet.onnx'));
    const optimized = optimizeModel(model, runtime);
    const [spec] = inputSpecs(optimized.graph);
    const random = seededRandom(3);
    const samples = Array.from({ length: 4 }, () => ({
      [spec!.name]: randomTensor('float32', spec!.shape as number[], random),
    }));
    const dir = mkdtempSync(join(tmpdir(), 'sinter-samples-'));
    try {
      samples.forEach((s, i) => writeNpy(join(dir, `${i}.npy`), s[spec!.name]!));
      const source = await openData(dir, feedOf(inputSpecs(optimized.graph)).inputs);
      const { table } = await calibrate(optimized, { runtime, threads: 1, source, algorithm: minMax });
      await source.close();
      const report = await measureSensitivity(optimized, { runtime, threads: 1, ranges: new Ranges(table), samples });
      expect(report.layers.length).toBeGreaterThan(3);
      expect(report.all.cosine).toBeGreaterThan(0.98);
      for (const l of report.layers) {
        // One layer alone is never much worse than all of them together, and quantizing it does change the output.
        expect(l.sqnr).toBeGreaterThan(report.all.sqnr - 3);
        expect(Number.isFinite(l.sqnr)).toBe(true);
        expect(l.fp32).toBeGreaterThan(0);
      }
      const sqnr = report.layers.map((l) => l.sqnr);
      expect(sqnr).toEqual([...sqnr].sort((a, b) => a - b));
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

describe('mixed precision', () => {
  const layer = (name: string, lossPerMicrosecond: number): LayerSensitivity => ({
    name,
    sources: [name],
    tactic: 's8',
    sqnr: 30,
    cosine: 1,
    fp32: 2000,
    int8: 1000,
    lossPerMicrosecond,
  });
  const report: SensitivityReport = {
    layers: ['a', 'b', 'c', 'd', 'e'].map((n, i) => layer(n, 5 - i)),
    planLayers: [],
    all: { sqnr: 20, cosine: 1, fp32: 1, int8: 1 },
  };

  it('pins nothing when everything in INT8 keeps the budget', async () => {
    expect(await mixedPrecision(report, async () => true)).toEqual([]);
  });

  it('keeps the cheapest layers in INT8 up to the budget', async () => {
    // The budget allows three INT8 layers: the three that lose least are e, d, c.
    expect((await mixedPrecision(report, async (fp32) => fp32.length >= 2)).sort()).toEqual(['a', 'b']);
  });

  it('leaves out the one layer that breaks the budget, and goes on behind it', async () => {
    expect(await mixedPrecision(report, async (fp32) => fp32.includes('d'))).toEqual(['d']);
    const both = await mixedPrecision(report, async (fp32) => fp32.includes('d') && fp32.includes('a'));
    expect(both.sort()).toEqual(['a', 'd']);
  });

  it('pins every layer when none is affordable', async () => {
    expect((await mixedPrecision(report, async (fp32) => fp32.length === 5)).sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});
