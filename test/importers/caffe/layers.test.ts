import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModel } from '../../../optimizer/builder/session.ts';
import { Net, type Params } from '../../support/caffe/net.ts';
import { runCaffe } from '../../support/caffe/oracle.ts';
import { runModel } from '../../support/engine.ts';
import { type Dense, dense, seeded } from '../../support/tensor.ts';
import { asDense, asTensor, worst } from '../compare.ts';
import { scratch } from '../make.ts';

const folder = scratch();
let count = 0;

interface Case {
  readonly type: string;
  readonly params: Record<string, Params>;
  /** Shapes of the bottoms; one of [2, 6, 7, 9] by default. */
  readonly bottoms?: readonly (readonly number[])[];
  /** Shapes of the blobs. */
  readonly blobs?: readonly (readonly number[])[];
  readonly tops?: number;
  /** Input range. */
  readonly low?: number;
  readonly high?: number;
}

const one = (type: string, params: Record<string, Params> = {}, rest: Partial<Case> = {}): Case => ({
  type,
  params,
  ...rest,
});
const conv = (p: Params, blobs: readonly (readonly number[])[], rest: Partial<Case> = {}): Case =>
  one('Convolution', { convolution_param: p }, { blobs, ...rest });
const pool = (p: Params, rest: Partial<Case> = {}): Case => one('Pooling', { pooling_param: p }, rest);

const CASES: Case[] = [
  conv({ num_output: 4, kernel_size: [3], stride: [2], pad: [1] }, [[4, 6, 3, 3], [4]]),
  conv({ num_output: 4, kernel_h: 3, kernel_w: 1, pad_h: 1, pad_w: 2, stride_h: 2, stride_w: 1, bias_term: false }, [
    [4, 6, 3, 1],
  ]),
  conv({ num_output: 6, kernel_size: [3], dilation: [2], group: 3 }, [[6, 2, 3, 3], [6]]),
  conv({ num_output: 6, kernel_size: [3], pad: [1], group: 6 }, [[6, 1, 3, 3], [6]]),
  one(
    'Deconvolution',
    { convolution_param: { num_output: 4, kernel_size: [4], stride: [2], pad: [1] } },
    { blobs: [[6, 4, 4, 4], [4]] },
  ),
  one(
    'Deconvolution',
    { convolution_param: { num_output: 6, kernel_size: [4], stride: [2], group: 6, bias_term: false } },
    { blobs: [[6, 1, 4, 4]] },
  ),
  one('InnerProduct', { inner_product_param: { num_output: 5 } }, { blobs: [[5, 6 * 7 * 9], [5]] }),
  one(
    'InnerProduct',
    { inner_product_param: { num_output: 5, transpose: true, bias_term: false } },
    { blobs: [[6 * 7 * 9, 5]] },
  ),
  one('InnerProduct', { inner_product_param: { num_output: 5, axis: 2 } }, { blobs: [[5, 63], [5]] }),
  one('InnerProduct', { inner_product_param: { num_output: 5, axis: -1 } }, { blobs: [[5, 9], [5]] }),
  pool({ pool: 'MAX', kernel_size: 2, stride: 2 }),
  pool({ pool: 'MAX', kernel_size: 3, stride: 2, pad: 1 }),
  // The last window would start in the padding: it is dropped.
  pool({ pool: 'MAX', kernel_size: 2, stride: 2, pad: 1 }, { bottoms: [[1, 2, 5, 7]] }),
  pool({ pool: 'AVE', kernel_size: 3, stride: 2, pad: 1 }),
  pool({ pool: 'AVE', kernel_size: 3, stride: 2 }),
  pool({ pool: 'AVE', kernel_h: 2, kernel_w: 4, stride_h: 1, stride_w: 3, pad_h: 0, pad_w: 2 }),
  pool({ pool: 'MAX', kernel_size: 2, stride: 2, round_mode: 'FLOOR' }),
  pool({ pool: 'AVE', global_pooling: true }),
  pool({ pool: 'MAX', global_pooling: true }),
  pool({ pool: 'MAX', kernel_size: 2, stride: 2 }, { tops: 2 }),
  one('LRN', { lrn_param: { local_size: 3, alpha: 0.5, beta: 0.75, k: 2 } }),
  one('LRN', { lrn_param: {} }),
  one('LRN', { lrn_param: { local_size: 3, alpha: 0.5, norm_region: 'WITHIN_CHANNEL' } }),
  one('ReLU'),
  one('ReLU', { relu_param: { negative_slope: 0.25 } }),
  one('PReLU', {}, { blobs: [[6]] }),
  one('PReLU', { prelu_param: { channel_shared: true } }, { blobs: [[]] }),
  one('ELU', { elu_param: { alpha: 0.5 } }),
  one('Sigmoid'),
  one('TanH'),
  one('AbsVal'),
  one('BNLL'),
  one('Power', { power_param: { power: 2, scale: 0.5, shift: 1 } }),
  one('Power', { power_param: { power: 0.5, scale: 0.5, shift: 1 } }),
  one('Power', { power_param: { scale: 3 } }),
  one('Power', { power_param: {} }),
  one('Exp'),
  one('Exp', { exp_param: { base: 2, scale: 0.5, shift: 1 } }),
  one('Log', {}, { low: 0.1, high: 3 }),
  one('Log', { log_param: { base: 10, scale: 2, shift: 1 } }, { low: 0.1, high: 3 }),
  one('Clip', { clip_param: { min: -0.25, max: 0.5 } }),
  one('Swish', { swish_param: { beta: 2 } }),
  one('Threshold', { threshold_param: { threshold: 0.3 } }),
  one('Softmax'),
  one('Softmax', { softmax_param: { axis: 2 } }),
  one(
    'Eltwise',
    { eltwise_param: { operation: 'SUM', coeff: [1, -0.5, 2] } },
    {
      bottoms: [
        [2, 3],
        [2, 3],
        [2, 3],
      ],
    },
  ),
  one(
    'Eltwise',
    { eltwise_param: { operation: 'PROD' } },
    {
      bottoms: [
        [2, 3],
        [2, 3],
      ],
    },
  ),
  one(
    'Eltwise',
    { eltwise_param: { operation: 'MAX' } },
    {
      bottoms: [
        [2, 3],
        [2, 3],
        [2, 3],
      ],
    },
  ),
  one(
    'Concat',
    {},
    {
      bottoms: [
        [2, 3, 4],
        [2, 1, 4],
      ],
    },
  ),
  one(
    'Concat',
    { concat_param: { axis: 2 } },
    {
      bottoms: [
        [2, 3, 4],
        [2, 3, 2],
      ],
    },
  ),
  one('Slice', {}, { tops: 3 }),
  one('Slice', { slice_param: { axis: 2, slice_point: [1, 4] } }, { tops: 3 }),
  one('Split', {}, { tops: 2 }),
  one('Flatten'),
  one('Flatten', { flatten_param: { axis: 1, end_axis: 2 } }),
  one('Reshape', { reshape_param: { shape: { dim: [0, -1, 3] } } }),
  one('Reshape', { reshape_param: { shape: { dim: [3, 2] }, axis: 1, num_axes: 1 } }),
  one('Permute', { permute_param: { order: [0, 2, 3, 1] } }),
  one('Permute', { permute_param: { order: [0, 2] } }),
  one(
    'Crop',
    { crop_param: { axis: 2, offset: [1, 2] } },
    {
      bottoms: [
        [2, 6, 7, 9],
        [2, 6, 4, 5],
      ],
    },
  ),
  one('Reduction', { reduction_param: { axis: 1 } }),
  one('Reduction', { reduction_param: { operation: 'ASUM', axis: 2, coeff: 0.5 } }),
  one('Reduction', { reduction_param: { operation: 'SUMSQ', axis: 1 } }),
  one('Reduction', { reduction_param: { operation: 'MEAN', axis: 0 } }),
  one('BatchNorm', {}, { blobs: [[6], [6], [1]] }),
  one('BatchNorm', { batch_norm_param: { use_global_stats: false, eps: 0.01 } }, { blobs: [[6], [6], [1]] }),
  one('Scale', { scale_param: { bias_term: true } }, { blobs: [[6], [6]] }),
  one('Scale', { scale_param: { axis: 2, num_axes: 2 } }, { blobs: [[7, 9]] }),
  one('Scale', { scale_param: { axis: 0 } }, { bottoms: [[2, 6, 7, 9], [2]] }),
  one('Bias', {}, { blobs: [[6]] }),
  one('Dropout', { dropout_param: { dropout_ratio: 0.5 } }),
  one('ArgMax', { argmax_param: { axis: 1 } }),
  one('ArgMax', { argmax_param: { axis: 2, top_k: 2, out_max_val: true } }),
  one('ArgMax', { argmax_param: { top_k: 3 } }),
  one('ArgMax', { argmax_param: { top_k: 3, out_max_val: true } }),
  one('Tile', { tile_param: { axis: 1, tiles: 3 } }),
  one('MVN'),
  one('MVN', { mvn_param: { across_channels: true, eps: 0.01 } }),
  one('MVN', { mvn_param: { normalize_variance: false } }),
  one('Normalize', { norm_param: { across_spatial: false, channel_shared: false } }, { blobs: [[6]] }),
  one('Normalize', { norm_param: {} }, { blobs: [[1]] }),
  one(
    'RNN',
    { recurrent_param: { num_output: 4 } },
    {
      bottoms: [
        [5, 2, 3],
        [5, 2],
      ],
      blobs: [[4, 3], [4], [4, 4], [4, 4], [4]],
    },
  ),
  one(
    'LSTM',
    { recurrent_param: { num_output: 4 } },
    {
      bottoms: [
        [5, 2, 3],
        [5, 2],
      ],
      blobs: [[16, 3], [16], [16, 4]],
    },
  ),
  one(
    'LSTM',
    { recurrent_param: { num_output: 4 } },
    {
      bottoms: [
        [5, 2, 3],
        [5, 2],
        [2, 7],
      ],
      blobs: [[16, 3], [16], [16, 7], [16, 4]],
    },
  ),
];

const label = (c: Case): string =>
  `${c.type} ${JSON.stringify(Object.values(c.params)[0] ?? {})}${c.bottoms ? ` on ${c.bottoms.map((b) => b.join('×')).join(', ')}` : ''}${(c.tops ?? 1) > 1 ? ` → ${c.tops}` : ''}`;

describe('every Caffe layer gives what its definition gives', () => {
  it.each(CASES.map((c): [string, Case] => [label(c), c]))('%s', async (_name, c) => {
    const net = new Net('net');
    const random = seeded(9);
    const [low, high] = [c.low ?? -1.5, c.high ?? 1.5];
    const inputs: Record<string, Dense> = {};
    const names = (c.bottoms ?? [[2, 6, 7, 9]]).map((shape, i) => {
      const name = net.input(`x${i}`, ...shape);
      const t = dense('float32', shape);
      const isCont = (c.type === 'LSTM' || c.type === 'RNN') && i === 1;
      inputs[name] = {
        ...t,
        data: t.data.map(() =>
          isCont ? Number(random() > 0) : Math.fround(low + ((random() + 1) / 2) * (high - low)),
        ),
      };
      return name;
    });
    // Variances are positive.
    const blobs = (c.blobs ?? []).map((shape, i) => net.blob(shape, 0.5, c.type === 'BatchNorm' && i > 0 ? 1.5 : 0.1));
    const tops = Array.from({ length: c.tops ?? 1 }, (_, i) => `y${i}`);
    net.add(c.type, 'layer', names, c.params, blobs, tops);
    const dir = join(folder, `${count++}`);
    mkdirSync(dir);
    const model = await openModel(net.write(dir));
    expect(model.unsupported).toEqual([]);
    expect(model.outputs.map((o) => o.name)).toEqual(tops);
    expect([...model.graph.sources.values()].map((s) => s.op)).toEqual([c.type]);
    const want = runCaffe(net, inputs);
    const given = Object.fromEntries(Object.entries(inputs).map(([k, t]) => [k, asTensor(t)]));
    for (const passes of [true, false]) {
      const got = await runModel(model, given, passes);
      for (const t of tops) expect(worst(want[t]!, asDense(got[t]!)), `${t}, passes ${passes}`).toBeLessThan(1e-4);
    }
  });
});
