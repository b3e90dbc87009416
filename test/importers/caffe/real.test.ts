import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { randomTensor, seededRandom } from '../../../optimizer/builder/randomInputs.ts';
import { openModel } from '../../../optimizer/builder/session.ts';
import { difference } from '../../../optimizer/engine/summary.ts';
import { ROOT } from '../../networks/check.ts';
import { runModel } from '../../support/engine.ts';
import { hasOpenCv, runOpenCv } from '../../support/oracles/opencv.ts';

// Trained networks that are not part of the repository; see docs/frameworks.md.
const folder = [
  join(ROOT, 'shared/models/caffe'),
  join(ROOT, '../shared/models/caffe'),
  join(ROOT, '../../shared/models/caffe'),
].find((d) => existsSync(d));
const missing = !folder ? 'shared/models/caffe is not here' : !hasOpenCv() ? 'python3-opencv is not installed' : '';
if (missing) console.warn(`SKIPPED: real Caffe networks against OpenCV: ${missing}`);

describe.skipIf(missing)('real Caffe networks give what OpenCV gives', () => {
  it.each([
    ['mtcnn_det1', { data: [1, 3, 12, 12] }],
    ['mtcnn_det1', { data: [1, 3, 61, 47] }],
    ['mtcnn_det2', {}],
    ['mtcnn_det3', {}],
    ['lenet', {}],
    ['lenet', { data: [3, 1, 28, 28] }],
  ] as [string, Record<string, number[]>][])('%s %j', async (name, shapes) => {
    const file = join(folder!, `${name}.prototxt`);
    const model = await openModel(file, { shapes });
    expect(model.unsupported).toEqual([]);
    const random = seededRandom(5);
    const inputs = Object.fromEntries(
      model.inputs.map((i) => [i.name, randomTensor(i.type.dtype, i.type.shape as number[], random)]),
    );
    const outputs = model.outputs.map((o) => o.name);
    const want = runOpenCv('caffe', [file, file.replace('.prototxt', '.caffemodel')], inputs, outputs);
    for (const passes of [false, true]) {
      const got = await runModel(model, inputs, passes);
      outputs.forEach((o, i) => {
        const d = difference(want[i]!, got[o]!);
        expect(d.mismatched).toBe(0);
        expect(d.maxRel, `${o}, passes ${passes}`).toBeLessThan(1e-3);
      });
    }
  });
});
