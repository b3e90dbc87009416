import { typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'TensorScatter',
  category: 'other',
  since: [24],
  attrs: { axis: { type: 'int', default: -2 }, mode: { type: 'string', default: 'linear' } },
  inputs: [2, 3],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [typeAt(ctx, 0)] }),
  flops: () => 0,
});
