import { dtypeOf, shapeOfMinRank } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Det',
  category: 'matrix',
  since: [11, 22],
  attrs: {},
  inputs: [1, 1],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [{ dtype: dtypeOf(ctx, 0), shape: shapeOfMinRank(ctx, 0, 2).slice(0, -2) }] }),
});
