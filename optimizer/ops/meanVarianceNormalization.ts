import { count, typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'MeanVarianceNormalization',
  category: 'normalization',
  since: [9, 13],
  attrs: { axes: { type: 'ints', default: [0, 2, 3] } },
  inputs: [1, 1],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [typeAt(ctx, 0)] }),
  flops: (_node, inputs) => 6 * count(inputs[0]!),
});
