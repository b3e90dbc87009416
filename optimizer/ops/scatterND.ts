import { typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'ScatterND',
  category: 'other',
  since: [11, 13, 16, 18],
  attrs: { reduction: { type: 'string', default: 'none' } },
  inputs: [3, 3],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [typeAt(ctx, 0)] }),
  flops: () => 0,
});
