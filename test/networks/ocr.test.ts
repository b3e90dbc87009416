import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cosineBudget } from '../../optimizer/builder/budgets.ts';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { calibrate } from '../../optimizer/builder/calibrate.ts';
import { precisionPolicy } from '../../optimizer/builder/precision.ts';
import { searchPrecision } from '../../optimizer/builder/precisionSearch.ts';
import { seededRandom } from '../../optimizer/builder/randomInputs.ts';
import { type Inputs, noiseOf } from '../../optimizer/builder/sensitivity.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { meanSquaredError } from '../../optimizer/calibration/algorithms/meanSquaredError.ts';
import type { SampleSource } from '../../optimizer/calibration/data/source.ts';
import { Ranges } from '../../optimizer/calibration/rangeTable.ts';
import type { Tensor } from '../../optimizer/runtime.ts';
import { modelDir } from '../bench/models.ts';
import { ortSession, runOrt } from '../bench/ort.ts';
import { textPage } from '../support/textPage.ts';
import { ROOT, testRuntime } from './check.ts';

/*
 * Really trained networks whose activations (HardSwish, scales of squeeze-and-excitation) are hard on INT8: with everything
 * in INT8 some are useless. The automatic choice has to find what must stay out.
 */

/** With the pages that the budget is measured on: a choice of two classes says little about each page. */
const NETWORKS = [
  ['ocr_cls', [1, 3, 48, 192], 32, 0.98],
  ['ocr_det', [1, 3, 160, 160], 8, 0.96],
  ['ocr_rec', [1, 3, 48, 320], 8, 0.98],
] as const;

const memory = (samples: readonly Inputs[]): SampleSource => ({
  description: 'text pages',
  fingerprint: 'text pages',
  length: samples.length,
  labelled: false,
  read: async (i) => ({ id: `page ${i}`, inputs: samples[i]! }),
  close: async () => {},
});

describe('mixed precision of trained networks', () => {
  beforeAll(() => {
    if (!NETWORKS.every(([name]) => existsSync(join(modelDir(), `${name}.onnx`))))
      execFileSync(process.execPath, [join(ROOT, 'scripts/fetch-models.mjs')], { stdio: 'pipe' });
  }, 300_000);

  it.each(NETWORKS)(
    '%s keeps its budget, and stays near ONNX Runtime on pages that the choice never saw',
    async (name, shape, count, least) => {
      const runtime = testRuntime();
      const path = join(modelDir(), `${name}.onnx`);
      const optimized = optimizeModel(await openModel(path, { shapes: { x: shape } }), runtime);
      const random = seededRandom(5);
      const pages = (n: number) => Array.from({ length: n }, (): Inputs => ({ x: textPage(shape, random) }));
      const [calibration, samples, unseen] = [pages(16), pages(count), pages(8)];

      const source = memory(calibration);
      const { table } = await calibrate(optimized, { runtime, threads: 1, source, algorithm: meanSquaredError });
      const ranges = new Ranges(table);
      const common = { runtime, threads: 1, ranges, samples };
      const budget = cosineBudget(optimized, common, 0.998);
      const permitted = ['int8'] as const;
      const choice = await searchPrecision(optimized, { ...common, permitted, budget });
      expect(choice.score).toBeGreaterThanOrEqual(0.998);
      // With everything in INT8 text detection is lost.
      if (name === 'ocr_det') expect(choice.kept.length).toBeGreaterThan(0);
      for (const k of choice.kept) expect(k.reason).not.toBe('');

      const dir = mkdtempSync(join(tmpdir(), 'sinter-ocr-'));
      try {
        // The pins alone build the same plan again, as a user would from the printed line.
        const precision = precisionPolicy(optimized.graph, ranges, choice.pins, choice.permitted);
        const engineFile = join(dir, 'mixed.sinter');
        const report = await buildEngine(optimized, { runtime, threads: 1, path: engineFile, precision });
        const int8 = report.layers.filter((l) => l.stored === 'int8').length;
        expect(int8).toBeGreaterThanOrEqual(10);

        const engine = await runtime.loadEngine(engineFile);
        const context = engine.createContext({ threads: 1 });
        const session = await ortSession(path, 1);
        const want: Record<string, Tensor>[] = [];
        const got: Record<string, Tensor>[] = [];
        for (const page of unseen) {
          want.push(await runOrt(session, page));
          got.push(await context.run(page));
        }
        await session.release();
        context.dispose();
        engine.dispose();
        // Pages differ: a choice on a few of them promises less for others (docs/benchmarks.md).
        expect(noiseOf(want, got).cosine).toBeGreaterThanOrEqual(least);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
    300_000,
  );
});
