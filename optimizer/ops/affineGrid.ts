import { dtypeOf, knownLength, shapeOfRank } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'AffineGrid',
  category: 'other',
  since: [20],
  attrs: { align_corners: { type: 'int', default: 0 } },
  inputs: [2, 2],
  outputs: [1, 1],
  infer(ctx) {
    const theta = shapeOfRank(ctx, 0, 3);
    const size = ctx.data(1) ?? Array.from({ length: knownLength(ctx, 1) ?? 4 }, (_, i) => ctx.fresh(`${i}`));
    return { types: [{ dtype: dtypeOf(ctx, 0), shape: [theta[0]!, ...size.slice(2), size.length - 2] }] };
  },
});
