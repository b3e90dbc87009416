import type { ValueId } from '../../../ir/graph.ts';
import type { Emitter } from '../../common/emitter.ts';
import type { ConvertNode, OpTable } from '../node.ts';
import { fromFirst, type Layout, layoutOf, toFirst } from './window.ts';

export function batchNormalize(
  e: Emitter,
  x: ValueId,
  [scale, offset, mean, variance]: readonly [ValueId, ValueId, ValueId, ValueId],
  epsilon: number,
  l: Layout,
): ValueId {
  const inputs = [toFirst(e, x, l), scale, offset, mean, variance];
  return fromFirst(e, e.node('BatchNormalization', inputs, { epsilon }), l);
}

/** In training form the batch's own statistics are used, over everything but the channels. */
const fusedBatchNorm: ConvertNode = (c) => {
  const l = layoutOf(c, c.rank());
  const epsilon = c.float('epsilon', 1e-4);
  const [x, scale, offset] = [c.in(0), c.in(1), c.in(2)];
  // The attribute's default is training; frozen graphs say otherwise.
  if (!c.bool('is_training', true)) return [batchNormalize(c.e, x, [scale, offset, c.in(3), c.in(4)], epsilon, l)];
  const channel = l.last ? l.rank - 1 : 1;
  const axes = c.e.ints(...c.shape().flatMap((_, i) => (i === channel ? [] : [i])));
  const mean = c.e.node('ReduceMean', [x, axes], { keepdims: 1 });
  const centred = c.e.node('Sub', [x, mean]);
  const variance = c.e.node('ReduceMean', [c.e.node('Mul', [centred, centred]), axes], { keepdims: 1 });
  const deviation = c.e.node('Sqrt', [c.e.node('Add', [variance, c.e.scalar(epsilon)])]);
  const shape = [-1, ...new Array<number>(l.last ? 0 : l.rank - 2).fill(1)];
  const along = (v: ValueId): ValueId => (l.last ? v : c.e.reshape(v, shape));
  const y = c.e.node('Mul', [c.e.node('Div', [centred, deviation]), along(scale)]);
  return [c.e.node('Add', [y, along(offset)])];
};

/** alpha multiplies the sum here, and the mean in our operator. */
const lrn: ConvertNode = (c) => {
  const size = 2 * c.int('depth_radius', 5) + 1;
  const l: Layout = { last: true, rank: 4 };
  const attrs = { size, alpha: c.float('alpha', 1) * size, beta: c.float('beta', 0.5), bias: c.float('bias', 1) };
  return [fromFirst(c.e, c.e.node('LRN', [toFirst(c.e, c.in(0), l)], attrs), l)];
};

/** Over the last axis. */
const softmax =
  (op: string): ConvertNode =>
  (c) => [c.e.node(op, [c.in(0)], { axis: c.rank() - 1 })];

export const NORMALIZATION: OpTable = {
  FusedBatchNorm: fusedBatchNorm,
  FusedBatchNormV2: fusedBatchNorm,
  FusedBatchNormV3: fusedBatchNorm,
  LRN: lrn,
  LogSoftmax: softmax('LogSoftmax'),
  Softmax: softmax('Softmax'),
};
