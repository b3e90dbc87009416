import type { ValueId } from '../../../ir/graph.ts';
import { toNumbers } from '../../../ir/tensor.ts';
import type { Emitter } from '../../common/emitter.ts';
import type { ConvertLayer, LayerContext, LayerTable } from '../layer.ts';

const WITHIN_CHANNEL = 1;

const lrn: ConvertLayer = (c) => {
  const p = c.settings('lrn_param');
  const [size, alpha, beta, k] = [p.local_size, p.alpha, p.beta, p.k] as number[] as [number, number, number, number];
  if (p.norm_region !== WITHIN_CHANNEL) return [c.e.node('LRN', [c.bottom()], { size, alpha, beta, bias: k })];
  // x · (1 + alpha · mean of squares in a window)^−beta; the window counts its padding, k is not used here.
  const pad = (size - 1) / 2;
  const square = c.e.node('Mul', [c.bottom(), c.bottom()]);
  const mean = c.e.node('AveragePool', [square], {
    kernel_shape: [size, size],
    strides: [1, 1],
    pads: [pad, pad, pad, pad],
    count_include_pad: 1,
  });
  const base = c.e.node('Add', [c.e.node('Mul', [mean, c.e.scalar(alpha)]), c.e.scalar(1)]);
  return [c.e.node('Mul', [c.bottom(), c.e.node('Pow', [base, c.e.scalar(-beta)])])];
};

const perChannel = (c: LayerContext, size: number, x: number): ValueId =>
  c.e.constant('float32', [size], new Array<number>(size).fill(x));

/** Mean and variance are stored times a factor that the third blob holds; without stored ones the batch's own are used. */
const batchNorm: ConvertLayer = (c) => {
  const p = c.settings('batch_norm_param');
  const eps = p.eps as number;
  const axes = c.shape().flatMap((_, i) => (i === 1 ? [] : [i]));
  if (Object.hasOwn(p, 'use_global_stats') && p.use_global_stats === false) {
    const { centred, variance } = moments(c.e, c.bottom(), axes);
    const deviation = c.e.node('Sqrt', [c.e.node('Add', [variance, c.e.scalar(eps)])]);
    return [c.e.node('Div', [centred, deviation])];
  }
  const channels = c.shape().length === 1 ? 1 : c.length(1);
  const sum = toNumbers(c.numbers(2, [1]))[0]!;
  const factor = sum === 0 ? 0 : Math.fround(1 / sum);
  const scaled = (i: number): ValueId =>
    c.e.constant(
      'float32',
      [channels],
      toNumbers(c.numbers(i, [channels])).map((x) => Math.fround(x * factor)),
    );
  const inputs = [c.bottom(), perChannel(c, channels, 1), perChannel(c, channels, 0), scaled(0), scaled(1)];
  return [c.e.node('BatchNormalization', inputs, { epsilon: eps })];
};

/** x less its mean, and its variance, over the given axes. */
function moments(e: Emitter, x: ValueId, axes: readonly number[]): { centred: ValueId; variance: ValueId } {
  const over = e.ints(...axes);
  const centred = e.node('Sub', [x, e.node('ReduceMean', [x, over], { keepdims: 1 })]);
  const variance = e.node('ReduceMean', [e.node('Mul', [centred, centred]), over], { keepdims: 1 });
  return { centred, variance };
}

/** Here eps is added to the deviation, not to the variance. */
const mvn: ConvertLayer = (c) => {
  const p = c.settings('mvn_param');
  const from = p.across_channels === true ? 1 : 2;
  const axes = c.shape().flatMap((_, i) => (i >= from ? [i] : []));
  const { centred, variance } = moments(c.e, c.bottom(), axes);
  if (p.normalize_variance === false) return [centred];
  const deviation = c.e.node('Add', [c.e.node('Sqrt', [variance]), c.e.scalar(p.eps as number)]);
  return [c.e.node('Div', [centred, deviation])];
};

/** SSD's L2 normalization with a learned scale: per position over channels, or over everything. */
const normalize: ConvertLayer = (c) => {
  const p = c.settings('norm_param');
  const axes = p.across_spatial === true ? c.shape().flatMap((_, i) => (i > 0 ? [i] : [])) : [1];
  const sum = c.e.node('ReduceSumSquare', [c.bottom(), c.e.ints(...axes)], { keepdims: 1 });
  const norm = c.e.node('Sqrt', [c.e.node('Add', [sum, c.e.scalar(p.eps as number)])]);
  const ones = new Array<number>(c.shape().length - 2).fill(1);
  const shared = p.channel_shared === true;
  const scale = shared
    ? c.blob(0, c.blobDims(0)?.length === 0 ? [] : [1], [1])
    : c.blob(0, [c.length(1)], [c.length(1), ...ones]);
  return [c.e.node('Mul', [c.e.node('Div', [c.bottom(), norm]), scale])];
};

export const NORMALIZATION: LayerTable = { BatchNorm: batchNorm, LRN: lrn, MVN: mvn, Normalize: normalize };
