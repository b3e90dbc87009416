import { count, typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'DynamicQuantizeLinear',
  category: 'elementwise',
  since: [11],
  attrs: {},
  inputs: [1, 1],
  outputs: [3, 3],
  infer: (ctx) => ({
    types: [
      { dtype: 'uint8', shape: typeAt(ctx, 0).shape },
      { dtype: 'float32', shape: [] },
      { dtype: 'uint8', shape: [] },
    ],
  }),
  flops: (_node, inputs) => 4 * count(inputs[0]!),
});
