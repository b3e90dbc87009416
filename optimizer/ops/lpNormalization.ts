import { count, typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'LpNormalization',
  category: 'normalization',
  since: [1, 22],
  attrs: { axis: { type: 'int', default: -1 }, p: { type: 'int', default: 2 } },
  inputs: [1, 1],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [typeAt(ctx, 0)] }),
  flops: (_node, inputs) => 4 * count(inputs[0]!),
});
