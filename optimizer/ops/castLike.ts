import { dtypeOf, typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'CastLike',
  category: 'elementwise',
  since: [15, 19, 21, 23],
  attrs: { saturate: { type: 'int', default: 1 }, round_mode: { type: 'string', default: 'up' } },
  inputs: [2, 2],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [{ dtype: dtypeOf(ctx, 1), shape: typeAt(ctx, 0).shape }], data: [ctx.data(0)] }),
  flops: () => 0,
});
