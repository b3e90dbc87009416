import { count, typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'RMSNormalization',
  category: 'normalization',
  since: [23],
  attrs: {
    axis: { type: 'int', default: -1 },
    epsilon: { type: 'float', default: Math.fround(1e-5) },
    stash_type: { type: 'int', default: 1 },
  },
  inputs: [2, 2],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [typeAt(ctx, 0)] }),
  flops: (_node, inputs) => 5 * count(inputs[0]!),
});
