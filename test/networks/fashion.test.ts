import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { measureAccuracy } from '../../optimizer/builder/accuracy.ts';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { feedOf, inputSpecs } from '../../optimizer/builder/feed.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { openData } from '../../optimizer/calibration/data/open.ts';
import { fashionTestImages } from '../support/fashion.ts';
import { ROOT, testRuntime } from './check.ts';

/*
 * The network that scripts/training trained on Fashion-MNIST reaches the accuracy that was measured after training, on all
 * test images: the engine classifies as the training framework and ONNX Runtime do.
 */

/** Percent, as scripts/training/README.md records it. */
const RECORDED_TOP1 = 90.29;
const BATCH = 100;
const MODEL = join(ROOT, 'assets/models/fashion-cnn.onnx');

const images = fashionTestImages();

describe.skipIf(images === null)('Fashion-MNIST', () => {
  it('FP32 top-1 on the 10,000 test images is what was recorded', async () => {
    const runtime = testRuntime();
    const model = await openModel(MODEL, { shapes: { image: [BATCH, 1, 28, 28] } });
    const feed = feedOf(inputSpecs(model.graph));
    const source = await openData(images!, feed.inputs);
    const dir = mkdtempSync(join(tmpdir(), 'sinter-fashion-'));
    try {
      const path = join(dir, 'fashion.sinter');
      await buildEngine(optimizeModel(model, runtime), { runtime, threads: 2, path });
      const engine = await runtime.loadEngine(path);
      const context = engine.createContext({ threads: 2 });
      const result = await measureAccuracy({ context, source, feed, output: 'logits' });
      context.dispose();
      engine.dispose();
      expect(result.count).toBe(10_000);
      expect(result.classes).toBe(10);
      expect(Math.abs(100 * result.top1 - RECORDED_TOP1)).toBeLessThanOrEqual(0.05);
    } finally {
      await source.close();
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
