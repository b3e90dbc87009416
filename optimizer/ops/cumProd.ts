import { count, typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'CumProd',
  category: 'other',
  since: [26],
  attrs: { exclusive: { type: 'int', default: 0 }, reverse: { type: 'int', default: 0 } },
  inputs: [2, 2],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [typeAt(ctx, 0)] }),
  flops: (_node, inputs) => count(inputs[0]!),
});
