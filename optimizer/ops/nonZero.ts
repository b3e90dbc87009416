import { typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'NonZero',
  category: 'other',
  since: [9, 13],
  attrs: {},
  inputs: [1, 1],
  outputs: [1, 1],
  infer: (ctx) => ({
    types: [{ dtype: 'int64', shape: [typeAt(ctx, 0).shape?.length ?? ctx.fresh('rank'), ctx.fresh('found')] }],
  }),
  flops: () => 0,
});
