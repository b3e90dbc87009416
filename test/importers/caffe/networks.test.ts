import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModel } from '../../../optimizer/builder/session.ts';
import type { Net } from '../../support/caffe/net.ts';
import { runCaffe } from '../../support/caffe/oracle.ts';
import { caffeNet, fcn, googleNet, lstmNet, mobileNetSsd, resNet50, squeezeNet } from '../../support/caffe/zoo.ts';
import { runModel } from '../../support/engine.ts';
import { hasOpenCv, runOpenCv } from '../../support/oracles/opencv.ts';
import { type Dense, dense, seeded } from '../../support/tensor.ts';
import { asDense, asTensor, worst } from '../compare.ts';
import { scratch } from '../make.ts';

const folder = scratch();
const opencv = hasOpenCv();

function inputsOf(net: Net): Record<string, Dense> {
  const next = seeded(3);
  return Object.fromEntries(
    Object.entries(net.inputs).map(([name, shape]) => {
      const t = dense('float32', shape);
      const fill = (): number => {
        if (name === 'words') return Math.floor((next() + 1) * 10);
        return name === 'cont' ? Number(next() > -0.5) : Math.fround(next());
      };
      return [name, { ...t, data: t.data.map(fill) }];
    }),
  );
}

/** Channel counts divided by 4; the layers and their geometry are the published ones. */
const NETWORKS: [string, () => Net][] = [
  ['CaffeNet', () => caffeNet(4)],
  ['GoogLeNet', () => googleNet(4)],
  ['SqueezeNet 1.1', () => squeezeNet(4)],
  ['ResNet-50', () => resNet50(4)],
  ['MobileNet-SSD-shaped detector', () => mobileNetSsd(2)],
  ['FCN with Deconvolution and Crop', () => fcn(4)],
  ['LSTM network', lstmNet],
];

/** OpenCV gives as many rows as it detects, its classes in any order; equal scores may change places. */
function expectSameDetections(want: Dense, other: Dense): void {
  const rows = (t: Dense): number[][] =>
    Array.from({ length: t.shape[2]! }, (_, r) => [...t.data.slice(r * 7, r * 7 + 7)]).filter((r) => r[0]! >= 0);
  const theirs = rows(other);
  expect(theirs.length).toBe(rows(want).length);
  for (const row of rows(want)) {
    const near = theirs.some((r) => r.every((v, k) => Math.abs(v - row[k]!) < 1e-3));
    expect(near, `${row.join(' ')} is among OpenCV's detections`).toBe(true);
  }
}

describe('Caffe networks in their own formats', () => {
  it.each(NETWORKS)('%s gives what the plain reference gives', async (_name, make) => {
    const net = make();
    const dir = join(folder, net.name);
    mkdirSync(dir);
    const model = await openModel(net.write(dir));
    expect(model.unsupported).toEqual([]);
    expect(model.warnings).toEqual([]);
    const given = inputsOf(net);
    const want = runCaffe(net, given);
    const inputs = Object.fromEntries(Object.entries(given).map(([name, t]) => [name, asTensor(t)]));
    const outputs = model.outputs.map((o) => o.name);
    expect(outputs).toEqual([net.layers.at(-1)!.top[0]]);
    // A detector that finds nothing, or everything, would prove little.
    const rows = want.detection_out?.data.filter((_, i) => i % 7 === 1) ?? [];
    if (rows.length > 0) expect(new Set(rows).size).toBeGreaterThan(2);
    for (const passes of [true, false]) {
      const got = await runModel(model, inputs, passes);
      for (const o of outputs) expect(worst(want[o]!, asDense(got[o]!)), `${o}, passes ${passes}`).toBeLessThan(1e-4);
    }
    // OpenCV starts every sequence from zero.
    if (!opencv || net.name === 'lstm') return;
    const files = [join(dir, `${net.name}.prototxt`), join(dir, `${net.name}.caffemodel`)];
    const theirs = runOpenCv('caffe', files, inputs, outputs);
    outputs.forEach((o, i) => {
      const other = asDense(theirs[i]!);
      if (o === 'detection_out') expectSameDetections(want[o]!, other);
      else expect(worst(want[o]!, other), `${o} of OpenCV`).toBeLessThan(1e-3);
    });
  });
});
