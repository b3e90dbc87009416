import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { randomTensor, seededRandom } from '../../../optimizer/builder/randomInputs.ts';
import { openModel } from '../../../optimizer/builder/session.ts';
import type { Tensor } from '../../../optimizer/runtime.ts';
import { ROOT } from '../../networks/check.ts';
import { runModel } from '../../support/engine.ts';
import { hasOpenCv, runOpenCv } from '../../support/oracles/opencv.ts';
import { type Dense, dense } from '../../support/tensor.ts';
import { asDense, asTensor, worst } from '../compare.ts';

// Frozen graphs that are not part of the repository; see docs/frameworks.md.
const folder = ['shared', '../shared', '../../shared']
  .map((d) => join(ROOT, d, 'models/tensorflow'))
  .find((d) => existsSync(d));
const missing = !folder
  ? 'shared/models/tensorflow is not here'
  : !hasOpenCv()
    ? 'python3-opencv is not installed'
    : '';
if (missing) console.warn(`SKIPPED: real TensorFlow graphs against OpenCV: ${missing}`);

const LSTM = [
  -5.150216, -1.422279, 2.797892, -3.874604, -3.819637, 9.544683, -3.880177, -5.474934, 2.046133, -5.306011,
];

const input = (): Dense => asDense(randomTensor('float32', [1, 784], seededRandom(5)));

describe.skipIf(!folder)('real TensorFlow graphs', () => {
  it.skipIf(!hasOpenCv()).each(['t2o_fc-layers', 't2o_ae0'])('%s gives what OpenCV gives', async (name) => {
    const file = join(folder!, `${name}.pb`);
    const model = await openModel(file, { shapes: { X: [1, 784] } });
    expect(model.unsupported).toEqual([]);
    const inputs = { X: asTensor(input()) };
    const [want] = runOpenCv('tf', [file], inputs, []);
    for (const passes of [true, false]) {
      const got = await runModel(model, inputs, passes);
      expect(worst(asDense(want!), asDense(got.output!)), `passes ${passes}`).toBeLessThan(1e-3);
    }
  });
  // OpenCV cannot open this one; the numbers are TensorFlow 2.21's for the same input.
  it('t2o_lstm gives what TensorFlow gives, its dropout keeping everything', async () => {
    const model = await openModel(join(folder!, 't2o_lstm.pb'), { shapes: { X: [1, 784], keep_prob: [] } });
    expect(model.unsupported).toEqual([]);
    expect(model.warnings[0]).toContain('dropout');
    const inputs = { X: asTensor(input()), keep_prob: asTensor(dense('float32', [], [1])) };
    for (const passes of [true, false]) {
      const got = await runModel(model, inputs, passes);
      expect(worst(dense('float32', [1, 10], LSTM), asDense(got.output!)), `passes ${passes}`).toBeLessThan(1e-4);
    }
  });
  it('rust_addition adds', async () => {
    const model = await openModel(join(folder!, 'rust_addition.pb'));
    const n = (v: number): Tensor => asTensor(dense('int32', [], [v]));
    const got = await runModel(model, { x: n(40), y: n(2) });
    expect([...asDense(got.z!).data]).toEqual([42]);
  });
});
