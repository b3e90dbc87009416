import { count, shapeOfMinRank, typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'LRN',
  category: 'normalization',
  since: [1, 13],
  attrs: {
    alpha: { type: 'float', default: Math.fround(1e-4) },
    beta: { type: 'float', default: 0.75 },
    bias: { type: 'float', default: 1 },
    size: { type: 'int', required: true },
  },
  inputs: [1, 1],
  outputs: [1, 1],
  infer(ctx) {
    shapeOfMinRank(ctx, 0, 2);
    return { types: [typeAt(ctx, 0)] };
  },
  flops: (node, inputs) => count(inputs[0]!) * ((node.attrs.size as number) + 12),
});
