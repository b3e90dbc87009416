import { typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'ReverseSequence',
  category: 'other',
  since: [10, 28],
  attrs: { batch_axis: { type: 'int', default: 1 }, time_axis: { type: 'int', default: 0 } },
  inputs: [2, 2],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [typeAt(ctx, 0)] }),
  flops: () => 0,
});
