import { dtypeOf, typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'GatherElements',
  category: 'other',
  since: [11, 13],
  attrs: { axis: { type: 'int', default: 0 } },
  inputs: [2, 2],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [{ dtype: dtypeOf(ctx, 0), shape: typeAt(ctx, 1).shape }] }),
  flops: () => 0,
});
